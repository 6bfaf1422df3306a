"""Enough of the shell's grammar to see which commands a command line runs, and to which files output goes."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.session.files.command_table import CommandTable, command_table

HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n(?:.*?\n)??\s*(?:\2(?=\W|$)|\Z)", re.DOTALL)
UNENDED = re.compile(r"<<-?\s*(['\"]?)\w+\1([^\n]*)\n.*\Z", re.DOTALL)  # the command was cut
ASSIGNMENT = re.compile(r"\w+\+?=")
OPERATORS = "();<>|&\n"
NUMBERS = (["1"], ["2"])  # of streams
STREAMS = ("1", "2", "-")  # what output may be sent to by number
NUMBER = re.compile(r"\d+(?:\.\d+)?[smhd]?$")
NUMBERED = re.compile(r"(python|pip|ruby|php)[\d.]+$")  # programs that are installed by version
INSIDE = re.compile(r"\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)")  # what is run to make a word
COMMAND_OPTION = re.compile(r"-[a-zA-Z]*c$")
WORDS_ONLY = frozenset(["case", "done", "esac", "fi", "for", "function", "in", "select", "}"])
DEEPEST = 5  # commands inside of commands that are looked at


@dataclass(frozen=True, slots=True)
class Shell:
    """The commands of a line, each a list of words, and the files to which output goes."""

    parts: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...]


def commands_in(line: str, depth: int = 0) -> Shell:
    """Return every command that a line runs: without what runs it (sudo, env, xargs), and those inside of words."""
    outer = parse_shell(line)
    if depth > DEEPEST:
        return outer
    parts: list[tuple[str, ...]] = []
    targets = list(outer.targets)
    for raw in outer.parts:
        told = unwrapped(raw, command_table())
        inner = [found for word in raw for found in INSIDE.findall(word)]
        line_inside = _line_inside(told, command_table())
        for text in (*inner, *(() if line_inside is None else (line_inside,))):
            inside = commands_in(text, depth + 1)
            parts += inside.parts
            targets += inside.targets
        if told and line_inside is None:
            parts.append(told)
    return Shell(tuple(parts), tuple(targets))


def _line_inside(words: Sequence[str], table: CommandTable) -> str | None:
    """Return the command line that a shell, or another machine's, is given."""
    if words and words[0] in table.joined:
        return " ".join(words[1:])
    if words and words[0] in table.shells:
        behind = (text for option, text in itertools.pairwise(words) if COMMAND_OPTION.match(option))
        return next(behind, None)
    return None


def unwrapped(words: Sequence[str], table: CommandTable) -> tuple[str, ...]:
    """Return the command itself: without what stands before it, and without the folder of its program."""
    rest = list(words)
    while rest:
        if ASSIGNMENT.match(rest[0]) or rest[0] in WORDS_ONLY:
            return unwrapped(rest[1:], table) if ASSIGNMENT.match(rest[0]) else ()
        rest[0] = NUMBERED.sub(r"\1", rest[0].rpartition("/")[2] or rest[0])
        wrapper = next((key for n in (3, 2, 1) if (key := tuple(rest[:n])) in table.wrappers), None)
        if wrapper is None:
            return () if rest[0].startswith("#") else tuple(rest)
        rest = _behind(rest[len(wrapper) :], table.wrappers[wrapper], places=wrapper in table.places)
        if " ".join(wrapper) in table.joined:
            return (wrapper[0], *rest)
    return ()


def _behind(rest: list[str], valued: frozenset[str], *, places: bool) -> list[str]:
    """Return what follows a wrapper's own options, their values, its numbers, and where it is to run."""
    while rest and (rest[0].startswith("-") or NUMBER.match(rest[0])):
        rest = rest[2:] if rest[0] in valued else rest[1:]
    if places:
        rest = rest[1:]
    return rest[1:] if rest[:1] == ["--"] else rest


def parse_shell(command: str) -> Shell:
    """Split a command at what separates commands, outside quotes; one that was cut is read as far as it goes."""
    text = UNENDED.sub(r"\2", HEREDOC.sub(r"\3", command.replace("\\\n", " ")))
    parts: list[tuple[str, ...]] = []
    words: list[str] = []
    targets: list[str] = []
    to_file = False
    for token in _tokens(text):
        if not set(token) <= set(OPERATORS):
            if not to_file:
                words.append(token)
            elif token not in STREAMS and not token.startswith("/dev/"):
                targets.append(token)
            to_file = False
            continue
        to_file = ">" in token
        if to_file and words[-1:] in NUMBERS:  # the 2 of 2>&1
            words.pop()
        if not to_file and ("<" not in token or "(" in token):
            parts.append(tuple(words))
            words = []
    parts.append(tuple(words))
    return Shell(tuple(p for p in parts if p), tuple(targets))


def _tokens(text: str) -> Iterator[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=OPERATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        yield from lexer
    except ValueError:  # a quote without end
        return

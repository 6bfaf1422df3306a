"""Which shell commands only look: enough of the shell's grammar to apply a table of them to compound commands.

What is not in the table counts as a change: it is not known what it does.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from forensics.session.files.looking import (
    ASKS,
    ASKS_ONLY,
    BARE,
    BEFORE,
    CALLS_OF_AN_API,
    CHANGES,
    CHECKS,
    DATABASES,
    DOES,
    EDITORS,
    GIT_OPTIONS_WITH_VALUE,
    LISTINGS,
    LOOKING_PARTS,
    LOOKING_VERBS,
    LOOKS,
    NOUNS_ALONE,
    SHELLS,
    STATEMENT_AFTER,
    WORDS_ONLY,
)

HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n(?:.*?\n)??\s*(?:\2(?=\W|$)|\Z)", re.DOTALL)
UNENDED = re.compile(r"<<-?\s*(['\"]?)\w+\1([^\n]*)\n.*\Z", re.DOTALL)  # the command was cut
ASSIGNMENT = re.compile(r"\w+\+?=")
ASKED_AT_MOST = 3  # words: "tool sub --help"
NOUNS = 4  # words within which the verb of "gcloud compute instances list" stands
OPERATORS = "();<>|&\n"
STREAMS_BEFORE = (["1"], ["2"])
STREAMS = ("1", "2", "-")  # what output may be sent to by number
NUMBER = re.compile(r"\d+[smhd]?$")


@dataclass(frozen=True, slots=True)
class Shell:
    """A command's parts, each a list of words, and the files to which output goes."""

    parts: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...]


def is_read_only(command: str) -> bool:
    """Say whether no part of a command changes anything, as far as the table knows."""
    shell = parse_shell(command)
    return not shell.targets and all(_looks(part) for part in shell.parts)


def commits(command: str) -> bool:
    """Say whether a part of a command commits to git."""
    return any(
        words[:2] == ("git", "commit") and "--dry-run" not in words
        for words in map(_plain, parse_shell(command).parts)
    )


def edits(command: str, name: str) -> bool:
    """Say whether a part of a command writes, moves or changes in place a file of this name."""
    shell = parse_shell(command)
    named = (words for words in map(_plain, shell.parts) if any(name in word for word in words[1:]))
    return any(name in target for target in shell.targets) or any(
        words[0] in EDITORS and not _looks(words) for words in named
    )


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
        if to_file and words[-1:] in STREAMS_BEFORE:  # the 2 of 2>&1
            words.pop()
        if not to_file and "<" not in token:
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


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    """Return the command itself: without what stands before it, and without git's own options."""
    rest = list(words)
    wrapped = False
    while rest:
        first = rest[0]
        skipped = ASSIGNMENT.match(first) or first in BEFORE
        wrapped |= first in BEFORE
        if not skipped and not (wrapped and (first.startswith("-") or NUMBER.match(first))):
            break
        rest.pop(0)
    if rest:
        rest[0] = rest[0].rpartition("/")[2] or rest[0]
    if rest[:1] == ["git"]:
        while len(rest) > 1 and rest[1].startswith("-") and rest[1] not in ("--version", "--help"):
            del rest[1 : 3 if rest[1] in GIT_OPTIONS_WITH_VALUE else 2]
    return tuple(rest)


def _looks(part: Sequence[str]) -> bool:
    words = _plain(part)
    if not words or words[0].startswith("#") or words[0] in WORDS_ONLY:
        return True
    name, following = words[0], words[1:]
    if name in SHELLS and following[:1] in (("-c",), ("-lc",)) and following[1:]:
        return is_read_only(following[1])
    if words[-1] in ASKS_ONLY and name not in EDITORS and len(words) <= ASKED_AT_MOST:
        return True
    if name.startswith("python") and following[:1] == ("-m",):
        name, following = following[1] if following[1:] else "", following[2:]
    changes = CHANGES.get(name)
    if changes is not None and any(changes.match(word) for word in following):
        return False
    return (
        name in LOOKS
        or name in CHECKS
        or _looking_part(name.removesuffix("3") if name == "pip3" else name, following)
    )


def _looking_part(name: str, following: Sequence[str]) -> bool:
    """Say whether a program's sub-command only looks; its own options may stand before."""
    if name in DATABASES:
        return _only_asks(following)
    named = [word for word in following if not word.startswith("-")]
    if name in CALLS_OF_AN_API and named[:1] == ["api"]:
        return True
    if any(
        word in LOOKING_PARTS.get(name, ())
        for word in (*following[:1], *named[:1], *_behind_option(following))
    ):
        return True
    listing = " ".join((name, *following[:1]))
    if listing in LISTINGS:
        return (listing in BARE and not following[1:]) or following[1:2] in {(w,) for w in LISTINGS[listing]}
    if any(word in NOUNS_ALONE.get(name, ()) for word in named[:1]):
        return True
    verbs = LOOKING_VERBS.get(name)
    return verbs is not None and any(verbs.fullmatch(word) for word in _verb(named[1:NOUNS]))


def _behind_option(following: Sequence[str]) -> Sequence[str]:
    """Return the word behind an option with a value: "kubectl -n prod get"."""
    return following[2:3] if following and following[0].startswith("-") else ()


def _verb(words: Sequence[str]) -> Sequence[str]:
    """Return the words up to the first that changes something: "instances delete list-1" is no list."""
    return tuple(takewhile(lambda word: DOES.match(word) is None, words))


def _only_asks(following: Sequence[str]) -> bool:
    """Say whether a database's client is only asked: each of its statements, and none comes from a file."""
    said = [after for before, after in pairwise(following) if before in STATEMENT_AFTER]
    if not said:
        said = [word for word in following[1:] if not word.startswith("-")]
    statements = [part for text in said for part in text.split(";") if part.strip()]
    return bool(statements) and all(ASKS.match(part) for part in statements)

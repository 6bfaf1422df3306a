"""Which shell commands only look: a table, and enough of the shell's grammar to apply it to compound commands.

What is not in the table counts as a change: it is not known what it does. Commands that only check (tests, linters)
are in it, for what they write is not work that could be lost.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOOKS = _words(
    "[ [[ : awk base64 basename bc cal cat cd cmp column comm command curl cut date df diff dirname du echo egrep env "
    "exit export expr false fd fgrep file find fold free grep head help hexdump history hostname id jobs jq less ls "
    "lsof man md5sum more netstat nl od pgrep popd printenv printf ps pushd pwd read readlink realpath return rev rg "
    "sed seq set sha1sum sha256sum shasum sleep sort source ss stat strings tac tail test top tr tree true type ulimit "
    "uname uniq unset uptime wait wc whatis whereis which whoami xxd yq"
)
CHECKS = _words("ctest eslint flake8 jest mypy pylint pyright pytest shellcheck tsc vitest")
# of these programs only some sub-commands look; of "git remote" and its like those without a further word do
LOOKING_PARTS = {
    "git": _words(
        "blame cat-file describe diff fetch for-each-ref grep help log ls-files ls-remote ls-tree merge-base reflog "
        "rev-list rev-parse shortlog show status version"
    ),
    "cargo": _words("check clippy test tree"),
    "go": _words("env list test version vet"),
    "npm": _words("list ls outdated test view"),
    "docker": _words("images inspect logs ps version"),
}
LISTINGS = {
    "git branch": _words("-a -r -v -vv --all --list --show-current"),
    "git remote": _words("-v get-url show"),
    "git stash": _words("list show"),
    "git tag": _words("-l --list"),
    "git worktree": frozenset(["list"]),
    "git config": _words("--get --get-all --list -l"),
    "npm run": _words("lint test typecheck"),
}
BARE = frozenset({"git branch", "git remote", "git tag"})  # these list when nothing follows
EDITORS = _words("cp install mv patch perl rm sed tee truncate")
# by these words a command that looks changes something
CHANGES = {
    "find": re.compile(r"-(?:delete|exec|execdir|ok|okdir|fprintf?)$"),
    "sed": re.compile(r"(?:-[a-zA-Z]*i|--in-place)"),
    "yq": re.compile(r"(?:-[a-zA-Z]*i|--inplace)"),
    "sort": re.compile(r"(?:-o|--output)"),
    "curl": re.compile(r"(?:-[a-zA-Z]*[oO]$|--output|--remote-name)"),
    "eslint": re.compile(r"--fix"),
}
BEFORE = _words("! do elif else if nice nohup stdbuf sudo then time timeout until while xargs {")
WORDS_ONLY = _words("case done esac fi for function in select }")
ASKS_ONLY = ("--help", "--version", "-V")
GIT_OPTIONS_WITH_VALUE = frozenset(["-C", "-c", "--git-dir", "--work-tree"])

HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n(?:.*?\n)??\s*(?:\2(?=\W|$)|\Z)", re.DOTALL)
UNENDED = re.compile(r"<<-?\s*(['\"]?)\w+\1([^\n]*)\n.*\Z", re.DOTALL)  # the command was cut
ASSIGNMENT = re.compile(r"\w+\+?=")
OPERATORS = "();<>|&\n"
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
    if words[-1] in ASKS_ONLY and words[0] not in CHANGES:
        return True
    name, following = words[0], words[1:]
    changes = CHANGES.get(name)
    if changes is not None and any(changes.match(word) for word in following):
        return False
    if name in LOOKS or name in CHECKS:
        return True
    if name.startswith("python") and following[:2] in (("-m", "pytest"), ("-m", "mypy")):
        return True
    listing = " ".join(words[:2])
    if listing in LISTINGS:
        return (listing in BARE and not words[2:]) or words[2:3] in {(w,) for w in LISTINGS[listing]}
    return bool(following) and following[0] in LOOKING_PARTS.get(name, ())

"""Which shell commands only look, which commit, and which write a file: every part of a line is judged by itself.

What is not in the table (``commands.toml``) counts as a change: it is not known what it does.
"""

from __future__ import annotations

from forensics.session.files.command_table import command_table
from forensics.session.files.shell import commands_in

EDITORS = frozenset(["cp", "install", "mv", "patch", "perl", "rm", "sed", "tee", "truncate"])
GIT_VALUES = frozenset(["-C", "-c", "--git-dir", "--work-tree"])


def is_read_only(command: str) -> bool:
    """Say whether no part of a command changes anything, as far as the table knows."""
    shell = commands_in(command)
    return not shell.targets and all(map(command_table().looks_only, shell.parts))


def commits(command: str) -> bool:
    """Say whether a part of a command commits to git."""
    return any(
        words[0] == "git" and _git_verb(words[1:]) == "commit" and "--dry-run" not in words
        for words in commands_in(command).parts
    )


def _git_verb(words: tuple[str, ...]) -> str | None:
    """Return what git is asked to do, behind its own options."""
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in GIT_VALUES else 1 :]
    return words[0] if words else None


def edits(command: str, name: str) -> bool:
    """Say whether a part of a command writes, moves or changes in place a file of this name."""
    shell = commands_in(command)
    named = (words for words in shell.parts if any(name in word for word in words[1:]))
    return any(name in target for target in shell.targets) or any(
        words[0] in EDITORS and not command_table().looks_only(words) for words in named
    )

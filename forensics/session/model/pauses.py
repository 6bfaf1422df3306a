"""Calls inside which a record may stop though nothing was cut off: a person answers, or the call copies the record.

A client that asks a person waits, for as long as the person stays away: so a session is left. And a call that
copies or commits the folder that holds the logs copies them as they are while it runs: its own answer comes later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from forensics.schema import Row

ASKING = ("ExitPlanMode", "AskUserQuestion")
# of another server's tools only the name tells what they do
SENDING = re.compile(
    r"(?i)(?:^|[_\W])(?:push|deploy|upload|backup|commit|sync|archive|snapshot|publish)(?:$|[_\W])"
)
MCP = "mcp__"
OPERATOR = re.compile(r"(?:&&|\|\||[;|&\n])")
PREFIX = re.compile(r"^\s*(?:(?:sudo|env|nohup|time|command|exec)\s+|[A-Za-z_]\w*=\S*\s+)*")
GIT = re.compile(r"^git(?:\s+-[Cc]\s*\S+|\s+--?\S+)*\s+(?P<does>\S+)")
COMMITTING = ("add", "commit", "push", "bundle", "archive")
COPYING = re.compile(
    r"^(?:cp|rsync|tar|zip|7z|scp|ditto|robocopy|gsutil|rclone|docker\s+cp|kubectl\s+cp|aws\s+s3|az\s+storage|"
    r"gh\s+(?:release|gist))\b(?P<operands>.*)$"
)
WHOLE = re.compile(r"^(?:\.{1,2}/?|\./\*|\*|~/?|/|\$HOME/?|\$\{HOME\}/?|\$PWD/?|\$\(pwd\)/?)$")
LOGS = re.compile(r"(?:^|/)\.claude(?:/|$)")


class Pause(StrEnum):
    """Why nothing is cut off."""

    ASKS = "the client waits for a person's answer"
    COPIES = "the call copies files"


def pause_of(calls: Sequence[Row], folder: str | None) -> Pause | None:
    """Say why the record may stop inside these calls; null unless each of them may be so."""
    pauses = [_pause(call, folder) for call in calls]
    if not pauses or None in pauses:
        return None
    return Pause.COPIES if Pause.COPIES in pauses else Pause.ASKS


def _pause(call: Row, folder: str | None) -> Pause | None:
    tool, command = call["tool"] or "", call["command"]
    if tool in ASKING:
        return Pause.ASKS
    if tool.startswith(MCP) and SENDING.search(tool.rpartition("__")[2]):
        return Pause.COPIES
    return Pause.COPIES if command and copies_logs(command, folder) else None


def copies_logs(command: str, folder: str | None = None) -> bool:
    """Say whether a shell command copies a folder that may hold the session's own logs."""
    return any(_copies(PREFIX.sub("", part).strip(), folder) for part in OPERATOR.split(command))


def _copies(part: str, folder: str | None) -> bool:
    git = GIT.match(part)
    if git is not None:
        return git["does"] in COMMITTING
    copying = COPYING.match(part)
    if copying is None:
        return False
    operands = [word.strip("\"'") for word in copying["operands"].split() if not word.startswith("-")]
    return any(LOGS.search(word) or WHOLE.match(word) or _holds(word, folder) for word in operands)


def _holds(word: str, folder: str | None) -> bool:
    """Say whether a path is the project's folder, or one above it: the home with the client's own folder is one."""
    return folder is not None and word.startswith("/") and f"{folder}/".startswith(word.rstrip("/") + "/")


def folder_of(events: pl.DataFrame) -> str | None:
    """Return the folder that the client works in."""
    told = events.filter(pl.col("kind") == "session_meta")["path"].drop_nulls()
    return told[-1] if told.len() else None

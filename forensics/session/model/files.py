"""One call of a file tool, and paths that can be compared."""

from __future__ import annotations

import ntpath
import posixpath
import re
from dataclasses import dataclass
from datetime import datetime

from forensics.schema import Row

WRITE_TOOLS = ("Write", "Edit", "MultiEdit", "NotebookEdit")


WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")  # a drive, or another machine's share


FD_PREFIX = re.compile(r"^/proc/self/fd/\d+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """One call of a file tool and how it was answered. ``ok`` is null where it was not."""

    agent_id: str | None
    tool: str
    path: str  # absolute, normalised
    called: datetime | None
    call_event: int
    answered: datetime | None
    answer_event: int | None
    ok: bool | None
    answer: str

    @property
    def first_line(self) -> str:
        """Return the first line of the answer, without the client's marks around an error."""
        whole = self.answer.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")
        return whole.partition("\n")[0]


def _access(row: Row, cwd: str | None) -> FileAccess:
    status = row["answer_status"]
    return FileAccess(
        agent_id=row["agent_id"],
        tool=row["tool"],
        path=real_path(row["path"], cwd),
        called=row["ts"],
        call_event=row["event_id"],
        answered=row["answered"],
        answer_event=row["answer_event"],
        ok=None if status is None else status == "ok",
        answer=row["answer"] or "",
    )


def real_path(path: str, cwd: str | None) -> str:
    """Make a path comparable: joined to the working folder, dots resolved, case kept.

    A Windows path gets slashes, which Windows takes as well, and a capital drive letter: programs write either.
    """
    plain = FD_PREFIX.sub("", path)
    if WINDOWS.match(plain) or (WINDOWS.match(cwd or "") and not plain.startswith("/")):
        whole = ntpath.normpath(ntpath.join(cwd or "", plain)).replace("\\", "/")
        return whole[:1].upper() + whole[1:]
    return posixpath.normpath(posixpath.join(cwd or "", plain))

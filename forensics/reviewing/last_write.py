"""The write of a file behind which a record stops."""

from __future__ import annotations

from forensics.case import Case

WRITTEN = " written atomically"  # how the client's log ends the line of a file that is complete


def last_write(case: Case) -> tuple[str, int] | None:
    """Return the path of the file whose complete write is the session's last record, and that record."""
    last = case.ending.last_event
    message = "" if last is None else str(case.event(last)["message"] or "")
    if last is None or not message.endswith(WRITTEN):
        return None
    return message.removeprefix("File ").removesuffix(WRITTEN), last

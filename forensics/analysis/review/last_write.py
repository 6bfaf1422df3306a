"""The write of a file behind which a record stops."""

from __future__ import annotations

from forensics.schema import Source
from forensics.session.model.case import Case

# how the client's log begins and ends the line of a file that is complete
FILE, WRITTEN = "File ", " written atomically"


def last_write(case: Case) -> tuple[str, int] | None:
    """Return the path of the file whose complete write is the session's last record, and that record."""
    last = case.ending.last_event
    if last is None or case.event(last)["source"] != Source.CLAUDE_DEBUG:
        return None
    message = str(case.event(last)["message"] or "")
    if not (message.startswith(FILE) and message.endswith(WRITTEN)):
        return None
    return message.removeprefix(FILE).removesuffix(WRITTEN), last

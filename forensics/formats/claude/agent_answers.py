"""What answers the call of an agent: its result, word that it was launched, or word that its result is lost.

The client tells it in a field beside the result. In an agent's own transcript, and in a headless stream, there is
no such field: the words of the answer tell it there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forensics.formats.claude.records import ToolUseResult
from forensics.schema import LAUNCHED, UNRECORDED

LAUNCHES = frozenset({"async_launched", "teammate_spawned", "remote_launched"})
LAUNCH = re.compile(
    r"(?:Async agent|Workflow|Remote agent) launched\b|Spawned successfully\.\s+agent_id: ", re.IGNORECASE
)
NAMED = re.compile(r"^agent_?id: ([^\s(]+)", re.IGNORECASE | re.MULTILINE)
# the client's own line below what the agent said (2.1.19, 2.1.183)
RETURNED = re.compile(r"^agentId: (\w+) \((?:use SendMessage|for resuming)", re.MULTILINE)
# what a resumed client fills in for a call whose process was gone before it was answered (2.1.332)
LOST = re.compile(r"\[Tool call interrupted: the session ended before this call's result was recorded")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one answer says of an agent; ``status`` is null where it is an answer like any other."""

    status: str | None
    agent_id: str | None


def answer_of(result: ToolUseResult, text: str) -> Answer:
    """Read an answer by its fields, and by its words where it has none."""
    if LOST.match(text):
        return Answer(UNRECORDED, None)
    is_launch = result.status in LAUNCHES or (not _is_measured(result) and LAUNCH.match(text) is not None)
    named = (NAMED if is_launch else RETURNED).search(text)
    return Answer(LAUNCHED if is_launch else None, result.agent or (named[1] if named else None))


def _is_measured(result: ToolUseResult) -> bool:
    """Say whether what an agent took stands beside its answer: a launch has no such measure, whatever it is called."""
    return result.status is not None and (result.total_duration_ms, result.total_tokens) != (None, None)

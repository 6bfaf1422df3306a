"""CCF305: what was open when the session ended. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import (
    Case,
    Confidence,
    Hit,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    Table,
    rule,
    words,
)
from forensics.rulekit.names import agent_name, clock_time
from forensics.session.lists.todo_lists import BUSY
from forensics.session.model.ending import DIED, Verdict
from forensics.session.work.unfinished import Unfinished, brief_of, could_leave_work, unfinished

ABNORMAL = (*DIED, Verdict.ERROR_RESULT)
NAMED = 10  # in one sentence; the table has all
FIRST_LINE = 120  # characters of an answer
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF305",
    topic="3.4",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    reads=("lists", "agents", "files"),
    related=("CCF102", "CCF403", "CCF901"),
)
def unfinished_work_at_end(case: Case) -> Iterator[Said]:
    """List what was open when the record ends: items, agents and refused edits, each by its name."""
    if case.is_excerpt_only(case.events):
        yield TEXT.insufficient("excerpt")
        return
    found = unfinished(case)
    if found.names:
        yield _hit(case, found)
    elif not could_leave_work(case):
        yield TEXT.not_applicable("no-work")
    elif Source.TRANSCRIPT not in case.sources:
        yield TEXT.insufficient("no-transcript")


def _hit(case: Case, found: Unfinished) -> Hit:
    verdict = case.ending.verdict
    say = TEXT.saying(open=_counted(found), verdict=verdict)
    return say.hit(
        "left",
        subject="|".join(sorted(found.names)),
        severity=_severity(case, found),
        contract_held=None if verdict is Verdict.UNKNOWN else False,
        cites=(*found.list_cites, *found.others, *case.ending.cites[:1]),
        facts={
            "in_progress": [i.content for i in found.busy],
            "pending": [i.content for i in found.pending],
            "agents": [brief_of(a) for a in found.agents],
            "files": [e.path for e in found.edits],
            "verdict": str(verdict),
        },
        statements=_statements(case, found, say),
        tables=(Table("To hand over", ("what", "state", "whose"), tuple(_rows(case, found))),),
    )


def _severity(case: Case, found: Unfinished) -> Severity:
    if case.ending.verdict in ABNORMAL:
        return Severity.MEDIUM if found.items or found.agents else Severity.LOW
    return Severity.LOW if found.busy or found.is_any_lost else Severity.NOTE


def _counted(found: Unfinished) -> str:
    """Say how much of each kind is open: ``2 items in progress, 1 pending item and 1 agent without result``."""
    counts = {
        "one-busy" if len(found.busy) == 1 else "busy": len(found.busy),
        "one-pending" if len(found.pending) == 1 else "pending": len(found.pending),
        "one-agent" if len(found.agents) == 1 else "agents": len(found.agents),
        "one-edit" if len(found.edits) == 1 else "edits": len(found.edits),
    }
    *parts, last = (TEXT.part(name, n=n) for name, n in counts.items() if n)
    return f"{', '.join(parts)} and {last}" if parts else last


def _statements(case: Case, found: Unfinished, say: Saying) -> Iterator[Statement]:
    for (status, agent), items in found.by_agent.items():
        own = say.also(who=agent_name(case, agent), items=_named([i.content for i in items]))
        yield own.sentence("list-busy" if status == BUSY else "list-pending", *(i.event for i in items))
    for life in found.agents:
        yield say.sentence("agent-out", life.spawn_event, agent=brief_of(life), at=clock_time(life.start))
    for edit in found.edits:
        own = say.also(tool=edit.tool, path=edit.path, answer=edit.first_line[:FIRST_LINE].rstrip("."))
        yield own.sentence("refused", edit.answer_event)
    yield say.sentence("nobody", *found.list_events, *found.others, *case.ending.cites[:1])


def _named(names: Sequence[str]) -> str:
    named = ", ".join(f"“{name}”" for name in names[:NAMED])
    return TEXT.part("more", named=named, n=len(names) - NAMED) if len(names) > NAMED else named


def _rows(case: Case, found: Unfinished) -> Iterator[tuple[str, str, str]]:
    for item in (*found.busy, *found.pending):
        yield item.content, item.status.replace("_", " "), agent_name(case, item.agent_id)
    for life in found.agents:
        yield brief_of(life), "agent without result", agent_name(case, life.parent_id)
    for edit in found.edits:
        yield edit.path, f"last {edit.tool} refused", agent_name(case, edit.agent_id)

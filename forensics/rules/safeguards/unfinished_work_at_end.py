"""CCF305: what was open when the session ended, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    FactValue,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    Table,
)
from forensics.session.agents.overlap import may_still_run, spawned
from forensics.session.lists.todo_lists import BUSY, OpenItem, open_items
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.files import FileAccess
from forensics.session.model.names import agent_name
from forensics.session.work.open_work import agents_out, refused_edits
from forensics.text.clock_time import clock_time

ABNORMAL = (Verdict.CRASHED, Verdict.KILLED, Verdict.TRUNCATED, Verdict.ERROR_RESULT)
LISTS = (K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
NAMED = 10  # in one sentence; the table has all
WHOLE_LIST = 1200  # characters: a list is quoted with all its items
FIRST_LINE = 120  # characters of an answer

GUIDANCE = Guidance(
    contract="A session ends with its list completed, or hands over by name what is open.",
    immediate=("Go through the list of this finding: each item is finished, taken up again, or given up",),
    this_week=(
        "Remind at the end of a turn: a Stop hook can refuse to stop while the list has items in progress",
    ),
    avoid="Begin anew from memory after a session that ended with items open",
    instead="Resume with `claude --resume`, and begin with the items that were in progress",
    before=("Give items names that a person can take up without the session",),
    during=("Complete an item, or put it back to pending, before the next one begins",),
    after=("Ask for the list before closing, and write what is open into the issue or a notes file",),
    metric="The session ended with nothing in progress, no agent out, and no edit refused",
)


@dataclass(frozen=True, slots=True)
class _Open:
    """All that is open."""

    items: tuple[OpenItem, ...]
    agents: Sequence[AgentLife]
    edits: Sequence[FileAccess]

    @property
    def busy(self) -> list[OpenItem]:
        return [i for i in self.items if i.status == BUSY]

    @property
    def pending(self) -> list[OpenItem]:
        return [i for i in self.items if i.status != BUSY]

    def names(self) -> list[str]:
        agents = [a.description or a.agent_id for a in self.agents]
        return [*(i.content for i in self.items), *agents, *(e.path.rpartition("/")[2] for e in self.edits)]


@rule(
    code="CCF305",
    topic="3.4",
    name="unfinished-work-at-end",
    title="Work left open at the end",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    guidance=GUIDANCE,
    related=("CCF102", "CCF403", "CCF901"),
)
def unfinished_work_at_end(case: Case) -> Iterator[Said]:
    """List what was open when the record ends: items, agents and refused edits, each by its name.

    ## What it detects
    Items in progress or pending in the last list of each agent and in the list that all agents share, agents
    without result, and files of which the last edit was refused: not by the user, and not made good by a later shell
    command. It is the list to hand over. A note where items are only pending or edits were refused; low where items
    were in progress, or agents out that cannot be at work any more; medium where items or agents were open and the
    end was abnormal (CRASHED, KILLED, TRUNCATED, ERROR_RESULT), and low there for refused edits alone.

    ## Why it matters
    Whoever goes on has to know what was begun. The list in the log is the only place where it stands.

    ## How to fix
    Finish, put back or give up each item; resume with ``claude --resume`` and begin with those in progress.

    ## Known misses
    An item that was finished and never ticked off is listed. A list that the user saw and left, because the rest was
    not wanted any more, looks the same. What an agent that has returned left open in its own list (2.1.19, j2_twins),
    or could not edit, is its parent's to judge. An edit that was refused and then made by a script is listed.
    """
    files = set(case.events["file"].unique())
    if files and files <= case.excerpts:
        yield Insufficient("the evidence is an excerpt: its end is not the session's")
        return
    found = _Open(open_items(case), agents_out(case), refused_edits(case))
    if found.names():
        yield _hit(case, found)
    elif case.of(*LISTS).is_empty() and not spawned(case) and not case.file_accesses:
        yield NotApplicable("no list was written, no agent was spawned and no file was edited")
    elif Source.TRANSCRIPT not in case.sources:
        yield Insufficient(
            "the list's file is empty or completed: up to 2.0.24 it stays empty with “-p”, and only a transcript "
            "tells of agents and edits"
        )


def _hit(case: Case, found: _Open) -> Hit:
    return Hit(
        subject="|".join(sorted(found.names())),
        message=f"{_counted(found)} left open when the record ends",
        claim=Claim.DERIVED,
        cites=tuple(_cites(case, found)),
        facts=_facts(case, found),
        statements=tuple(_statements(case, found)),
        tables=(Table("To hand over", ("what", "state", "whose"), tuple(_rows(case, found))),),
        severity=_severity(case, found),
        contract_held=None if case.ending.verdict is Verdict.UNKNOWN else False,
    )


def _severity(case: Case, found: _Open) -> Severity:
    abnormal = case.ending.verdict in ABNORMAL
    if not found.items and not found.agents:
        return Severity.LOW if abnormal else Severity.NOTE
    if abnormal:
        return Severity.MEDIUM
    missing = [a for a in found.agents if not may_still_run(case, a)]
    return Severity.LOW if found.busy or missing else Severity.NOTE


def _counted(found: _Open) -> str:
    """Say how much of each kind is open: ``2 items in progress, 1 pending and 1 agent without result``."""
    counts = (
        (len(found.busy), "item in progress", "items in progress"),
        (len(found.pending), "pending item", "pending items"),
        (len(found.agents), "agent without result", "agents without result"),
        (len(found.edits), "refused edit", "refused edits"),
    )
    parts = [f"{n} {one if n == 1 else many}" for n, one, many in counts if n]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _cites(case: Case, found: _Open) -> Iterator[Cite]:
    events: dict[int, list[OpenItem]] = {}
    for item in found.items:
        events.setdefault(item.event, []).append(item)
    for event, items in events.items():
        one = len(items) == 1
        yield Cite(event, items[0].content if one else '"todos":', None if one else WHOLE_LIST)
    others = [a.spawn_event for a in found.agents if a.spawn_event is not None]
    others += [e.answer_event for e in found.edits if e.answer_event is not None]
    for event in dict.fromkeys((*others, *case.ending.cites[:1])):
        if event not in events:
            yield Cite(event)


def _facts(case: Case, found: _Open) -> dict[str, FactValue]:
    return {
        "in_progress": [i.content for i in found.busy],
        "pending": [i.content for i in found.pending],
        "agents": [a.description or a.agent_id for a in found.agents],
        "files": [e.path for e in found.edits],
        "verdict": str(case.ending.verdict),
    }


def _statements(case: Case, found: _Open) -> Iterator[Statement]:
    for items, state in ((found.busy, "in progress"), (found.pending, "pending")):
        for agent in dict.fromkeys(i.agent_id for i in items):
            own = [i for i in items if i.agent_id == agent]
            text = f"In the last list of {agent_name(case, agent)} {state}: {_list([i.content for i in own])}"
            yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, tuple(dict.fromkeys(i.event for i in own)))
    for life in found.agents:
        if life.spawn_event is not None:
            text = f"Agent “{life.description or life.agent_id}”, spawned at {clock_time(life.start)}, has no result"
            yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (life.spawn_event,))
    for edit in found.edits:
        if edit.answer_event is not None:
            text = f"The last {edit.tool} of {edit.path} was refused: {_first_line(edit.answer)}"
            yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, (edit.answer_event,))
    every = tuple(cite.event_id for cite in _cites(case, found))
    text = f"When the record ends ({case.ending.verdict}), nobody goes on with {_counted(found)}"
    yield Statement(Slot.IMPACT, Claim.DERIVED, text, every)


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f"“{name}”" for name in names[:NAMED]) + more


def _first_line(answer: str) -> str:
    line = answer.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>").partition("\n")[0]
    return line[:FIRST_LINE].rstrip(".")


def _rows(case: Case, found: _Open) -> Iterator[tuple[str, str, str]]:
    for item in (*found.busy, *found.pending):
        yield item.content, item.status.replace("_", " "), agent_name(case, item.agent_id)
    for life in found.agents:
        yield life.description or life.agent_id, "agent without result", agent_name(case, life.parent_id)
    for edit in found.edits:
        yield edit.path, f"last {edit.tool} refused", agent_name(case, edit.agent_id)

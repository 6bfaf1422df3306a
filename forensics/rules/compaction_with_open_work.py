"""CCF307: the context was compacted while items were in progress."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from forensics.case import Case
from forensics.conflicts import agent_name, clock_time
from forensics.finding import Cite, Claim, Confidence, Hit, NotApplicable, Severity, Slot, Statement
from forensics.rule import Guidance, Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.todo_lists import ListState, list_states

LISTS = (K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
EVERYBODY = ""  # no agent's id

GUIDANCE = Guidance(
    contract="Before the context is compacted, what is being worked on stands where it survives: a file or a commit.",
    immediate=("Compare the items that were in progress with what was done after the compaction",),
    this_week=(
        "Add to CLAUDE.md what a summary must keep: the item in progress, the files touched, the next step",
    ),
    avoid="Let the context fill up in the middle of an item",
    instead="Compact between two items (/compact with what to keep), or write the state into a file before",
    before=("Cut work into items that fit into one context",),
    during=("Look at the context's size (/context) before a large item begins",),
    after=("Have the list read out after a compaction, and correct it",),
    metric="No compaction happened while an item was in progress",
)


@rule(
    code="CCF307",
    name="compaction-with-open-work",
    title="Context compacted while work was open",
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF305",),
)
def compaction_with_open_work(case: Case, *, later_calls: int = 10) -> Iterator[Said]:
    """Find compactions of an agent's context during which its list had items in progress.

    ## What it detects
    A compaction while the agent's list (TodoWrite, or its own items of TaskCreate and TaskUpdate) had one or more
    items in progress. A note; low where such an item is never named again: a later list of the agent does not have
    it, or none follows although the agent made ``later_calls`` or more calls of other tools.

    ## Why it matters
    What was known of a half-done item is now what the summary says of it. An item that is not named again may
    be forgotten.

    ## How to fix
    Compact between two items; write the state of a long one into a file before.

    ## Known misses
    An item that was given other words in the next list counts as not named again. A list in a file only is not
    looked at: it does not tell when its items were in progress. Up to 2.1.19 the tokens after the compaction are not
    recorded.
    """
    compactions = case.of(K.COMPACTION).filter(pl.col("source") == Source.TRANSCRIPT.value)
    if compactions.is_empty():
        yield NotApplicable("the context was not compacted")
        return
    states = [s for s in list_states(case) if s.items and not s.from_file]
    later = _Later(case)
    for row, busy in _in_force(states, compactions.iter_rows(named=True)):
        if busy:
            yield _hit(case, row, busy, later.never_again(row, busy, later_calls))


def _in_force(
    states: Sequence[ListState], compactions: Iterable[Row]
) -> Iterator[tuple[Row, list[ListState]]]:
    """Yield the compactions, which are in order of time, each with the states of its agent that were in force.

    A state is looked at as long as it lasts, and not at each compaction.
    """
    dated = sorted(((s.since, n) for n, s in enumerate(states) if s.since is not None), reverse=True)
    undated = [n for n, s in enumerate(states) if s.since is None]
    begun: list[int] = []
    for row in compactions:
        at = row["ts"]
        while dated and at is not None and dated[-1][0] <= at:
            begun.append(dated.pop()[1])
        if at is not None:
            begun = [n for n in begun if (until := states[n].until) is None or at < until]
        looked_at = sorted([*begun, *undated]) if at is not None else range(len(states))
        yield (
            row,
            [
                states[n]
                for n in looked_at
                if states[n].agent_id == row["agent_id"] and _holds(states[n], row)
            ],
        )


def _holds(state: ListState, compaction: Row) -> bool:
    """Say whether a state was in force: by the clock, or in a record without times by the order of lines."""
    at: datetime | None = compaction["ts"]
    if at is not None and state.since is not None:
        return state.since <= at and (state.until is None or at < state.until)
    here: int = compaction["event_id"]
    return max(state.events) < here and (state.until_event is None or here < state.until_event)


def _hit(case: Case, row: Row, busy: Sequence[ListState], lost: Sequence[str]) -> Hit:
    items = [item for state in busy for item in state.items]
    made = tuple(dict.fromkeys(e for state in busy for e in state.events))
    trigger = row["status"] or "unknown"
    work = f"{len(items)} items were" if len(items) > 1 else "1 item was"
    return Hit(
        subject=f"{trigger}|{'|'.join(sorted(items))}",
        message=f"the context was compacted ({trigger}) while {work} in progress",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in (row["event_id"], *made)),
        facts={
            "trigger": row["status"],
            "tokens_before": row["count"],
            "tokens_after": row["tokens"],
            "items": list(items),
            "not_named_again": list(lost),
        },
        statements=tuple(_statements(case, row, items, lost, made)),
        severity=Severity.LOW if lost else Severity.NOTE,
        agent_id=row["agent_id"],
        contract_held=False if lost else None,
    )


def _statements(
    case: Case, row: Row, items: Sequence[str], lost: Sequence[str], made: tuple[int, ...]
) -> Iterator[Statement]:
    who, here = agent_name(case, row["agent_id"]), (row["event_id"],)
    size = f" at {row['count']} tokens" if row["count"] is not None else ""
    left = f", {row['tokens']} were left" if row["tokens"] is not None else ""
    text = f"The context of {who} was compacted at {clock_time(row['ts'])} ({row['status'] or 'unknown'}){size}{left}"
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, here)
    text = f"In progress at that moment: {_quoted(items)}"
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (*made, *here))
    if lost:
        text = f"Not named again in any list of {who} after it: {_quoted(lost)}"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, (*made, *here))
        text = "Was it finished, given other words, or forgotten?"
        yield Statement(Slot.QUESTION, Claim.HYPOTHESIS, text, made)


def _quoted(items: Sequence[str]) -> str:
    return ", ".join(f"“{item}”" for item in items)


class _Later:
    """What the lists name after a moment, and how many calls an agent made: a session may be compacted often.

    Each name is held with the last record that has it; ``EVERYBODY`` is whom the shared list of tasks belongs to.
    """

    def __init__(self, case: Case) -> None:
        told = pl.col("source") == Source.TRANSCRIPT.value
        place = ["event_id", "ts", "agent_id", "kind"]
        calls = case.of(K.TOOL_CALL, K.AGENT_SPAWN).filter(told).group_by("agent_id").agg("ts", "event_id")
        self._calls = {a: (sorted(t for t in ts if t), sorted(e)) for a, ts, e in calls.iter_rows()}
        items = case.todos.select("event_id", "item_id", "content", "active_form")
        named = case.of(*LISTS).filter(told).select(place).join(items, on="event_id", maintain_order="left")
        self._last: dict[tuple[str | None, str, str], tuple[datetime | None, int]] = {}
        self._numbers: dict[int, str] = {}
        for event, ts, agent, kind, number, content, form in named.iter_rows():
            names = [("", ""), *(("word", _plain(w)) for w in (content, form) if w is not None)]
            if number is not None:
                self._numbers.setdefault(event, number)
                names.append(("number", number))
            # the list of tasks is shared: whoever changes an item names it
            whose = (agent,) if kind == K.TODO_SNAPSHOT.value else (agent, EVERYBODY)
            for key in ((who, *name) for who in whose for name in names):
                last, place_of_last = self._last.get(key, (None, 0))
                latest = ts if last is None or (ts is not None and ts > last) else last
                self._last[key] = (latest, max(place_of_last, event))

    def never_again(self, row: Row, busy: Sequence[ListState], later_calls: int) -> list[str]:
        """Return the items of the states that no list names after a compaction, where one would be expected to."""
        if not self._is_named(row, "", "") and self._calls_after(row) < later_calls:
            return []
        return [
            item
            for state in busy
            for n, (item, form) in enumerate(zip(state.items, state.active_forms, strict=True))
            if not any(self._is_named(row, "word", _plain(w)) for w in (item, form))
            and not (
                state.shared
                and (number := self._numbers.get(state.events[n])) is not None
                and self._is_named(row, "number", number)
            )
        ]

    def _is_named(self, row: Row, what: str, name: str) -> bool:
        for who in (row["agent_id"], EVERYBODY):
            ts, event = self._last.get((who, what, name), (None, 0))
            if event > row["event_id"] if row["ts"] is None else ts is not None and ts > row["ts"]:
                return True
        return False

    def _calls_after(self, row: Row) -> int:
        times, events = self._calls.get(row["agent_id"], ([], []))
        if row["ts"] is None:
            return len(events) - bisect_right(events, row["event_id"])
        return len(times) - bisect_right(times, row["ts"])


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())

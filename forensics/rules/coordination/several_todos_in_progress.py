"""CCF102: one agent has several items in progress. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import (
    Case,
    Cite,
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
from forensics.session.lists.crowded_lists import CrowdedList, crowded_lists
from forensics.session.lists.todo_lists import ListState, list_states
from forensics.text.durations import duration

STEPS = (Severity.NOTE, Severity.LOW, Severity.MEDIUM, Severity.HIGH)
WHOLE_LIST = 1200  # characters: a list is quoted with all its items
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF102",
    topic="1.2",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    reads=("lists",),
)
def several_todos_in_progress(
    case: Case, *, lasting_s: float = 60.0, later_calls: int = 2, medium_from: int = 3, high_from: int = 5
) -> Iterator[Said]:
    """One agent's list has several items in progress, and it lasts."""
    if list_states(case):
        for found in crowded_lists(case, lasting_s=lasting_s, later_calls=later_calls):
            n = len(found.state.items)
            yield _hit(case, found, step=3 if n >= high_from else 2 if n >= medium_from else 1)
    elif Source.TRANSCRIPT in case.sources:
        yield TEXT.not_applicable("no-list")
    elif Source.TASK_FILE not in case.sources:  # of tasks that nobody works on their files tell
        yield TEXT.insufficient("empty-file")


def _hit(case: Case, found: CrowdedList, *, step: int) -> Hit:
    """Make one finding of an agent's list; a step softer where helpers were at work, or no prompt forbids it."""
    state, n = found.state, len(found.state.items)
    softer = (found.most_helpers >= n) + state.shared
    say = TEXT.saying(items=n, total=state.total, who=agent_name(case, state.agent_id))
    quote, most = ('"todos":', WHOLE_LIST) if len(state.events) == 1 else (None, None)
    message = "told-busy" if not state.shared else "replayed-busy" if found.is_owned else "unowned-busy"
    return say.hit(
        message,
        subject="|".join(sorted(state.items)),
        agent_id=state.agent_id,
        severity=STEPS[max(step - softer, 0)],
        confidence=None if found.is_owned else Confidence.LOW,
        contract=say.contract("shared-list") if state.shared else None,
        cites=(Cite(event, quote, most) for event in state.events),
        facts={
            "in_progress": n,
            "items": list(state.items),
            "lasted_s": found.lasted_s,
            "agents_alive": found.most_helpers,
        },
        statements=_statements(say, found),
        tables=(_table(state),),
    )


def _statements(say: Saying, found: CrowdedList) -> Iterator[Statement]:
    state, alive = found.state, found.most_helpers
    held = "told" if not state.shared or state.from_file else "replayed"
    yield say.sentence(held if found.is_owned else "unowned", *state.events)
    lasted = duration(found.lasted_s) if found.lasted_s is not None else ""
    yield say.sentence(_how_long(found), *found.span, lasted=lasted, until=clock_time(state.until))
    if alive:
        yield say.sentence("helper" if alive == 1 else "helpers", *found.beside, alive=alive)
    if found.accepted is not None:
        yield say.sentence("accepted", found.accepted)
    if state.until is None:
        yield say.sentence("still-busy", *state.events)


def _how_long(found: CrowdedList) -> str:
    """Choose what is said of how long it lasted: a file tells nothing of it."""
    if found.state.from_file:
        return "last-state"
    if found.with_agent:
        return "to-agents-end" if found.lasted_s is None else "lasted-to-agents-end"
    if found.state.until is None:
        return "to-end" if found.lasted_s is None else "lasted-to-end"
    return "until" if found.lasted_s is None else "lasted-until"


def _table(state: ListState) -> Table:
    shown = enumerate(zip(state.items, state.active_forms, strict=True), 1)
    rows = tuple((str(n), item, form) for n, (item, form) in shown)
    return Table("Items in progress", ("#", "item", "shown as"), rows)

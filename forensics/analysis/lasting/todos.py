"""Todo items in progress over time, list by list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from forensics.analysis.lasting.agents import short_name
from forensics.analysis.lasting.lanes import SEVERAL, Strip, Track, lane, track
from forensics.analysis.lasting.marks import marks_by_lane
from forensics.analysis.lasting.spans import MAIN, Sort, Span, State
from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.schema.finding import Finding
from forensics.session.agents.overlap import horizon
from forensics.session.lists.item_spells import Spell, spells_of, undated_owners
from forensics.session.lists.todo_lists import BUSY, ListState, items_by_event, list_states
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name

LISTS = (K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
ENDED = {"completed": ("completed", State.OK), "pending": ("put back to pending", State.PLAIN)}
NOT_SAID = ("no longer in progress", State.PLAIN)
OPEN = ("in progress in the last list", State.OPEN)
UNDATED = "by a todo file, which holds no time: somewhere in the agent's life"
Owner = tuple[bool, str | None]  # whether the list is the one that all agents share, and whose the item is


def todos_track(case: Case, findings: Sequence[Finding]) -> Track | None:
    """Return the items that were in progress; nothing where there were not two, or no time is known."""
    strips = {**_strips(_dated(case))}
    for owner, own in _strips(_undated(case)).items():
        strips.setdefault(owner, []).extend(own)
    if sum(len(own) for own in strips.values()) < SEVERAL:
        return None
    marks = marks_by_lane(case, findings, _Lists(strips))
    lanes = [
        lane(_title(case, owner), own, marks.get(owner, ()), short=_short(case, owner))
        for owner, own in strips.items()
    ]
    return track("todos", lanes)


def _title(case: Case, owner: Owner) -> str:
    shared, agent = owner
    if not shared:
        return f"list of {agent_name(case, agent)}"
    return f"shared list, {agent if agent and not case.life_of(agent) else agent_name(case, agent)}"


def _short(case: Case, owner: Owner) -> str:
    shared, agent = owner
    return agent if shared and agent and not case.life_of(agent) else short_name(case, agent)


def _strips(spans: Iterable[tuple[Owner, Span]]) -> dict[Owner, list[Strip]]:
    """Return a strip for each item of each owner, in the order of their beginnings; spans that touch become one."""
    found: dict[Owner, dict[str, list[Span]]] = {}
    for owner, span in spans:
        of_item = found.setdefault(owner, {}).setdefault(span.name, [])
        if of_item and of_item[-1].until == span.since:
            events = dict.fromkeys((of_item[-1].events[0], *span.events[1:]))
            of_item[-1] = replace(span, since=of_item[-1].since, events=tuple(events))
        else:
            of_item.append(span)
    return {owner: [tuple(own) for own in items.values()] for owner, items in found.items()}


def _dated(case: Case) -> Iterator[tuple[Owner, Span]]:
    """Yield a span for each state of a list in which an item is in progress."""
    items = items_by_event(case)
    for state in list_states(case):
        if state.since is None or state.from_file:
            continue
        until = max(state.since, state.until or _end_of(case, state))
        for item, n in {item: n for n, item in enumerate(state.items)}.items():
            words, ended = _after(state, item, items)
            begun = state.events[n if state.shared else 0]
            events = (begun,) if state.until_event is None else (begun, state.until_event)
            yield (
                (state.shared, state.agent_id),
                Span(
                    sort=Sort.ITEM,
                    lane=state.agent_id or MAIN,
                    name=item,
                    since=state.since,
                    until=until,
                    state=ended,
                    words=words,
                    events=events,
                ),
            )


def _after(state: ListState, item: str, items: Mapping[int, Sequence[Row]]) -> tuple[str, State]:
    """Say what the next list makes of an item."""
    if state.until_event is None:
        return OPEN
    rows = items.get(state.until_event, ())
    status = next((r["status"] for r in rows if (r["content"] or "?") == item), None)
    return ENDED.get(status or "", NOT_SAID)


def _end_of(case: Case, state: ListState) -> datetime:
    """Return until when a last state holds: the agent's life, or the record of the session."""
    last = case.span[1] or horizon(case)
    life = None if state.agent_id is None else case.life_of(state.agent_id)
    return min(life.alive_until(last), last) if life is not None else last


def _undated(case: Case) -> Iterator[tuple[Owner, Span]]:
    if not undated_owners(case):
        return
    last = case.span[1]
    for spell in spells_of(case):
        if not spell.dated and spell.status == BUSY and last is not None:
            yield (False, spell.agent_id), _of_file(spell, last)


def _of_file(spell: Spell, last: datetime) -> Span:
    return Span(
        sort=Sort.ITEM,
        lane=spell.agent_id or MAIN,
        name=spell.content,
        since=spell.since,
        until=max(spell.since, min(spell.until, last)),
        state=State.OPEN,
        words=UNDATED,
        events=(spell.event,),
        seen=spell.since,
    )


class _Lists:
    """Tells whose list a record is one of; nothing for records that are no list."""

    def __init__(self, owners: Iterable[Owner]) -> None:
        self._owners = tuple(owners)

    def __call__(self, row: Row) -> Owner | None:
        if row["kind"] not in LISTS:
            return None
        shared = row["kind"] != K.TODO_SNAPSHOT or row["source"] == Source.TASK_FILE
        own = (shared, row["agent_id"])
        if own in self._owners:
            return own
        return next((o for o in self._owners if o[0]), None) if shared else None

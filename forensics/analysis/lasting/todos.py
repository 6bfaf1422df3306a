"""Todo items in progress over time, list by list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from forensics.analysis.lasting.agents import short_name
from forensics.analysis.lasting.marks import marks_of
from forensics.analysis.lasting.shape import SEVERAL, Bar, Strip, Tone, Track, lane, track
from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.schema.finding import Finding
from forensics.session.agents.overlap import horizon
from forensics.session.lists.item_spells import Spell, spells_of, undated_owners
from forensics.session.lists.todo_lists import BUSY, ListState, items_by_event, list_states
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name

LISTS = (K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
ENDED = {"completed": ("completed", Tone.DONE), "pending": ("put back to pending", Tone.PLAIN)}
NOT_SAID = ("no longer in progress", Tone.PLAIN)
OPEN = ("in progress in the last list", Tone.OPEN)
UNDATED = "by a todo file, which holds no time: somewhere in the agent's life"
Owner = tuple[bool, str | None]  # whether the list is the one that all agents share, and whose the item is


def todos_track(case: Case, findings: Sequence[Finding]) -> Track | None:
    """Return the items that were in progress; nothing where there were not two, or no time is known."""
    strips = {**_strips(_dated(case))}
    for owner, own in _strips(_undated(case)).items():
        strips.setdefault(owner, []).extend(own)
    if sum(len(own) for own in strips.values()) < SEVERAL:
        return None
    marks = marks_of(case, findings, _Lists(strips))
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


def _strips(bars: Iterable[tuple[Owner, str, Bar]]) -> dict[Owner, list[Strip]]:
    """Return a strip for each item of each owner, in the order of their first bars."""
    found: dict[Owner, dict[str, list[Bar]]] = {}
    for owner, item, bar in bars:
        of_item = found.setdefault(owner, {}).setdefault(item, [])
        if of_item and of_item[-1].until == bar.since:
            events = dict.fromkeys((of_item[-1].events[0], *bar.events[1:]))
            of_item[-1] = replace(bar, since=of_item[-1].since, events=tuple(events))
        else:
            of_item.append(bar)
    return {
        owner: [Strip(words=f"“{item}”", bars=tuple(own)) for item, own in items.items()]
        for owner, items in found.items()
    }


def _dated(case: Case) -> Iterator[tuple[Owner, str, Bar]]:
    """Yield a bar for each state of a list in which an item is in progress; those that touch become one."""
    items = items_by_event(case)
    for state in list_states(case):
        if state.since is None or state.from_file:
            continue
        until = max(state.since, state.until or _end_of(case, state))
        for item, n in {item: n for n, item in enumerate(state.items)}.items():
            words, tone = _after(state, item, items)
            begun = state.events[n if state.shared else 0]
            events = (begun,) if state.until_event is None else (begun, state.until_event)
            bar = Bar(since=state.since, until=until, words=words, tone=tone, events=events)
            yield (state.shared, state.agent_id), item, bar


def _after(state: ListState, item: str, items: Mapping[int, Sequence[Row]]) -> tuple[str, Tone]:
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


def _undated(case: Case) -> Iterator[tuple[Owner, str, Bar]]:
    if not undated_owners(case):
        return
    last = case.span[1]
    for spell in spells_of(case):
        if not spell.dated and spell.status == BUSY and last is not None:
            yield (False, spell.agent_id), spell.content, _of_file(spell, last)


def _of_file(spell: Spell, last: datetime) -> Bar:
    until = max(spell.since, min(spell.until, last))
    return Bar(
        since=spell.since, until=until, words=UNDATED, tone=Tone.OPEN, events=(spell.event,), seen=spell.since
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

"""Agents are alive together where their lives share a moment: judged in one pass, as if each were held against each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forensics.session.agents.overlap import together
from forensics.session.model.agents import AgentEnd, AgentLife

DAY = datetime(2026, 1, 5, tzinfo=UTC)
END = DAY + timedelta(seconds=60)


def at(second: int | None) -> datetime | None:
    return None if second is None else DAY + timedelta(seconds=second)


def life(n: int, start: int | None, lasted: int, turn: str | None) -> AgentLife:
    end = None if start is None else at(start + lasted)
    return AgentLife(
        agent_id=f"a{n}", start=at(start), end=end, message_id=turn, outcome=AgentEnd.COMPLETED, last_seen=end,
        parent_id=None, agent_type=None, description="", prompt="", isolated=False, background=False,
        spawn_event=n, end_event=None, last_event=None,
    )  # fmt: skip


def overlap(one: AgentLife, other: AgentLife) -> bool:
    if one.start is None or other.start is None:
        return one.start is other.start and one.message_id is not None and one.message_id == other.message_id
    return max(one.start, other.start) < min(one.end, other.end)


def each_against_each(agents: list[AgentLife]) -> set[frozenset[str]]:
    groups: list[list[AgentLife]] = []
    for agent in agents:
        touching = [g for g in groups if any(overlap(agent, o) for o in g)]
        groups = [g for g in groups if g not in touching] + [[a for g in touching for a in g] + [agent]]
    return {frozenset(a.agent_id for a in g) for g in groups}


STARTS = st.one_of(st.none(), st.integers(0, 30))
LIVES = st.lists(st.tuples(STARTS, st.integers(0, 9), st.sampled_from([None, "m1", "m2"])), max_size=12)


@given(LIVES)
def test_one_pass_tells_what_all_pairs_tell(lives):
    agents = [life(n, *told) for n, told in enumerate(lives)]
    told = {frozenset(a.agent_id for a in group) for group in together(agents, END)}
    assert told == each_against_each(agents)

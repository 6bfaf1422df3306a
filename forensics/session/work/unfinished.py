"""All that is open when a record ends: items of lists, agents without result, and refused edits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from forensics.schema.finding import Cite
from forensics.session.agents.overlap import may_still_run, spawned
from forensics.session.lists.todo_lists import BUSY, LISTS, OpenItem, open_items
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.session.model.files import FileAccess
from forensics.session.work.open_work import agents_out, refused_edits

LIST = '"todos":'  # how it begins in its line
WHOLE_LIST = 1200  # characters: a list is quoted with all its items


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What is open, each kind by itself."""

    items: tuple[OpenItem, ...]
    agents: tuple[AgentLife, ...]
    edits: tuple[FileAccess, ...]
    is_any_lost: bool  # whether one of the agents cannot be at work any more

    @property
    def busy(self) -> list[OpenItem]:
        """Return the items in progress."""
        return [i for i in self.items if i.status == BUSY]

    @property
    def pending(self) -> list[OpenItem]:
        """Return the items that were not begun."""
        return [i for i in self.items if i.status != BUSY]

    @property
    def names(self) -> list[str]:
        """Return what is open, by name."""
        items, agents = (i.content for i in self.items), (brief_of(a) for a in self.agents)
        return [*items, *agents, *(e.path.rpartition("/")[2] for e in self.edits)]

    @property
    def list_events(self) -> tuple[int, ...]:
        """Return the records that show the items."""
        return tuple(dict.fromkeys(i.event for i in self.items))

    @property
    def list_cites(self) -> tuple[Cite, ...]:
        """Quote the records that show the items: the item where it is one, else the whole list."""
        shown = Counter(i.event for i in self.items)
        alone = {i.event: i.content for i in self.items if shown[i.event] == 1}
        return tuple(
            Cite(event, alone[event]) if event in alone else Cite(event, LIST, WHOLE_LIST)
            for event in self.list_events
        )

    @property
    def by_agent(self) -> Mapping[tuple[str, str | None], list[OpenItem]]:
        """Map each state and owner to the items; those in progress first."""
        found: dict[tuple[str, str | None], list[OpenItem]] = {}
        for item in (*self.busy, *self.pending):
            found.setdefault((item.status, item.agent_id), []).append(item)
        return found

    @property
    def others(self) -> tuple[int, ...]:
        """Return the records that show the agents and the edits."""
        spawns = (a.spawn_event for a in self.agents)
        answers = (e.answer_event for e in self.edits)
        return tuple(e for e in (*spawns, *answers) if e is not None)


def unfinished(case: Case) -> Unfinished:
    """Return what is open."""
    agents = tuple(agents_out(case))
    lost = any(not may_still_run(case, agent) for agent in agents)
    return Unfinished(
        items=open_items(case), agents=agents, edits=tuple(refused_edits(case)), is_any_lost=lost
    )


def brief_of(agent: AgentLife) -> str:
    """Return what an agent was to do, or its id."""
    return agent.description or agent.agent_id


def could_leave_work(case: Case) -> bool:
    """Say whether there was anything that could be left open: a list, an agent, a file that was worked on."""
    return not case.of(*LISTS).is_empty() or bool(spawned(case)) or bool(case.file_accesses)

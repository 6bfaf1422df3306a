"""Which writes of files collided: joins over agents' lifetimes and their calls of file tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, pairwise

from forensics.session.agents.overlap import horizon
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS, FileAccess

# how an edit is refused because the file changed meanwhile: 1.0.128 on; in the middle of the call; 2.1.330
REFUSALS = (
    "File has been modified since read",
    "has been unexpectedly modified",
    "File content has changed since it was last read",
)
NOT_FOUND = "String to replace not found"
NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class WriteConflict:
    """Two agents that were alive together and both wrote one file, in order of time."""

    path: str
    first: FileAccess
    second: FileAccess
    reread: FileAccess | None  # the second writer's read in between: it knew of the first write

    @property
    def calls(self) -> tuple[int, int]:
        """Return the records of the two writes."""
        return self.first.call_event, self.second.call_event

    @property
    def answered(self) -> tuple[int | None, ...]:
        """Return the records of the two writes and of their answers."""
        return *self.calls, self.first.answer_event, self.second.answer_event

    @property
    def events(self) -> tuple[int | None, ...]:
        """Return all records that show it: writes, answers, and the read in between."""
        return *self.answered, self.reread.call_event if self.reread is not None else None

    def lives(self, case: Case) -> tuple[int | None, ...]:
        """Return the records between which the two writers were alive."""
        writers = {self.first.agent_id, self.second.agent_id}
        return tuple(
            event
            for agent in case.agents
            if agent.agent_id in writers
            for event in (agent.spawn_event, agent.end_event or agent.last_event)
        )


def by_file(conflicts: Iterable[WriteConflict]) -> list[list[WriteConflict]]:
    """Group conflicts by file; in each group those go first in which the second writer had not read the file."""
    groups: dict[str, list[WriteConflict]] = {}
    for conflict in conflicts:
        groups.setdefault(conflict.path, []).append(conflict)
    return [sorted(group, key=lambda c: c.reread is not None) for group in groups.values()]


def writers_of(conflicts: Iterable[WriteConflict]) -> list[str | None]:
    """Return the agents that wrote, in order of their first write."""
    writes = sorted(
        (w for c in conflicts for w in (c.first, c.second)),
        key=lambda w: (w.answered is None, w.answered, w.call_event),
    )
    return list(dict.fromkeys(w.agent_id for w in writes))


def writes_in(conflicts: Iterable[WriteConflict]) -> list[FileAccess]:
    """Return the writes that collide, each once, in order of time."""
    writes = {w.call_event: w for c in conflicts for w in (c.first, c.second)}
    return sorted(writes.values(), key=lambda w: (w.answered is None, w.answered, w.call_event))


def may_have_written(case: Case, parent_id: str | None, beside: AgentLife) -> bool:
    """Say whether a parent wrote a file while an agent of its may have done so too: two writers as well."""
    if beside.isolated:
        return False
    until = beside.alive_until(horizon(case))
    return any(
        beside.start is None or (w.answered is not None and beside.start <= w.answered <= until)
        for w in case.writes
        if w.agent_id == parent_id
    )


@dataclass(frozen=True, slots=True)
class StaleEdit:
    """An edit that was refused after another living agent had changed the file."""

    path: str
    refused: FileAccess
    written: FileAccess


def write_conflicts(case: Case, grace: timedelta = NO_TIME) -> list[WriteConflict]:
    """Return, for each file and pair of agents, the first pair of writes that collide.

    A pair in which the second writer had not read the first one's write goes before one in which it had.
    """
    lives, reads = _Lives(case, grace), Reads(case)
    found: dict[tuple[str, str, str], WriteConflict] = {}
    for one, other in _write_pairs(case):
        one_name, other_name = sorted((one.agent_id or "", other.agent_id or ""))
        key = (one.path, one_name, other_name)
        known = found.get(key)
        if (known is not None and known.reread is None) or not lives.together(one, other):
            continue
        reread = reads.between(one, other)
        if known is None or reread is None:
            found[key] = WriteConflict(one.path, one, other, reread)
    return list(found.values())


def _write_pairs(case: Case) -> Iterator[tuple[FileAccess, FileAccess]]:
    """Yield, for each file and pair of agents, the successful writes by one that the other's follows next.

    Between two writes that collide every other write of the pair lies in both lives too, so neighbours are enough.
    """
    by_path: dict[str, dict[str | None, list[FileAccess]]] = {}
    for write in case.writes:
        if write.answered is not None:
            by_path.setdefault(write.path, {}).setdefault(write.agent_id, []).append(write)
    for writers in by_path.values():
        for one, other in combinations(writers.values(), 2):
            ordered = sorted((*one, *other), key=lambda w: (w.answered or horizon(case), w.call_event))
            yield from ((a, b) for a, b in pairwise(ordered) if a.agent_id != b.agent_id)


class _Lives:
    """Who was alive when; an agent that was resumed has several lives."""

    def __init__(self, case: Case, grace: timedelta = NO_TIME) -> None:
        self._until = horizon(case)
        self._grace = grace
        self._of: dict[str, list[AgentLife]] = {}
        for agent in case.agents:
            self._of.setdefault(agent.agent_id, []).append(agent)

    def together(self, one: FileAccess, other: FileAccess) -> bool:
        """Say whether both writes lie in the overlap of the writers' lifetimes, neither being isolated."""
        lives = [self._of.get(w.agent_id, []) if w.agent_id is not None else None for w in (one, other)]
        if any(found == [] for found in lives):
            return False  # a writer of whose life nothing is known
        known = [found for found in lives if found]
        if any(life.isolated for found in known for life in found) or not _related(one, other, known):
            return False
        return all(any(self._holds(life, w) for life in found) for w in (one, other) for found in known)

    def _holds(self, life: AgentLife, write: FileAccess) -> bool:
        if life.start is None or write.answered is None:
            return False
        return life.start <= write.answered <= life.alive_until(self._until) + self._grace


def _related(one: FileAccess, other: FileAccess, lives: Sequence[Sequence[AgentLife]]) -> bool:
    """Siblings, or parent and child."""
    parents = {life.agent_id: life.parent_id for found in lives for life in found}
    a, b = one.agent_id, other.agent_id
    if a in parents and b in parents and parents[a] == parents[b]:
        return True
    return (a in parents and parents[a] == b) or (b in parents and parents[b] == a)


class Reads:
    """The successful reads of each agent and file, in order of time."""

    def __init__(self, case: Case) -> None:
        self._of: dict[tuple[str | None, str], list[FileAccess]] = {}
        self._known: dict[tuple[str | None, str], list[FileAccess]] = {}
        for access in case.file_accesses:
            if not access.ok or access.called is None:
                continue
            self._known.setdefault((access.agent_id, access.path), []).append(access)
            if access.tool == "Read":
                self._of.setdefault((access.agent_id, access.path), []).append(access)

    def last_before(self, access: FileAccess) -> FileAccess | None:
        """Return the last read of the same file by the same agent before a call."""
        return _last(self._of.get((access.agent_id, access.path), ()), access)

    def known_before(self, access: FileAccess) -> FileAccess | None:
        """Return the call by which the same agent last knew the file's content: it read it, or wrote it itself."""
        return _last(self._known.get((access.agent_id, access.path), ()), access)

    def between(self, first: FileAccess, second: FileAccess) -> FileAccess | None:
        """Return the second writer's read of the file after the first one's write, if any."""
        read = self.last_before(second)
        if read is None or read.called is None or first.answered is None:
            return None
        return read if first.answered <= read.called else None


def _last(accesses: Sequence[FileAccess], before: FileAccess) -> FileAccess | None:
    earlier = (a for a in reversed(accesses) if a.called and before.called and a.called <= before.called)
    return next(earlier, None)


def stale_edits(case: Case, grace: timedelta = NO_TIME) -> Iterator[StaleEdit]:
    """Yield the edits that were refused after another living agent had changed what the editor knew of the file."""
    lives, reads = _Lives(case, grace), Reads(case)
    writes: dict[str, list[FileAccess]] = {}
    for write in case.writes:
        writes.setdefault(write.path, []).append(write)
    for access in case.file_accesses:
        if access.tool not in WRITE_TOOLS or access.ok is not False or access.answered is None:
            continue
        if not any(text in access.answer for text in (*REFUSALS, NOT_FOUND)):
            continue
        known = reads.known_before(access)
        since = known.called if known is not None else None
        if since is None and NOT_FOUND in access.answer:
            continue  # an edit of a file that was never read fails for reasons of its own
        between = [
            w
            for w in writes.get(access.path, ())
            if w.agent_id != access.agent_id
            and w.answered is not None
            and (since is None or since <= w.answered)
            and w.answered <= access.answered
        ]
        written = next((w for w in reversed(between) if lives.together(w, access)), None)
        if written is not None:
            yield StaleEdit(access.path, access, written)

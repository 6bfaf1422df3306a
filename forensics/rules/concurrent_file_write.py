"""CCF104: two living agents write one file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.agents import AgentEnd, AgentLife
from forensics.aspects.conflicts import (
    WriteConflict,
    agent_name,
    by_file,
    clock_time,
    horizon,
    place,
    write_conflicts,
    writers_of,
)
from forensics.case import Case
from forensics.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    Table,
    question,
)
from forensics.rule import Guidance, Said, rule
from forensics.schema import Source
from forensics.whereabouts import copies

SHOWN = 10  # colliding pairs of one file that are listed

GUIDANCE = Guidance(
    contract="One file has one writer at a time: agents do not see each other's edits, and the later write wins.",
    immediate=("Compare the named files with what each agent meant to write; restore what was overwritten",),
    this_week=(
        "Run agents that must edit the same files one after the other, or in worktrees that are merged",
    ),
    avoid="Let two living agents write one file",
    instead="Give each file one owner; let the others hand their part to the owner",
    before=("List the files that more than one agent will want, and name one owner for each",),
    after=("Read the diff of every file that two agents touched",),
    metric="No file was written by two agents that were alive at once",
)


@rule(
    code="CCF104",
    name="concurrent-file-write",
    title="One file written by two living agents",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    seed="1.1",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
)
def concurrent_file_write(case: Case) -> Iterator[Said]:
    """Two agents that are alive at once both write one file.

    ## What it detects
    Two agents, siblings or parent and child, whose lifetimes overlap and who both have a successful Write,
    Edit, MultiEdit or NotebookEdit on the same real path inside that overlap. Neither is isolated in a
    worktree. One finding for each file. The severity is medium instead of high where the second writer had
    read the file after the first one's write: it knew what it changed.

    ## Why it matters
    The later write can silently undo the earlier one. Measured on public sessions: 1.0 % of all sessions.

    ## How to fix
    One owner for each file; worktrees for agents that must touch the same tree.

    ## Known misses
    Writes through Bash are not seen. Up to 2.0.24 the records of an agent that never returned do not exist.
    A write that was refused is no conflict here: it is a stale edit. An agent without end counts as alive for
    600 s after its last sign.
    """
    agents = [a for a in case.agents if a.outcome is not AgentEnd.REFUSED]
    if not agents:
        yield NotApplicable("no subagent was spawned")
        return
    conflicts = write_conflicts(case)
    found = by_file(conflicts)
    yield from (_hit(case, f) for f in found)
    silent = [a for a in agents if a.last_event is None]
    undated = [a for a in agents if a.start is None]
    others = len(agents) > 1 or _parent_wrote(case, agents[0])
    if undated and others:
        yield Insufficient("the records carry no times: whether the writers were alive together is not known")
    elif not conflicts and silent and others:
        yield Insufficient(
            f"{len(silent)} of {len(agents)} agents left no records: what they wrote is not known"
        )


def _parent_wrote(case: Case, agent: AgentLife) -> bool:
    """Say whether the parent wrote a file while its only agent may have done so too: two writers as well."""
    if agent.isolated:
        return False
    until = agent.alive_until(horizon(case))
    return any(
        agent.start is None or (w.answered is not None and agent.start <= w.answered <= until)
        for w in case.writes
        if w.agent_id == agent.parent_id
    )


def _hit(case: Case, found: Sequence[WriteConflict]) -> Hit:
    """Make one finding of a file: its worst collision in words, the others in the table."""
    conflict = found[0]
    first, second, reread = conflict.first, conflict.second, conflict.reread
    names = [agent_name(case, w.agent_id) for w in (first, second)]
    writers = writers_of(found)
    everyone = " and ".join(agent_name(case, w) for w in writers)
    pair = len(writers) == len(names)
    when = "while both were alive" if pair else "while others of them were alive"
    writes = (first.call_event, second.call_event)
    answers = tuple(e for e in (first.answer_event, second.answer_event) if e is not None)
    reads = (reread.call_event,) if reread is not None else ()
    more = [e for c in found[1:SHOWN] for e in (c.first.call_event, c.second.call_event)]
    return Hit(
        subject=f"{conflict.path.rpartition('/')[2]}|{'|'.join(sorted(agent_name(case, w) for w in writers))}",
        message=f"{everyone} {'both ' if pair else ''}wrote {conflict.path} {when}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys((*writes, *answers, *reads, *more))),
        facts={
            "path": conflict.path,
            "agents": [w or "main" for w in writers],
            "informed": reread is not None,
        },
        statements=tuple(_statements(case, conflict, names)),
        tables=(_table(case, found[:SHOWN]),),
        severity=Severity.MEDIUM if reread is not None else Severity.HIGH,
        agent_id=second.agent_id,
        apart=place(case, conflict.path),
    )


def _statements(case: Case, conflict: WriteConflict, names: Sequence[str]) -> Iterator[Statement]:
    first, second, reread = conflict.first, conflict.second, conflict.reread
    writes = (first.call_event, second.call_event)
    answers = tuple(e for e in (first.answer_event, second.answer_event) if e is not None)
    text = (
        f"{names[0]} wrote {conflict.path} at {clock_time(first.answered)}, {names[1]} at "
        f"{clock_time(second.answered)}; both were alive at both times"
    )
    yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (*writes, *answers, *_lives(case, conflict)))
    if reread is None:
        text = f"{names[1]} did not read the file between the two writes"
        yield Statement(Slot.WHY, Claim.DERIVED, text, writes)
    else:
        text = f"{names[1]} had read the file after the first write, so its change was informed"
        yield Statement(Slot.WHY, Claim.DERIVED, text, (reread.call_event,))
    settled_by = (
        f"git log and git diff of {conflict.path}, and {copies(case.session_id)}: whether what {names[0]} wrote at "
        f"{clock_time(first.answered)} is still in it"
    )
    yield question(f"Was part of the first write to {conflict.path} lost?", settled_by, writes)


def _table(case: Case, found: Sequence[WriteConflict]) -> Table:
    writes = {w.call_event: w for c in found for w in (c.first, c.second)}
    ordered = sorted(writes.values(), key=lambda w: (w.answered is None, w.answered, w.call_event))
    rows = tuple((agent_name(case, w.agent_id), w.tool, clock_time(w.answered)) for w in ordered)
    return Table("Writes", ("agent", "tool", "answered"), rows)


def _lives(case: Case, conflict: WriteConflict) -> tuple[int, ...]:
    """Return the records between which the two writers were alive."""
    writers = {conflict.first.agent_id, conflict.second.agent_id}
    bounds = [(a.spawn_event, a.end_event or a.last_event) for a in case.agents if a.agent_id in writers]
    return tuple(e for pair in bounds for e in pair if e is not None)

"""CCF104: two living agents write one file. What it says of them stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, Table, rule, words
from forensics.rulekit.names import agent_name, clock_time, place
from forensics.rulekit.whereabouts import copies
from forensics.session.agents.overlap import started
from forensics.session.files.conflicts import (
    WriteConflict,
    by_file,
    may_have_written,
    write_conflicts,
    writers_of,
    writes_in,
)
from forensics.session.model.agents import AgentLife

SHOWN = 10  # colliding pairs of one file that are listed
PAIR = 2
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF104",
    topic="1.1",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=Source.TRANSCRIPT,
    reads=("agents", "files"),
    over=("agents", "files"),
)
def concurrent_file_write(case: Case) -> Iterator[Said]:
    """Two agents that are alive at once both write one file."""
    agents = started(case)
    if not agents:
        yield TEXT.not_applicable("no-agents")
        return
    conflicts = write_conflicts(case)
    yield from (_hit(case, found) for found in by_file(conflicts))
    if len(agents) > 1 or may_have_written(case, agents[0].parent_id, beside=agents[0]):
        yield from _not_told(agents, some=bool(conflicts))


def _not_told(agents: Sequence[AgentLife], *, some: bool) -> Iterator[Said]:
    """Say what the evidence leaves out, where there may be two writers."""
    silent = sum(a.last_event is None for a in agents)
    if any(a.start is None for a in agents):
        yield TEXT.insufficient("no-times")
    elif silent and not some:
        yield TEXT.insufficient("no-records", silent=silent, all=len(agents))


def _hit(case: Case, found: Sequence[WriteConflict]) -> Hit:
    """Make one finding of a file: its worst collision in words, the others in the table."""
    worst, writers = found[0], [agent_name(case, w) for w in writers_of(found)]
    first, second, reread = worst.first, worst.second, worst.reread
    say = TEXT.saying(
        path=worst.path,
        everyone=f"{', '.join(writers[:-1])} and {writers[-1]}",
        first=agent_name(case, first.agent_id),
        second=agent_name(case, second.agent_id),
        first_at=clock_time(first.answered),
        second_at=clock_time(second.answered),
        copies=copies(case.session_id),
    )
    return say.hit(
        "two" if len(writers) == PAIR else "several",
        subject=f"{worst.path.rpartition('/')[2]}|{'|'.join(sorted(writers))}",
        apart=place(case, worst.path),
        agent_id=second.agent_id,
        severity=Severity.MEDIUM if reread else Severity.HIGH,
        facts={
            "path": worst.path,
            "agents": [w or "main" for w in writers_of(found)],
            "informed": bool(reread),
        },
        cites=(*worst.events, *(event for pair in found[1:SHOWN] for event in pair.calls)),
        statements=(
            say.sentence("writes", *worst.answered, *worst.lives(case)),
            say.sentence("informed", reread.call_event) if reread else say.sentence("blind", *worst.calls),
            say.sentence("lost", *worst.calls),
        ),
        tables=(_table(case, found[:SHOWN]),),
    )


def _table(case: Case, found: Sequence[WriteConflict]) -> Table:
    rows = ((agent_name(case, w.agent_id), w.tool, clock_time(w.answered)) for w in writes_in(found))
    return Table("Writes", ("agent", "tool", "answered"), tuple(rows))

"""CCF903: a run of the session died before another took it up. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, FactValue, Hit, Said, Severity, Source, rule, words
from forensics.rulekit.names import clock_time
from forensics.session.work.dead_runs import DeadRun, Loss, dead_runs

SEVERITIES = {
    Loss.WORK: Severity.MEDIUM,
    Loss.UNTOLD: Severity.MEDIUM,
    Loss.MAYBE: Severity.LOW,
    Loss.NONE: Severity.NOTE,
}
SHOWN = 6  # records cited for one sentence
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF903",
    topic="ending",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG, Source.EXTENSION_LOG}),
    related=("CCF901", "CCF403", "CCF305"),
    reads=("ending",),
)
def earlier_run_died(case: Case) -> Iterator[Said]:
    """Find the runs of a resumed session that died before the next one took it up."""
    if len(case.runs) == 1:
        yield TEXT.not_applicable("one-run")
    yield from (_hit(dead) for dead in dead_runs(case))


def _hit(dead: DeadRun) -> Hit:
    ending, again = dead.run.ending, dead.taken_up
    told: dict[str, FactValue] = {"verdict": str(ending.verdict), "proof": ending.proof, "run": dead.number}
    say = TEXT.saying(**told, again_at=clock_time(again.since), calls=len(dead.lost))
    statements = [say.sentence("taken-up", again.begun_by)]
    if dead.lost:
        statements.append(say.sentence("lost", *dead.lost[:SHOWN]))
    elif dead.loss is Loss.UNTOLD:
        statements.append(say.sentence("untold", again.begun_by))
    return say.hit(
        "died",
        subject=f"run {dead.number}: {ending.verdict}",
        cites=(*ending.cites[:SHOWN], again.begun_by),
        facts=told,
        statements=statements,
        severity=SEVERITIES[dead.loss],
    )

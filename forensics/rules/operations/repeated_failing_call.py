"""CCF408: an agent makes the same failing call again and again. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.rulekit.names import agent_name, clock_time
from forensics.session.work.failing_runs import FailingRun, failing_runs, repeatable_calls

SHOWN = 12  # calls of one run that are cited
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF408",
    topic="4.5",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.ATIF}),
    reads=("tools",),
)
def repeated_failing_call(case: Case, *, least: int = 5, many: int = 10) -> Iterator[Said]:
    """Find calls of one tool with one input that failed again and again, with no change in between."""
    if repeatable_calls(case).is_empty():
        yield TEXT.not_applicable("no-calls")
        return
    for run in failing_runs(case, least):
        yield _hit(case, run, many)


def _hit(case: Case, run: FailingRun, many: int) -> Hit:
    say = TEXT.saying(
        who=agent_name(case, run.agent_id),
        tool=run.tool,
        times=run.times,
        since=clock_time(run.since),
        until=clock_time(run.until),
        wordings=len(run.failures),
        said=run.failures[-1].strip(),
    )
    events = run.events(SHOWN)
    return say.hit(
        "repeated",
        subject=f"{run.tool}|{run.what}",
        apart=f"written {run.written}",
        agent_id=run.agent_id,
        severity=Severity.MEDIUM if run.times >= many else Severity.LOW,
        facts={
            "tool": run.tool,
            "times": run.times,
            "agent": run.agent_id or "main",
            "wordings": len(run.failures),
        },
        cites=events,
        statements=(
            say.sentence("no-change", *events),
            say.sentence("same-words" if len(run.failures) == 1 else "other-words", run.answers[-1]),
        ),
    )

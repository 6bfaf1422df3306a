"""CCF404: what the evidence does not tell of the agents. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forensics.rulekit import (
    Case,
    Confidence,
    Hit,
    Nature,
    Said,
    Severity,
    Source,
    Statement,
    Table,
    rule,
    words,
)
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import sources_of
from forensics.session.agents.traces import FIELDS, Trace, traces_in_log, traces_in_transcript
from forensics.session.model.agents import AgentEnd

# where each field would stand
WHERE: Mapping[str, str] = {
    "id": "where-id",
    "type": "where-type",
    "start": "where-start",
    "end": "where-end",
    "parent": "where-parent",
    "outcome": "where-outcome",
}
SHOWN = 10  # agents that are cited
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF404",
    topic="4.4",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    nature=Nature.CONTROL_GAP,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    reads=("agents",),
    over=("agents",),
    related=("CCF101", "CCF403"),
    expectation="traceable",
)
def coordination_not_traceable(case: Case) -> Iterator[Said]:
    """Measure how many spawned agents can be traced from their start to their outcome."""
    traces = list(traces_in_transcript(case))
    if not traces and Source.TRANSCRIPT not in case.sources:
        traces = list(traces_in_log(case))
        if not traces and case.of(K.TOOL_DISPATCH).is_empty():
            yield TEXT.insufficient("no-calls")
            return
    if not traces:
        yield TEXT.not_applicable("no-agents")
        return
    left_out = sum(a.outcome is AgentEnd.UNKNOWN for a in case.agents)
    if left_out:
        yield TEXT.insufficient("excerpt", left_out=left_out, spawns=len(traces))
    elif any(t.missing for t in traces):
        yield _hit(case, traces)


def _hit(case: Case, traces: Sequence[Trace]) -> Hit:
    gaps = [t for t in traces if t.missing]
    traced = len(traces) - len(gaps)
    counts = {field: n for field in FIELDS if (n := sum(field in t.missing for t in gaps))}
    cites = tuple(t.event for t in gaps[:SHOWN])
    say = TEXT.saying(
        traced=traced,
        spawns=len(traces),
        missing=", ".join(TEXT.part("of-agents", field=f, agents=n) for f, n in counts.items()),
        the_missing=", ".join(TEXT.part("the-of-agents", field=f, agents=n) for f, n in counts.items()),
        sources=sources_of(case),
        window=_window(case),
    )
    where: list[Statement] = [say.sentence(WHERE[field], *cites) for field in counts]
    return say.hit(
        "traced",
        subject=f"agents|{'|'.join(counts)}",
        facts={
            "spawns": len(traces),
            "traced": traced,
            "share": round(traced / len(traces), 3),
            "missing": dict(counts),
        },
        cites=cites,
        statements=(say.sentence("not-observed", *cites), *where, say.sentence("not-told", *cites)),
        tables=(_table(traces),),
        contract_held=None,
    )


def _window(case: Case) -> str:
    first, last = case.span
    if first is None or last is None:
        return TEXT.part("no-window")
    return TEXT.part("window", first=f"{first:%Y-%m-%d %H:%M:%SZ}", last=f"{last:%H:%M:%SZ}")


def _table(traces: Sequence[Trace]) -> Table:
    rows = (
        (t.name or TEXT.part("unnamed", nth=n), *("—" if f in t.missing else "known" for f in FIELDS))
        for n, t in enumerate(traces, 1)
    )
    return Table("What is known of each agent", ("agent", *FIELDS), tuple(rows))

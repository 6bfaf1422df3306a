"""Sentences that exclude each other: what a rule's success metric says, and findings of other rules that deny it.

A rule may have found nothing, and its sentence be false all the same: "every speech request was answered by the first
endpoint", beside one that no endpoint answered. No report ticks a sentence that a finding of the same session denies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forensics.schema.finding import FactValue, Finding


@dataclass(frozen=True, slots=True)
class Denial:
    """Findings of one rule, if need be only those with these facts."""

    code: str
    facts: Mapping[str, FactValue] = field(default_factory=dict)

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding is one of these."""
        return finding.rule == self.code and all(finding.facts.get(k) == v for k, v in self.facts.items())


_CUT_OFF = Denial("CCF901", {"verdict": "TRUNCATED"})
DENIED_BY: Mapping[str, tuple[Denial, ...]] = {
    # parallel agents ran without a hazard: shared file, stale edit, duplicate brief, missing result
    "CCF101": (Denial("CCF103"), Denial("CCF104"), Denial("CCF105"), Denial("CCF403")),
    # no agent had more than one item in progress; a list with several was refused
    "CCF102": (Denial("CCF302"),),
    "CCF302": (Denial("CCF102"),),
    # no speech endpoint refused its credential
    "CCF202": (Denial("CCF402"),),
    # every speech request was answered by the first endpoint of its chain
    "CCF205": (Denial("CCF201"), Denial("CCF202"), Denial("CCF210"), Denial("CCF212")),
    # nothing in progress, no agent out, no edit refused
    "CCF305": (Denial("CCF105"), Denial("CCF403")),
    # every agent's outcome is in the evidence
    "CCF404": (Denial("CCF403"),),
    # every tool call was answered: a spawn is one
    "CCF405": (Denial("CCF403"), _CUT_OFF),
}


def denied(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the rules whose metric a finding of another rule denies, each with that rule."""
    every = tuple(findings)
    return {
        code: next(f.rule for f in every if any(d.covers(f) for d in denials))
        for code, denials in DENIED_BY.items()
        if any(d.covers(f) for f in every for d in denials)
    }

"""What made a failure possible or worse, as far as findings tell: no order of cause is claimed.

A finding is taken as a condition only beside a failure of the kind that it bears on: five items in progress have
nothing to do with a speech service. What is said is what the findings say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.analysis.review.basis import SHOWN, Basis, of_all
from forensics.analysis.review.shape import Factor, Told
from forensics.schema.finding import Claim, Finding, Nature, Severity, Slot
from forensics.session.agents.overlap import spawned
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.work.open_work import agents_out
from forensics.text.lengths import CELL, SENTENCE, shortened

MOST = 5
NAMED = 2  # findings of one factor that are told in words
CUT_SHORT = (Verdict.TRUNCATED, Verdict.CRASHED, Verdict.KILLED, Verdict.ERROR_RESULT, Verdict.INTERRUPTED)
CHAIN = "CCF902"
END = "CCF901"


@dataclass(frozen=True, slots=True)
class Condition:
    """Findings that say how things stood, and those of the failures that they bear on.

    ``without`` are natures of findings that say something else; ``times`` is how many failures it takes. A note
    alone is a factor only where it ``is_a_gap``: beside what is worse it says what was missing.
    """

    lead: str
    codes: tuple[str, ...]
    failures: tuple[str, ...]
    without: tuple[Nature, ...] = ()
    times: int = 1
    is_a_gap: bool = False

    def bearing_on(self, findings: Sequence[Finding], failed: Sequence[str]) -> list[Finding]:
        """Return its findings, the worst first, if failures that they bear on were found too."""
        found = [f for f in findings if f.rule in self.codes and f.nature not in self.without and _counts(f)]
        others = [code for code in failed if code in self.failures]
        told = self.is_a_gap or any(f.severity.rank > Severity.NOTE.rank for f in found)
        return found if told and len(others) >= self.times else []


AT_ONCE = Condition("Several agents were at work at once", ("CCF101",), ("CCF403",), times=2)
CONDITIONS = (
    Condition(
        "That a key did not work was found out when it was needed",
        ("CCF202", "CCF402"),
        ("CCF201", "CCF205"),
    ),
    Condition(
        "The service had been getting slower",
        ("CCF401",),
        ("CCF201", "CCF205", "CCF206"),
        without=(Nature.CONTROL_GAP,),
    ),
    Condition(
        "No check of the service was seen before it failed",
        ("CCF401",),
        ("CCF201", "CCF205", "CCF206"),
        without=(Nature.EVENT,),
        is_a_gap=True,
    ),
    Condition(
        "A failure came back looking like something else",
        ("CCF209", "CCF210", "CCF211", "CCF212"),
        ("CCF201", "CCF205"),
    ),
    Condition(
        "Agents worked side by side without what would have kept their work apart",
        ("CCF101", "CCF103", "CCF104", "CCF106", "CCF301"),
        ("CCF104", "CCF105"),
    ),
    AT_ONCE,
    Condition(
        "More was asked for than there was room for", ("CCF107", "CCF303"), ("CCF206", "CCF305", "CCF403")
    ),
    Condition(
        "What was done and what was not is hard to tell from the record",
        ("CCF102", "CCF304", "CCF307", "CCF404"),
        ("CCF403", END),
    ),
    Condition(
        "What failed was tried again in the same way",
        ("CCF407", "CCF408"),
        ("CCF201", "CCF206", "CCF207", "CCF208", END),
    ),
)


def factors_of(basis: Basis) -> Iterator[Factor]:
    """Yield at most five factors, the worst first; none where no failure was found."""
    case = basis.case
    failed = [f.rule for f in case.findings if _counts(f) and f.severity.rank >= Severity.LOW.rank]
    if case.ending.verdict not in CUT_SHORT:
        failed = [code for code in failed if code != END]
    groups = [(c, found) for c in CONDITIONS if (found := c.bearing_on(case.findings, failed))]
    told = [
        _at_once(basis, found) if condition is AT_ONCE else _factor(case, condition.lead, found)
        for condition, found in sorted(groups, key=lambda g: -g[1][0].severity.rank)
    ]
    chains = [_chain(f) for f in case.found(CHAIN) if f.statements]
    yield from [*chains[:1], *told][:MOST]


def _counts(found: Finding) -> bool:
    return found.contract_held is not True


def _factor(case: Case, lead: str, found: Sequence[Finding]) -> Factor:
    """Sum findings up: each rule is told once, in the words of its worst finding, and of equal ones the first."""
    place = {event: n for n, event in enumerate(case.events["event_id"])}
    worst: dict[str, Finding] = {}
    for other in found:
        known = worst.setdefault(other.rule, other)
        first, second = (place[f.evidence[0].event_id] for f in (known, other))
        if other.severity is known.severity and second < first:
            worst[other.rule] = other
    kinds = list(worst.values())
    messages = "; ".join(shortened(f.message, CELL) for f in kinds[:NAMED])
    text = shortened(f"{lead}: {messages}", SENTENCE)
    refs = tuple({f.evidence[0].event_id: f.evidence[0] for f in kinds[:SHOWN]}.values())
    return Factor(Told(text, Claim.DERIVED, refs), tuple(sorted({f.rule for f in found})))


def _at_once(basis: Basis, found: Sequence[Finding]) -> Factor:
    """Say how many agents were at work at once, and how many of them the record's end found at work."""
    out, started = agents_out(basis.case), spawned(basis.case)
    spawns = [a.spawn_event for a in (*out, *started) if a.spawn_event is not None]
    text = f"{AT_ONCE.lead}: {found[0].message}"
    if len(out) > 1:
        text += f"; {of_all(len(out), len(started))} agents were still out when the record ended"
    told = basis.told(text, Claim.DERIVED, spawns or (r.event_id for r in found[0].evidence))
    return Factor(told, tuple(sorted({f.rule for f in found})))


def _chain(found: Finding) -> Factor:
    """Say that failures led to one another, in the words of the finding that shows it."""
    said = next((s for s in found.statements if s.slot is Slot.HAPPENED), found.statements[0])
    refs = tuple(r for r in found.evidence if r.event_id in said.cites)[:SHOWN] or found.evidence[:SHOWN]
    return Factor(
        Told(
            shortened(f"A failure was not stopped where it occurred: {said.text}", SENTENCE),
            Claim.DERIVED,
            refs,
        ),
        (found.rule,),
    )

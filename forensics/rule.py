"""The shape of a rule: metadata on a pure function, and guidance that the report is made of."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from forensics.case import Case
from forensics.finding import Confidence, Hit, Insufficient, Nature, NotApplicable, Severity
from forensics.schema import Source

Said: TypeAlias = Hit | NotApplicable | Insufficient
Setting: TypeAlias = "bool | int | float | str | tuple[Setting, ...]"  # what a threshold may be

SECTIONS = ("What it detects", "Why it matters", "How to fix", "Known misses")


# What a rule's function looks like: a case, and thresholds as keyword parameters with defaults. It yields hits, or
# one reason why the rule cannot judge; nothing at all means clear.
Detector: TypeAlias = Callable[..., Iterator[Said]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What to do about a finding, in the words that the report prints.

    ``contract`` is the rule that was broken, with where it is written. ``metric`` is the sentence that
    the rule decides: it passes only when the rule ran and found nothing. In the steps and the two lessons, what
    stands between backticks is a command, shown as code as it is.
    """

    contract: str
    immediate: tuple[str, ...] = ()
    this_week: tuple[str, ...] = ()
    strategic: tuple[str, ...] = ()
    avoid: str
    instead: str
    before: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    metric: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule of the user's comes from: a file or a distribution, and the hash of its code."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One detector with its metadata.

    ``seed`` is its number in the incident report's scheme, if any. ``related`` names the rules whose findings it
    builds on or explains. One that ``reads_findings`` is run after the others, and sees theirs in its case.
    ``expectation`` is the name under which a configuration declares the safeguard that a control gap lacks.
    """

    code: str
    name: str
    title: str
    severity: Severity
    confidence: Confidence
    nature: Nature
    seed: str | None
    any_of: frozenset[Source]  # at least one of these sources is needed
    guidance: Guidance
    references: tuple[str, ...]
    since: str
    related: tuple[str, ...]
    reads_findings: bool
    expectation: str | None
    detect: Detector
    settings: Mapping[str, Setting] = field(default_factory=dict)  # thresholds that a configuration sets
    is_expected: bool = False  # the configuration declares its expectation
    origin: Origin | None = None  # of a rule that does not come with the program

    @property
    def documentation(self) -> str:
        """Return the docstring: the rule's own documentation."""
        return inspect.cleandoc(self.detect.__doc__ or "")

    @property
    def thresholds(self) -> Mapping[str, Setting]:
        """Return the keyword parameters with the values in force."""
        parameters = inspect.signature(self.detect).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        return defaults | dict(self.settings)

    def judge(self, case: Case) -> list[Said]:
        """Run the rule on one session; without any of its sources it cannot judge."""
        if not self.any_of & case.sources:
            *more, last = (s.one for s in sorted(self.any_of))
            names = f"{', '.join(more)} or {last}" if more else last
            return [Insufficient(f"needs {names}; none was supplied for this session")]
        return list(_told_apart(list(self.detect(case, **self.settings))))


def rule_named(rules: Sequence[Rule], text: str) -> Rule | None:
    """Return the rule of a code or a name, in letters of either size."""
    wanted = text.casefold()
    return next((r for r in rules if wanted in (r.code.casefold(), r.name.casefold())), None)


def _told_apart(said: Sequence[Said]) -> Iterator[Said]:
    """Give hits whose subjects are equal different ones: by what tells them apart, else by their order.

    A subject that stands alone is left as it is, so that its fingerprint stays.
    """
    plain = Counter(_identity(hit, hit.subject) for hit in said if isinstance(hit, Hit))
    seen: Counter[tuple[str | None, str]] = Counter()
    for one in said:
        if not isinstance(one, Hit):
            yield one
            continue
        alone = plain[_identity(one, one.subject)] == 1
        subject = one.subject if alone or not one.apart else f"{one.subject}|{one.apart}"
        seen[_identity(one, subject)] += 1
        nth = seen[_identity(one, subject)]
        yield replace(one, subject=subject if nth == 1 else f"{subject}|{nth}")


def _identity(hit: Hit, subject: str) -> tuple[str | None, str]:
    return hit.agent_id, " ".join(subject.split())


def rule(
    *,
    code: str,
    name: str,
    title: str,
    severity: Severity,
    confidence: Confidence,
    any_of: frozenset[Source],
    guidance: Guidance,
    nature: Nature = Nature.EVENT,
    seed: str | None = None,
    references: tuple[str, ...] = (),
    since: str = "0.1.0",
    related: tuple[str, ...] = (),
    reads_findings: bool = False,
    expectation: str | None = None,
) -> Callable[[Detector], Rule]:
    """Make a rule of a detector function."""

    def wrap(detect: Detector) -> Rule:
        return Rule(
            code=code,
            name=name,
            title=title,
            severity=severity,
            confidence=confidence,
            nature=nature,
            seed=seed,
            any_of=any_of,
            guidance=guidance,
            references=references,
            since=since,
            related=related,
            reads_findings=reads_findings,
            expectation=expectation,
            detect=detect,
        )

    return wrap

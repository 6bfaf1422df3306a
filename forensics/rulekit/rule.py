"""The shape of a rule: metadata on a pure function. What it says stands in its file of words."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from forensics.errors import BadRuleError
from forensics.rulekit.prose import Guidance
from forensics.rulekit.saying import Words
from forensics.schema import Source
from forensics.schema.families import FAMILIES, Family
from forensics.schema.finding import Confidence, Hit, Insufficient, Nature, NotApplicable, Severity
from forensics.session.model.case import Case

Said: TypeAlias = Hit | NotApplicable | Insufficient
Setting: TypeAlias = "bool | int | float | str | tuple[Setting, ...]"  # what a threshold may be

# What a rule's function looks like: a case, and thresholds as keyword parameters with defaults. It yields hits, or
# one reason why the rule cannot judge; nothing at all means clear.
Detector: TypeAlias = Callable[..., Iterator[Said]]


class Told(Protocol):
    """What a rule says of itself: in its file of words, or at its function."""

    @property
    def title(self) -> str:
        """Return what it is about, in a line."""
        ...

    @property
    def guidance(self) -> Guidance:
        """Return what to do about its findings."""
        ...

    @property
    def references(self) -> tuple[str, ...]:
        """Return what its documentation refers to."""
        ...

    @property
    def documentation(self) -> str:
        """Return its page in Markdown."""
        ...


@dataclass(frozen=True, slots=True)
class ToldHere:
    """What a rule in one file says of itself: its docstring is its documentation."""

    title: str
    guidance: Guidance
    references: tuple[str, ...]
    documentation: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule of the user's comes from: a file or a distribution, and the hash of its code."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One detector with its metadata.

    ``topic`` is its number in the outline of the incident report; null for one that has no place there. ``related``
    names the rules whose findings it builds on or explains. One that ``reads_findings`` is run after the others, and
    sees theirs in its case. ``expectation`` is the name under which a configuration declares the safeguard that a
    control gap lacks. What it says of itself (``told``) is read when it is asked for.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    nature: Nature
    topic: str | None
    any_of: frozenset[Source]  # at least one of these sources is needed
    reads: frozenset[Family]  # what the records that it judges by are about
    over: frozenset[Family]  # of each of these there has to be one; else one of what it reads is enough
    told: Told
    since: str
    related: tuple[str, ...]
    reads_findings: bool
    expectation: str | None
    detect: Detector
    settings: Mapping[str, Setting] = field(default_factory=dict)  # thresholds that a configuration sets
    is_expected: bool = False  # the configuration declares its expectation
    origin: Origin | None = None  # of a rule that does not come with the program

    @property
    def title(self) -> str:
        """Return what it is about, in a line."""
        return self.told.title

    @property
    def guidance(self) -> Guidance:
        """Return what to do about its findings."""
        return self.told.guidance

    @property
    def references(self) -> tuple[str, ...]:
        """Return what its documentation refers to."""
        return self.told.references

    @property
    def documentation(self) -> str:
        """Return the rule's own documentation, in Markdown."""
        return self.told.documentation

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
    words: Words | None = None,
    *,
    code: str,
    name: str | None = None,
    title: str | None = None,
    severity: Severity,
    confidence: Confidence,
    any_of: Source | frozenset[Source],
    reads: tuple[Family, ...] = FAMILIES,
    over: tuple[Family, ...] = (),
    guidance: Guidance | None = None,
    nature: Nature = Nature.EVENT,
    topic: str | None = None,
    references: tuple[str, ...] = (),
    since: str = "0.1.0",
    related: tuple[str, ...] = (),
    reads_findings: bool = False,
    expectation: str | None = None,
) -> Callable[[Detector], Rule]:
    """Make a rule of a detector function.

    Its ``words`` stand in the file beside it; a rule in one file gives its ``title``, its ``guidance`` and its
    ``references`` here, and its docstring is its documentation. Without a ``name`` it is called as its function is.
    One that does not say which families of records it ``reads`` reads all of them.
    """

    def wrap(detect: Detector) -> Rule:
        return Rule(
            code=code,
            name=name if name is not None else detect.__name__.replace("_", "-"),
            severity=severity,
            confidence=confidence,
            nature=nature,
            topic=topic,
            any_of=frozenset({any_of}) if isinstance(any_of, Source) else any_of,
            reads=frozenset(reads),
            over=frozenset(over),
            told=words if words is not None else _told_here(detect),
            since=since,
            related=related,
            reads_findings=reads_findings,
            expectation=expectation,
            detect=detect,
        )

    def _told_here(detect: Detector) -> ToldHere:
        if title is None or guidance is None:
            missing = "title" if title is None else "guidance"
            msg = f"{code}: a rule without a file of words gives its {missing}"
            raise BadRuleError(msg)
        return ToldHere(title, guidance, references, inspect.cleandoc(detect.__doc__ or ""))

    return wrap

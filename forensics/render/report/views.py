"""What the report's templates see of one session: the names that a template of one's own may use.

Every piece of evidence has one number (E1, E2 …) for the whole report, in order of its first appearance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forensics.analysis.entries import DiskWrite, Gap, Moment, TodoEntry
from forensics.analysis.session_analysis import AgentLife
from forensics.render.pictures.picture import Picture
from forensics.render.report.advice_views import Advice
from forensics.render.report.exhibits import Exhibit, Related, Sentence
from forensics.render.report.moments import LocalClock
from forensics.render.report.outline import Topic
from forensics.render.report.review_views import ReviewView
from forensics.rulekit.rule import Rule
from forensics.schema.finding import EvidenceRef, Finding, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding, its sentences by place."""

    finding: Finding
    happened: tuple[Sentence, ...]
    why: tuple[Sentence, ...]
    impact: tuple[Sentence, ...]
    contract: str
    contract_held: bool | None
    is_contract_told: bool  # with another finding of its rule that stands before it
    anchor: str  # of its place in the report
    heading: str  # its message, without what its sentences repeat
    evidence: tuple[Exhibit, ...]
    quoted: tuple[
        Exhibit, ...
    ]  # of its evidence, what is quoted with it: its first lines that stand nowhere before
    referred: tuple[Exhibit, ...]  # the rest of it, quoted elsewhere
    tables: tuple[Table, ...]
    gaps: tuple[Related, ...]  # safeguards that were not observed, and would have met it
    related: tuple[Related, ...]  # other findings of this session that stand in connection with it


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicView:
    """One sub-number: its findings, or why it has none."""

    topic: Topic
    state: str  # in a word or two, for the heading; empty where there are findings
    status: str
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryView:
    """One error category."""

    number: str
    title: str
    topics: tuple[TopicView, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """A happening that no line and no resource links to others."""

    text: str
    when: str  # UTC, the server's clock, or that it is not known
    codes: tuple[str, ...]
    ref: EvidenceRef
    exhibit: Exhibit
    anchors: Mapping[str, str]  # by code: of the findings that tell it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """One happening of a chain, and what links it to the one before."""

    when: str
    text: str
    link: str  # EXPLICIT | RESOURCE and the time between; empty for the first
    codes: tuple[str, ...]
    anchors: Mapping[str, str]  # by code: of the findings that tell it
    severity: str
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """What the findings are to one another: the chains, what stands beside them, what merely followed soon."""

    verdict: str  # empty where there are fewer than two happenings
    findings: tuple[FindingView, ...]
    paths: tuple[str, ...]  # each chain in one line, the longest first
    steps: tuple[tuple[ChainStep, ...], ...]  # each chain step by step, in the same order
    beside: tuple[Beside, ...]
    followed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One row of the timeline of failure: a record that findings rest on, or a silence."""

    utc: str
    local: str
    quality: str  # how the time is known, where it is not the record's own
    what: str
    codes: tuple[str, ...]
    anchors: Mapping[str, str]  # by code: of the findings that rest on this very record
    exhibit: Exhibit | None  # none where the row is a silence
    gap: Gap | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The timeline of failure. What all rows share stands here and not in each of them."""

    date: str  # of all times in UTC; empty where they have several, and then in each row
    zone: str  # of all local times, as its name or offset; empty where they have several, or none
    rows: tuple[TimelineRow, ...]
    omitted: int  # records before the first row


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Everything the templates show of one session."""

    session_id: str  # Claude's id, `voice:<start>` or `log:<hash>`
    label: str  # S1, S2 … where the report has several sessions, else empty
    title: str  # the end in words, and the longest chain of failures
    when: str  # of the last record: local where the zone is known, else UTC
    headline: str  # how it ended, in a sentence
    began: str  # UTC, or that it is not known
    span: str  # from the first record to the last
    duration: str  # both in one line, with local times where the zone is known
    impact: str  # its foremost figures, in one line
    verdict: str  # CLEAN, ERROR_RESULT, INTERRUPTED, CRASHED, KILLED, TRUNCATED, NEVER_STARTED, UNKNOWN
    proof: str  # of the verdict
    proof_exhibits: tuple[Exhibit, ...]  # the lines that show it
    client: str  # with its version, where that is in the evidence
    project: str  # its folder
    summary: tuple[Sentence, ...]  # at most five
    worst: tuple[FindingView, ...]  # the findings to name at the top
    more_findings: int  # so many beside them
    anchors: Mapping[str, str]  # by a rule's code, that of its first finding
    severity: str  # of the worst finding; empty where there is none
    root_cause: str  # or that none is established
    story: Story  # the timeline of what findings rest on
    categories: tuple[CategoryView, ...]  # the findings by what they are about
    ending: tuple[FindingView, ...]  # those about the end
    end_exhibits: tuple[
        Exhibit, ...
    ]  # the proof of the end and the silence before it, where no finding quotes them
    chain: ChainView  # what the findings are to one another
    advice: Advice  # what follows from them
    review: ReviewView  # what is said beside them
    pictures: tuple[Picture, ...]  # only those that show something
    resume: str | None  # the id to resume it by, where it is one that the client gives
    todos: tuple[TodoEntry, ...]  # items that were open at the end
    missing_agents: tuple[AgentLife, ...]  # without a result, or stopped
    disk_writes: tuple[DiskWrite, ...]  # that no call of a file tool explains
    has_transcript: bool  # whether one is in the evidence
    timeline: tuple[tuple[Moment, tuple[Gap, ...]], ...]  # each with the long silences before it
    last_gaps: tuple[Gap, ...]  # those after the last of them
    timeline_omitted: int  # rows left out of it
    outcomes: tuple[tuple[Rule, str, str], ...]  # each rule, how it ended, and why
    unquoted: tuple[Exhibit, ...]  # evidence that no section quotes
    clock: LocalClock  # the zone of local times, and how it is known

    @property
    def is_clean(self) -> bool:
        """Say whether no rule found anything."""
        return not self.worst

    @property
    def without_findings(self) -> tuple[CategoryView, ...]:
        """Return the categories in which no rule found anything."""
        return tuple(c for c in self.categories if not any(t.findings for t in c.topics))

    @property
    def tail(self) -> str:
        """Return what tells this session's headings from those of others."""
        return f" ({self.label})" if self.label else ""

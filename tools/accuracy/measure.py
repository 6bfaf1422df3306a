"""Run every rule on every recording, and count where it is right.

A recording is one question to each rule that its truth decides: does it find something? Public sessions have no truth;
there only the rate at which a rule fires is counted, and of the headless runs among them how they really ended.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path

from forensics.analysis.engine import analyse
from forensics.analysis.model import Analysis
from forensics.analysis.request import Request
from forensics.rules import RULES
from forensics.schema.finding import OutcomeKind, Severity
from tools.accuracy.expectations import expected_of
from tools.accuracy.field import FieldRun, runs_of
from tools.accuracy.twins import FIXTURES as TWINS
from tools.accuracy.twins import Cell, compared
from tools.recorder.keep import FIXTURES as RECORDINGS

ENDINGS = "ENDINGS.tsv"
OURS = "fixtures"  # recordings that come with the project
Z_95 = 1.6449  # of the normal distribution, one-sided


@dataclass(slots=True)
class Tally:
    """How often a rule was right: true and false positives and negatives."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    admitted: int = 0  # of the false negatives: those where it says that it cannot judge

    @property
    def cases(self) -> int:
        """Return how many recordings decide the rule."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precise_from(self) -> float | None:
        """Return what its precision is at least, at 95 % confidence, if recordings were drawn at random."""
        return at_least(self.tp, self.tp + self.fp)

    @property
    def recalls_from(self) -> float | None:
        """Return what its recall is at least, in the same sense."""
        return at_least(self.tp, self.tp + self.fn)

    @property
    def precision(self) -> float | None:
        """Return the share of its findings that are right."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        """Return the share of what was there that it found."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    def add(self, *, must: bool, found: bool, unsure: bool) -> None:
        """Count one recording."""
        self.tp += must and found
        self.fn += must and not found
        self.fp += found and not must
        self.tn += not must and not found
        self.admitted += must and not found and unsure


def at_least(right: int, cases: int) -> float | None:
    """Return the lower end of Wilson's one-sided 95 % interval for a share; null without cases."""
    if not cases:
        return None
    share, z2 = right / cases, Z_95 * Z_95
    middle = share + z2 / (2 * cases)
    spread = Z_95 * sqrt(share * (1 - share) / cases + z2 / (4 * cases * cases))
    return (middle - spread) / (1 + z2 / cases)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A recording that a rule judges wrongly."""

    code: str
    recording: str
    must: bool
    reason: str  # what the rule says of itself, if anything

    @property
    def sentence(self) -> str:
        """Say what is wrong."""
        said = "missed" if self.must else "found wrongly"
        return f"{self.recording}: {said}" + (f" ({self.reason})" if self.reason else "")


@dataclass(slots=True)
class Measured:
    """Everything that the page shows."""

    tallies: dict[str, Tally] = field(default_factory=lambda: {r.code: Tally() for r in RULES})
    mistakes: list[Mistake] = field(default_factory=list)
    recordings: int = 0
    versions: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    fired: dict[str, Counter[Severity]] = field(
        default_factory=dict
    )  # public sessions, by their worst finding
    runs: Counter[tuple[str, bool]] = field(default_factory=Counter)  # (how it ended, said to be abnormal)
    twins: dict[str, dict[str, Cell]] = field(default_factory=dict)  # by scenario and version, by format
    field_runs: list[FieldRun] = field(default_factory=list)


def measure(corpus: Path) -> Measured:
    """Measure on all recordings below ``corpus``, and on the public sessions where they are there."""
    measured = Measured()
    for truth in sorted(corpus.glob("*/*/*/TRUTH.json")):
        _judge(truth.parent, measured, truth.parts[-4])
    for truth in sorted(RECORDINGS.glob("*/*/TRUTH.json")):
        _judge(truth.parent, measured, OURS)
    for truth in sorted(TWINS.glob("*/*/TRUTH.json")):
        version, scenario = truth.parts[-3:-1]
        told = compared(truth.parent)
        measured.twins[f"{scenario} {version}"] = {form: one.cell for form, one in told.items()}
    measured.field_runs = list(runs_of(corpus / "field"))
    if (corpus / "public").is_dir():
        analysis = analyse(Request([corpus / "public"]))
        _count(analysis, measured)
        _endings(corpus / "public" / ENDINGS, analysis, measured)
    return measured


def measure_others(folder: Path) -> Measured:
    """Measure on recordings that the rules were not built with: those of ``make drift``."""
    measured = Measured()
    for truth in sorted(folder.glob("*/*/TRUTH.json")):
        _judge(truth.parent, measured, "claude-code")
    return measured


def _judge(recording: Path, measured: Measured, program: str) -> None:
    version, scenario = recording.parts[-2:]
    truth = json.loads((recording / "TRUTH.json").read_text(encoding="utf-8"))
    analysis = analyse(Request([recording / "input"]))
    measured.recordings += 1
    measured.versions[f"{program} {version}"] += 1
    found = {finding.rule for finding in analysis.findings}
    for code, must in sorted(expected_of(truth, scenario).items()):
        if code not in measured.tallies:
            continue
        unsure = list(_unsure(analysis, code))
        measured.tallies[code].add(must=must, found=code in found, unsure=bool(unsure))
        if must != (code in found):
            reason = "; ".join(unsure) if must else ""
            measured.mistakes.append(Mistake(code, f"{program}/{version}/{scenario}", must, reason))


def _unsure(analysis: Analysis, code: str) -> Iterator[str]:
    """Yield why a rule says that it cannot judge."""
    for session in analysis.sessions:
        for outcome in session.outcomes:
            if outcome.rule == code and outcome.outcome is OutcomeKind.INSUFFICIENT:
                yield outcome.reason or ""


def _count(analysis: Analysis, measured: Measured) -> None:
    measured.sessions = len(analysis.sessions)
    for session in analysis.sessions:
        worst: dict[str, Severity] = {}
        for finding in session.findings:  # worst first
            worst.setdefault(finding.rule, finding.severity)
        for code, severity in worst.items():
            measured.fired.setdefault(code, Counter())[severity] += 1


def _endings(table: Path, analysis: Analysis, measured: Measured) -> None:
    """Compare the verdicts of headless runs with how their harness saw them end."""
    if not table.is_file():
        return
    verdicts = {name: s.case.ending.verdict.value for s in analysis.sessions for name in s.files}
    with table.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            said = next((v for name, v in verdicts.items() if name.endswith(row["file"])), None)
            if said is not None:
                measured.runs[row["ending"], said not in ("CLEAN", "UNKNOWN")] += 1

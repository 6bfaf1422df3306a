"""One run, told by several formats: what the rules say of each, and whether they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.rules import RULES
from forensics.schema.finding import OutcomeKind
from tools.recorder.twins import FIXTURES, FORMATS

__all__ = ["FIXTURES", "FORMATS", "Cell", "Compared", "answers_of", "compared"]

FIRED, QUIET, OPEN = "fired: ", "nothing", "insufficient"
CODES = tuple(rule.code for rule in RULES)


class Cell(StrEnum):
    """What a format says of a scenario, beside the others."""

    EQUAL = "equal"
    INSUFFICIENT = "insufficient"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Compared:
    """One format's answers to all rules, against those of the formats before it."""

    cell: Cell
    differing: tuple[str, ...] = ()  # sentences
    open: tuple[str, ...] = ()  # rules that it cannot judge, and another format can


def answers_of(logs: Path) -> dict[str, str]:
    """Return what each rule says of some logs: that it fired, with its severities; nothing; or that it cannot say."""
    if not logs.is_dir():
        return dict.fromkeys(CODES, OPEN)
    try:
        analysis = analyse(Request([logs]))
    except NothingReadableError:  # a killed client printed nothing, or the text is any program's: exit code 3
        return dict.fromkeys(CODES, OPEN)
    found: dict[str, list[str]] = {}
    undecided: set[str] = set()
    for finding in sorted(analysis.findings, key=lambda f: -f.severity.rank):
        if finding.contract_held is None:  # it says itself that this evidence does not decide it
            undecided.add(finding.rule)
        else:
            found.setdefault(finding.rule, []).append(finding.severity.value)
    kinds: dict[str, set[OutcomeKind]] = {code: set() for code in CODES}
    for session in analysis.sessions:
        for outcome in session.outcomes:
            kinds[outcome.rule].add(outcome.outcome)
    answers = {}
    for code, said in kinds.items():
        if code in found:
            answers[code] = f"{FIRED}{', '.join(found[code])}"
        else:
            answers[code] = (
                OPEN if code in undecided or not said or OutcomeKind.INSUFFICIENT in said else QUIET
            )
    return answers


def compared(twins: Path) -> dict[str, Compared]:
    """Compare the formats of one scenario: the first that can judge a rule says what the others must say too."""
    told = {form: answers_of(twins / form) for form in FORMATS}
    right: dict[str, tuple[str, str]] = {}
    for form, answers in told.items():
        for code, answer in answers.items():
            if answer != OPEN and (code not in right or _is_part(right[code][0], answer)):
                right[code] = (answer, form)
    return {form: _compared(answers, right) for form, answers in told.items()}


def _is_part(answer: str, whole: str) -> bool:
    """Say whether a format tells some of what another tells, the worst of it included, and nothing else."""
    some, every = (Counter(said.removeprefix(FIRED).split(", ")) for said in (answer, whole))
    same_worst = answer.partition(", ")[0] == whole.partition(", ")[0]
    return answer.startswith(FIRED) and same_worst and some < every


def _compared(answers: Mapping[str, str], right: Mapping[str, tuple[str, str]]) -> Compared:
    differing = tuple(_differing(answers, right))
    blind = tuple(
        code
        for code, answer in answers.items()
        if code in right and (answer == OPEN or _is_part(answer, right[code][0]))
    )
    if differing:
        return Compared(Cell.DIFFERS, differing, blind)
    return Compared(Cell.INSUFFICIENT if blind else Cell.EQUAL, (), blind)


def _differing(answers: Mapping[str, str], right: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for code, answer in answers.items():
        if answer == OPEN or answer == right[code][0] or _is_part(answer, right[code][0]):
            continue
        yield f"{code} says {answer}, and {right[code][0]} of the {right[code][1]}"

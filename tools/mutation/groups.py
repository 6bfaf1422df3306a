"""What is mutated, and which tests have to notice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
CODE = re.compile(r"CCF\d{3}")


@dataclass(frozen=True, slots=True)
class Group:
    """Files, and the tests of them: the cheap ones first."""

    name: str
    files: tuple[str, ...]  # patterns below the checkout
    tests: tuple[str, ...]  # as pytest takes them
    keyword: str | None = None  # pytest's -k
    wider: tuple[str, ...] = ()  # tests of what is above: they are asked about survivors alone
    is_by_code: bool = False  # a rule's tests are those whose parameter begins with its code

    def sources(self) -> list[Path]:
        """Return the files, in order."""
        found = {p for pattern in self.files for p in CHECKOUT.glob(pattern)}
        return sorted(p for p in found if p.name != "__init__.py")


RULES_AS_A_WHOLE = (
    "tests/rules/test_rules_are_well_formed.py",
    "tests/rules/test_tables.py",
    "tests/rules/test_rule_fingerprints.py",
    "tests/whole/test_docs.py",
)
REPORTS = ("tests/whole/test_golden.py", "tests/whole/test_incident_claims.py", "tests/analysis/review")
GROUPS = (
    Group(
        "rules",
        ("forensics/rules/*/*.py",),
        (
            "tests/rules/test_rule_fixtures.py",
            "tests/rules/test_rule_laws.py",
            "tests/rules/test_sentences_said.py",
        ),
        is_by_code=True,
        wider=(*RULES_AS_A_WHOLE, *REPORTS),
    ),
    Group(
        "endings",
        tuple(f"forensics/session/model/{name}.py" for name in ("ending", "last_records", "runs", "deaths")),
        (
            "tests/session/model/test_ending.py",
            "tests/laws/test_5_a_session_has_runs.py",
            "tests/laws/test_6_an_ending_names_its_witness.py",
        ),
        wider=(
            "tests/session/model",
            "tests/rules/test_rule_fixtures.py",
            "tests/formats/claude/witnesses",
            *REPORTS,
        ),
    ),
    Group(
        "chain",
        ("forensics/chain/*.py",),
        ("tests/chain", "tests/rules/test_rule_fixtures.py"),
        "chain or CCF902",
        wider=REPORTS,
    ),
    Group(
        "clock",
        (
            "forensics/table/clock.py",
            "forensics/table/offsets.py",
            "forensics/table/given_times.py",
            "forensics/analysis/own_clock.py",
        ),
        ("tests/table/test_clock.py",),
        wider=(
            "tests/table",
            "tests/formats/claude/test_job_log.py",
            "tests/render/events/test_timeline.py",
            *REPORTS,
        ),
    ),
    Group(
        "redaction", ("forensics/privacy/redact.py", "forensics/privacy/secret_kinds.py"), ("tests/privacy",)
    ),
)


def code_of(source: Path) -> str | None:
    """Return the code of the rule that a file holds: the first one that it names."""
    found = CODE.search(source.read_text("utf-8"))
    return found[0] if found else None

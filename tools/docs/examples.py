"""Write the examples that ``explain`` shows, one of each rule, out of its fixtures: ``python -m tools.docs.examples``.

Where a rule fires, what it says and on which lines; and the names of the cases in which it fires and is silent.
"""

from __future__ import annotations

import json
from pathlib import Path

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.rules import RULES
from forensics.schema.finding import EvidenceRef, Finding

CHECKOUT = Path(__file__).parents[2]
FIXTURES = CHECKOUT / "fixtures" / "rules"
DATA = CHECKOUT / "forensics" / "render" / "answers" / "examples.json"
MOST_LINES = 4


def examples() -> str:
    """Return the file's text."""
    found = {rule.code: _example(rule.code) for rule in RULES}
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _example(code: str) -> dict[str, object]:
    """Choose the case that needs the fewest lines to show."""
    fires, silent = _cases(code, "fires"), _cases(code, "silent")
    case = min(fires, key=lambda c: (len(_expected(c)), c.name))
    finding = next(f for f in analyse(Request([case / "input"])).findings if f.rule == code)
    return {
        "case": case.name,
        "severity": finding.severity.value,
        "claim": finding.claim.value,
        "message": finding.message,
        "lines": [[f"{e.path}:{e.line}", e.excerpt] for e in _shown(finding)],
        "fires": [c.name for c in fires],
        "silent": [c.name for c in silent],
    }


def _cases(code: str, kind: str) -> list[Path]:
    return sorted(p.parent for p in FIXTURES.glob(f"{code}/{kind}/*/expected.json"))


def _expected(case: Path) -> list[str]:
    wanted = json.loads((case / "expected.json").read_text(encoding="utf-8"))["findings"]
    return [line for finding in wanted for line in finding["evidence"]]


def _shown(finding: Finding) -> list[EvidenceRef]:
    return list(finding.evidence[:MOST_LINES])


if __name__ == "__main__":
    DATA.write_text(examples(), encoding="utf-8")

"""How much the rules cost beside parsing: ``python -m tools.rule_cost PATH…``. CPU seconds of one run, and the ratio.

Times of one machine say little; their ratio in one run is what is meant: all rules together, with the evidence of what
they find, at most as much as parsing.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from unittest.mock import patch

from forensics.analysis.citations import Citations
from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.rulekit.rule import Rule
from forensics.rules import RULES
from forensics.session.model.case import build_case
from forensics.table.ingest import ingest

MOST = 12  # rules that are listed


class Clock:
    """CPU seconds by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Count what is spent inside."""
        begun = process_time()
        yield
        self.spent[name] += process_time() - begun

    def timed(self, name: str, function: Callable[..., object]) -> Callable[..., object]:
        """Return the same function, counted."""

        def run(*arguments: object, **options: object) -> object:
            with self.on(name):
                return function(*arguments, **options)

        return run


def main(paths: list[Path]) -> None:
    """Analyse once and print a table."""
    clock = Clock()
    judge = Rule.judge

    def counted(rule: Rule, case: object) -> object:
        with clock.on(rule.code):
            return judge(rule, case)  # type: ignore[arg-type]

    with (
        patch.object(Rule, "judge", counted),
        patch("forensics.analysis.engine.ingest", clock.timed("parsing", ingest)),
        patch("forensics.analysis.engine.build_case", clock.timed("sessions", build_case)),
        patch.object(Citations, "resolve", clock.timed("evidence", Citations.resolve)),
        clock.on("all"),
    ):
        analyse(Request(paths))
    rules = {rule.code: clock.spent.pop(rule.code, 0.0) for rule in RULES}
    for name, seconds in clock.spent.items():
        print(f"{name:10} {seconds:7.3f} s")
    total = sum(rules.values())
    print(f"{'rules':10} {total:7.3f} s, {total / clock.spent['parsing']:.2f} of parsing")
    with_evidence = total + clock.spent["evidence"]
    print(
        f"{'':10} {with_evidence:7.3f} s with their evidence, {with_evidence / clock.spent['parsing']:.2f} of parsing"
    )
    for code, seconds in sorted(rules.items(), key=lambda r: -r[1])[:MOST]:
        print(f"  {code:8} {seconds:7.3f} s")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])

"""How a gate ends: the one place that turns an analysis into an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forensics.cli.run import EXIT_FINDINGS, EXIT_UNREAD

if TYPE_CHECKING:
    from forensics.analysis.model import Analysis
    from forensics.schema.finding import Severity


def exit_code_of(analysis: Analysis, fail_on: Severity, *, unread_is_fine: bool = False) -> int:
    """Return 1 for a finding of that severity; else 3 where evidence was not read: half blind is not clean."""
    if any(f.fails(fail_on) for f in analysis.findings):
        return EXIT_FINDINGS
    return EXIT_UNREAD if analysis.blind and not unread_is_fine else 0

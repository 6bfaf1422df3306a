"""What many tests look at is made once for all of them: the analysis of some logs, and its report.

They are not to be changed. All tests of one case of ``fixtures/rules`` run in one process, see ``ByCase`` in
conftest.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from forensics.analysis.engine import analyse
from forensics.analysis.model import Analysis
from forensics.analysis.request import Request
from forensics.render.report.markdown import to_markdown


def analysis_of(*paths: Path, around: int = 0, zone: str | None = None) -> Analysis:
    """Return the analysis of these paths."""
    return _analysed(paths, around, zone)


def report_of(*paths: Path, zone: str | None = None) -> str:
    """Return the report of these paths, as Markdown."""
    return _reported(paths, zone)


@cache
def _analysed(paths: tuple[Path, ...], around: int, zone: str | None) -> Analysis:
    return analyse(Request(paths, around=around, zone=zone))


@cache
def _reported(paths: tuple[Path, ...], zone: str | None) -> str:
    return to_markdown(_analysed(paths, 0, zone), tz=zone)

"""What many tests look at is made once for all of them: the analysis of some logs, and its report.

They are not to be changed. All tests of the cases of one rule run in one process, see ``by_rule.py``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.model import Analysis
from forensics.analysis.request import Request
from forensics.render.report.markdown import to_markdown
from forensics.rulekit import saying


def analysis_of(*paths: Path, around: int = 0, zone: str | None = None) -> Analysis:
    """Return the analysis of these paths."""
    return _analysed(paths, around, zone)[0]


def sentences_of(*paths: Path) -> frozenset[tuple[Path, str]]:
    """Return the sentences that rules said in the analysis of these paths: the file of the words, and the name."""
    return _analysed(paths, 0, None)[1]


def report_of(*paths: Path, zone: str | None = None) -> str:
    """Return the report of these paths, as Markdown."""
    return _reported(paths, zone)


@cache
def _analysed(
    paths: tuple[Path, ...], around: int, zone: str | None
) -> tuple[Analysis, frozenset[tuple[Path, str]]]:
    heard, plainly = set(), saying._said

    def listening(words, wording, name, given):
        heard.add((words.path, name))
        return plainly(words, wording, name, given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saying, "_said", listening)
        analysis = analyse(Request(paths, around=around, zone=zone))
    return analysis, frozenset(heard)


@cache
def _reported(paths: tuple[Path, ...], zone: str | None) -> str:
    return to_markdown(analysis_of(*paths, zone=zone), tz=zone)

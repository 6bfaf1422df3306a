"""What is to be analysed, and how: named once where a run begins, and handed on whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import IO

from forensics.evidence.progress import Progress
from forensics.rulekit.rule import Rule
from forensics.rules import RULES
from forensics.text.lengths import MOST_ROWS


@dataclass(frozen=True, slots=True)
class Request:
    """One run over some evidence.

    The path ``-`` is ``stdin``. Files under ``base`` are named relative to it. ``zone`` is that of clocks that name
    none. So many lines ``around`` each cited one are kept with the analysis, and ``most_rows`` of each session's
    timeline (null: all). ``reviewing`` says what only a report tells. Without ``redacting`` secrets stay.
    ``progress`` is told how far the run is.
    """

    paths: Sequence[Path]
    _: KW_ONLY
    zone: str | None = None
    rules: Sequence[Rule] = RULES
    stdin: IO[bytes] | None = None
    base: Path | None = None
    around: int = 0
    most_rows: int | None = MOST_ROWS
    reviewing: bool = True
    redacting: bool = True
    progress: Progress | None = None

    @property
    def where(self) -> str:
        """Return the paths in words, for what is said of them."""
        return ", ".join(str(p) for p in self.paths)

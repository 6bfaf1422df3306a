"""An analysis for people who think in DataFrames: its tables by name, and its report as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import polars as pl

from forensics.analysis.model import Analysis
from forensics.errors import UsageError
from forensics.evidence.outputs import write_files
from forensics.render.answers.json_report import to_json
from forensics.render.events.sql import answer
from forensics.render.events.tables import tables_of
from forensics.render.report.html.page import to_html
from forensics.render.report.markdown import to_markdown
from forensics.text.zones import zone_of

ReportForm = Literal["markdown", "html"]
FORMS: dict[str, Callable[..., str]] = {"markdown": to_markdown, "html": to_html}


@dataclass(frozen=True)
class Frames:
    """What ``forensics.analyse`` returns. The tables are those of ``forensics events`` and ``forensics query``.

    Their columns are explained in docs/exploring.md. ``analysis`` is what renderers get: it has more, and no promise.
    """

    analysis: Analysis

    @property
    def events(self) -> pl.DataFrame:
        """Return one row for each record of the sessions, session by session, in order of time."""
        return self._tables["events"]

    @property
    def findings(self) -> pl.DataFrame:
        """Return one row for each finding, worst first within each session."""
        return self._tables["findings"]

    @property
    def evidence(self) -> pl.DataFrame:
        """Return one row for each line that a finding cites."""
        return self._tables["evidence"]

    @property
    def sessions(self) -> pl.DataFrame:
        """Return one row for each session: its span, its verdict, its counts."""
        return self._tables["sessions"]

    @property
    def agents(self) -> pl.DataFrame:
        """Return one row for each subagent: who spawned it, when it lived, how it ended."""
        return self._tables["agents"]

    @property
    def gaps(self) -> pl.DataFrame:
        """Return one row for each silence of five minutes or more."""
        return self._tables["gaps"]

    @property
    def outcomes(self) -> pl.DataFrame:
        """Return how each rule ended for each session; one that could not judge says why."""
        return self._tables["outcomes"]

    @property
    def inputs(self) -> pl.DataFrame:
        """Return one row for each file: how much of it was understood, or why it was not read."""
        return self._tables["inputs"]

    def query(self, sql: str) -> pl.DataFrame:
        """Ask the tables in SQL, by their names. Raises ``UsageError`` for anything but a SELECT, and for wrong SQL."""
        return answer(sql, self._tables)

    def report(
        self, path: str | Path | None = None, *, form: ReportForm | None = None, tz: str | None = None
    ) -> str:
        """Return the incident report, and write it to ``path`` if one is given.

        ``form`` is markdown or html; without it, html for a path that ends in .html, else markdown.
        ``tz`` names the zone of the column of local times.

        Raises ``UsageError`` for a path that is one of the logs or cannot be written, and for a form or a zone that
        does not exist.
        """
        file = Path(path) if path is not None else None
        if file is not None:
            self.analysis.spare(file)
        if tz is not None and zone_of(tz) is None:
            msg = f"tz {tz!r}: no such time zone; use an IANA name such as America/Chicago, or UTC"
            raise UsageError(msg)
        is_page = file is not None and file.suffix.lower() in {".html", ".htm"}
        text = _written_as(form or ("html" if is_page else "markdown"))(self.analysis, tz=tz)
        if file is not None:
            _write(text, file)
        return text

    def to_json(self) -> str:
        """Return what ``forensics check --format json`` prints."""
        return to_json(self.analysis)

    @cached_property
    def _tables(self) -> dict[str, pl.DataFrame]:
        return tables_of(self.analysis)


def _written_as(form: str) -> Callable[..., str]:
    if form not in FORMS:
        msg = f"form {form!r}: no such form; a report is written as {' or '.join(FORMS)}"
        raise UsageError(msg)
    return FORMS[form]


def _write(text: str, file: Path) -> None:
    try:
        write_files({file: text})
    except OSError as error:
        msg = f"{file}: {error.strerror or error}"
        raise UsageError(msg) from error

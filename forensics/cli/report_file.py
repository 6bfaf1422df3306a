"""The report, written where and as the user wants it, with its pictures as files where they are asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.options import ReportFormat
from forensics.cli.run import file_of, show
from forensics.cli.terminal import screen, terminal
from forensics.errors import UsageError
from forensics.evidence.outputs import write_files
from forensics.text.controls import plain

if TYPE_CHECKING:
    from forensics.analysis.model import Analysis

# modules of the extra `plots`, and the distributions that hold them
DRAWN_BY = {"altair": "altair", "vl_convert": "vl-convert-python"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user wants of a report. No ``output``, or ``-``, is standard output."""

    output: Path | None = None
    written_as: ReportFormat = ReportFormat.MARKDOWN
    tz: str | None = None
    template: Path | None = None
    assets: Path | None = None  # folder for the pictures

    @property
    def file(self) -> Path | None:
        """Return the file that the report goes into."""
        return file_of(self.output)


def require_plots() -> None:
    """Say before anything is read that a package is missing. Raises ``UsageError``."""
    missing = [held for name, held in DRAWN_BY.items() if find_spec(name) is None]
    if missing:
        msg = f"--assets: not installed: {', '.join(missing)}; pip install {' '.join(missing)}"
        raise UsageError(msg)


def write_report(analysis: Analysis, wanted: Wanted) -> None:
    """Write the report; where it goes into a file, say in short what it holds.

    Report and pictures are written together, or none of them. Raises ``UsageError`` rather than write over a log.
    """
    from forensics.render.answers.console import to_text

    text, pictures = _text(analysis, wanted), _pictures(analysis, wanted)
    report = {} if wanted.file is None else {wanted.file: text}
    analysis.spare(*report, *pictures)
    if wanted.file is not None and wanted.file.resolve() in {p.resolve() for p in pictures}:
        msg = f"{wanted.file}: is the name of one of the pictures; name another file for the report"
        raise UsageError(msg)
    write_files({**report, **pictures}, wanted.assets)
    if wanted.file is None:
        show(text)
        return
    show(to_text(analysis, **terminal()))
    show(f"\nThe report is in {plain(str(wanted.file))}\n")


def _text(analysis: Analysis, wanted: Wanted) -> str:
    if wanted.written_as is ReportFormat.TERMINAL:
        from forensics.render.report.screen.report import to_screen

        return to_screen(analysis, tz=wanted.tz, **screen(wanted.output))
    if wanted.written_as is ReportFormat.HTML:
        from forensics.render.report.html.page import to_html

        return to_html(analysis, tz=wanted.tz, templates=wanted.template)
    from forensics.render.report.markdown import to_markdown

    return to_markdown(analysis, tz=wanted.tz, templates=wanted.template, assets=_link(wanted))


def _link(wanted: Wanted) -> str | None:
    """Return the folder of pictures as seen from the report: on standard output, from here."""
    if wanted.assets is None:
        return None
    here = wanted.file.parent if wanted.file is not None else Path()
    return Path(os.path.relpath(wanted.assets, here)).as_posix()


def _pictures(analysis: Analysis, wanted: Wanted) -> dict[Path, str]:
    """Return the pictures that are asked for, by their files."""
    if wanted.assets is None:
        return {}
    from forensics.render.pictures.plots import files_of

    return {wanted.assets / name: text for name, text in files_of(analysis).items()}

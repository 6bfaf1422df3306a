"""The report, written where and as the user wants it, with pictures as files and a bundle where they are asked for.

What a bundle holds depends on no option that says how the report is to look (``--format``, ``--template``,
``--assets``): those are for the report beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
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
    """What the user wants of a report. No ``output``, or ``-``, is standard output, unless only a bundle is wanted."""

    output: Path | None = None
    written_as: ReportFormat = ReportFormat.MARKDOWN
    tz: str | None = None
    template: Path | None = None
    assets: Path | None = None  # folder for the pictures
    bundle: Path | None = None

    @property
    def file(self) -> Path | None:
        """Return the file that the report goes into."""
        return file_of(self.output)

    @property
    def is_shown(self) -> bool:
        """Say whether the report goes to standard output."""
        return self.file is None and (self.bundle is None or self.output is not None)


def require_plots() -> None:
    """Say before anything is read that a package is missing. Raises ``UsageError``."""
    missing = [held for name, held in DRAWN_BY.items() if find_spec(name) is None]
    if missing:
        msg = f"--assets: not installed: {', '.join(missing)}; pip install {' '.join(missing)}"
        raise UsageError(msg)


def write_report(analysis: Analysis, wanted: Wanted) -> None:
    """Write the report; where it goes into a file, say in short what it holds.

    Report, pictures and bundle are written together, or none of them. Raises ``UsageError`` rather than write over a
    log, and ``ChangedEvidenceError`` where a bundle would have to vouch for a log that has changed.
    """
    from forensics.render.answers.console import to_text

    # the bundle last of all: before it is made, each log is hashed again
    text = _text(analysis, wanted) if wanted.is_shown or wanted.file is not None else ""
    pictures = _pictures(analysis, wanted)
    report = {} if wanted.file is None else {wanted.file: text}
    bundle = _bundle(analysis, wanted)
    analysis.spare(*report, *pictures, *bundle)
    _require_apart(wanted, pictures)
    write_files({**report, **pictures, **bundle}, wanted.assets)
    if wanted.is_shown:
        show(text)
        return
    show(to_text(analysis, **terminal()))
    for what, file in (("report", wanted.file), ("bundle", wanted.bundle)):
        if file is not None:
            show(f"\nThe {what} is in {plain(str(file))}\n")
    for data in bundle.values():
        show(f"sha256 {hashlib.sha256(data).hexdigest()}\n")


def _require_apart(wanted: Wanted, pictures: Mapping[Path, str]) -> None:
    """Let no output be written over another one. Raises ``UsageError``."""
    drawn = {p.resolve() for p in pictures}
    if wanted.file is not None and wanted.file.resolve() in drawn:
        msg = f"{wanted.file}: is the name of one of the pictures; name another file for the report"
        raise UsageError(msg)
    if wanted.bundle is None:
        return
    if file_of(wanted.bundle) is None:
        msg = "--bundle -: a bundle is a file; name one, such as case.zip"
        raise UsageError(msg)
    others = drawn if wanted.file is None else {*drawn, wanted.file.resolve()}
    if wanted.bundle.resolve() in others:
        msg = f"{wanted.bundle}: is the name of another output; name another file for the bundle"
        raise UsageError(msg)


def _bundle(analysis: Analysis, wanted: Wanted) -> dict[Path, bytes]:
    if wanted.bundle is None:
        return {}
    from forensics.render.bundle.making import bundle_of

    return {wanted.bundle: bundle_of(analysis, wanted.tz)}


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

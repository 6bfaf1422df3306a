"""``forensics report``: the incident report."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from forensics.errors import UsageError
from forensics.intake import analysed
from forensics.options import Asked, Assets, Output, ReportFormat, Template, takes
from forensics.run import guarded, spare_logs, write
from forensics.terminal import terminal

if TYPE_CHECKING:
    from forensics.analysis import Analysis


LINES_AROUND = 3  # kept around each cited line, where the format shows them


@takes(Asked)
def report(
    asked: Asked,
    output: Output = None,
    template: Template = None,
    assets: Assets = None,
    report_format: Annotated[
        Optional[ReportFormat],  # noqa: UP045
        typer.Option(
            "--format", help="As what to write the report; without: html for an output that ends in .html."
        ),
    ] = None,
) -> None:
    """Write an incident report. Every sentence can be checked against a log line."""
    with guarded() as run:
        written_as = report_format or _format_of(output)
        if assets is not None:
            _require_plots()
        analysis = analysed(asked, run, around=LINES_AROUND if written_as is ReportFormat.HTML else 0)
        write_report(
            analysis,
            asked.paths or [],
            output,
            tz=asked.tz,
            template=template,
            assets=assets,
            written_as=written_as,
        )


def _format_of(output: Path | None) -> ReportFormat:
    is_html = output is not None and output.suffix.lower() in {".html", ".htm"}
    return ReportFormat.HTML if is_html else ReportFormat.MARKDOWN


def write_report(
    analysis: Analysis,
    paths: list[Path],
    output: Path | None,
    *,
    tz: str | None = None,
    template: Path | None = None,
    assets: Path | None = None,
    written_as: ReportFormat = ReportFormat.MARKDOWN,
) -> None:
    """Write the report; where it goes into a file, say in short what it holds."""
    from forensics.render.console import to_text
    from forensics.render.html import to_html
    from forensics.render.markdown import to_markdown

    if written_as is ReportFormat.HTML:
        text = to_html(analysis, tz=tz, templates=template)
    else:
        text = to_markdown(analysis, tz=tz, templates=template, assets=_link(assets, output))
    if output is not None:
        spare_logs(output, paths, analysis)
    if assets is not None:
        _write_pictures(assets, paths, analysis)
    write(text, output)
    if output is not None and str(output) != "-":
        sys.stdout.write(to_text(analysis, **terminal()))
        sys.stdout.write(f"\nThe report is in {output}\n")


def _require_plots() -> None:
    """Say before anything is read that a package is missing. Raises ``UsageError``."""
    missing = [name for name in ("altair", "vl_convert") if find_spec(name) is None]
    if missing:
        msg = f"--assets: {' and '.join(missing)} not installed; pip install 'session-forensics[plots]'"
        raise UsageError(msg)


def _link(assets: Path | None, output: Path | None) -> str | None:
    """Return the folder of pictures as seen from the report: on standard output, from here."""
    if assets is None:
        return None
    here = Path() if output is None or str(output) == "-" else output.parent
    return Path(os.path.relpath(assets, here)).as_posix()


def _write_pictures(folder: Path, paths: list[Path], analysis: Analysis) -> None:
    from forensics.render.plots import files_of

    files = {folder / name: text for name, text in files_of(analysis).items()}
    for path in files:
        spare_logs(path, paths, analysis)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        write(text, path)

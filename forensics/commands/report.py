"""``forensics report``: the incident report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from forensics.intake import analysed
from forensics.options import Asked, Output, ReportFormat, Template, takes
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
        analysis = analysed(asked, run, around=LINES_AROUND if written_as is ReportFormat.HTML else 0)
        write_report(
            analysis, asked.paths or [], output, tz=asked.tz, template=template, written_as=written_as
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
    written_as: ReportFormat = ReportFormat.MARKDOWN,
) -> None:
    """Write the report; where it goes into a file, say in short what it holds."""
    from forensics.render.console import to_text
    from forensics.render.html import to_html
    from forensics.render.markdown import to_markdown

    render = to_html if written_as is ReportFormat.HTML else to_markdown
    text = render(analysis, tz=tz, templates=template)
    if output is not None:
        spare_logs(output, paths, analysis)
    write(text, output)
    if output is not None and str(output) != "-":
        sys.stdout.write(to_text(analysis, **terminal()))
        sys.stdout.write(f"\nThe report is in {output}\n")

"""``forensics report``: the incident report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from forensics.errors import UsageError
from forensics.intake import analysed
from forensics.options import Asked, Output, ReportFormat, Template, takes
from forensics.run import guarded, spare_logs, write
from forensics.terminal import is_terminal, screen, terminal

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
            "--format",
            help="As what to write the report; without: html for an output that ends in .html, else markdown; "
            "on a terminal, where no output and no template is named, terminal.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write an incident report. Every sentence can be checked against a log line."""
    with guarded() as run:
        written_as = report_format or _format_of(output, template)
        if written_as is ReportFormat.TERMINAL and template is not None:
            msg = "--format terminal has no templates; leave out --template, or name another format"
            raise UsageError(msg)
        analysis = analysed(asked, run, around=LINES_AROUND if written_as is ReportFormat.HTML else 0)
        write_report(
            analysis, asked.paths or [], output, tz=asked.tz, template=template, written_as=written_as
        )


def _format_of(output: Path | None, template: Path | None) -> ReportFormat:
    if output is None:
        return ReportFormat.TERMINAL if is_terminal() and template is None else ReportFormat.MARKDOWN
    return ReportFormat.HTML if output.suffix.lower() in {".html", ".htm"} else ReportFormat.MARKDOWN


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

    text = _text(analysis, output, tz, template, written_as)
    if output is not None:
        spare_logs(output, paths, analysis)
    write(text, output)
    if output is not None and str(output) != "-":
        sys.stdout.write(to_text(analysis, **terminal()))
        sys.stdout.write(f"\nThe report is in {output}\n")


def _text(
    analysis: Analysis, output: Path | None, tz: str | None, template: Path | None, written_as: ReportFormat
) -> str:
    from forensics.render.html import to_html
    from forensics.render.markdown import to_markdown
    from forensics.render.screen import to_screen

    if written_as is ReportFormat.TERMINAL:
        return to_screen(analysis, tz=tz, **screen(output))
    render = to_html if written_as is ReportFormat.HTML else to_markdown
    return render(analysis, tz=tz, templates=template)

"""``forensics report``: the incident report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from forensics.cli.intake import Depth, analysed
from forensics.cli.options import Asked, Assets, Bundle, Output, ReportFormat, Template, takes
from forensics.cli.report_file import Wanted, require_plots, write_report
from forensics.cli.run import guarded
from forensics.cli.terminal import is_terminal
from forensics.errors import UsageError

LINES_AROUND = 3  # kept around each cited line, where the format shows them


@takes(Asked)
def report(
    asked: Asked,
    output: Output = None,
    template: Template = None,
    assets: Assets = None,
    bundle: Bundle = None,
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
        if assets is not None:
            require_plots()
        around = LINES_AROUND if bundle is not None or written_as is ReportFormat.HTML else 0
        analysis = analysed(asked, run, Depth(around=around, reviewing=True))
        wanted = Wanted(
            output=output,
            written_as=written_as,
            tz=asked.tz,
            template=template,
            assets=assets,
            bundle=bundle,
        )
        write_report(analysis, wanted)


def _format_of(output: Path | None, template: Path | None) -> ReportFormat:
    if output is None:
        return ReportFormat.TERMINAL if is_terminal() and template is None else ReportFormat.MARKDOWN
    return ReportFormat.HTML if output.suffix.lower() in {".html", ".htm"} else ReportFormat.MARKDOWN

"""``forensics report``: the incident report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.intake import analysed
from forensics.options import Asked, Output, Template, takes
from forensics.run import guarded, spare_logs, write
from forensics.terminal import terminal

if TYPE_CHECKING:
    from forensics.analysis import Analysis


@takes(Asked)
def report(asked: Asked, output: Output = None, template: Template = None) -> None:
    """Write an incident report. Every sentence can be checked against a log line."""
    with guarded() as run:
        analysis = analysed(asked, run)
        write_report(analysis, asked.paths or [], output, tz=asked.tz, template=template)


def write_report(
    analysis: Analysis,
    paths: list[Path],
    output: Path | None,
    *,
    tz: str | None = None,
    template: Path | None = None,
) -> None:
    """Write the report; where it goes into a file, say in short what it holds."""
    from forensics.render.console import to_text
    from forensics.render.markdown import to_markdown

    text = to_markdown(analysis, tz=tz, templates=template)
    if output is not None:
        spare_logs(output, paths, analysis)
    write(text, output)
    if output is not None and str(output) != "-":
        sys.stdout.write(to_text(analysis, **terminal()))
        sys.stdout.write(f"\nThe report is in {output}\n")

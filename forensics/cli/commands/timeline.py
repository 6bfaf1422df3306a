"""``forensics timeline``: what happened when, as rows, as a picture, or for a trace viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from forensics.cli.intake import Depth, analysed
from forensics.cli.options import Asked, Output, TimelineFormat, takes
from forensics.cli.run import file_of, guarded, remark, write
from forensics.cli.terminal import terminal

if TYPE_CHECKING:
    from forensics.analysis.model import Analysis


@takes(Asked)
def timeline(
    asked: Asked,
    output: Output = None,
    output_format: Annotated[
        TimelineFormat,
        typer.Option("--format", help="As what: rows, JSON, a Mermaid gantt, a trace for Perfetto."),
    ] = TimelineFormat.TABLE,
    most: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--most",
            min=1,
            help="So many rows of each session at most, what findings cite before the rest. Without: all rows.",
        ),
    ] = None,
) -> None:
    """Show what happened when: each row with its agent, its findings and its line."""
    with guarded() as run:
        analysis = analysed(asked, run, Depth(most_rows=most))
        if output is not None:
            analysis.spare(output)
        write(_written(analysis, output_format, is_stdout=file_of(output) is None), output)


def _written(analysis: Analysis, output_format: TimelineFormat, *, is_stdout: bool) -> str:
    from forensics.render.events import timeline_gantt, timeline_list, trace
    from forensics.render.pictures import mermaid

    if output_format in (TimelineFormat.MERMAID, TimelineFormat.TRACE):
        _tell_undated(analysis)
    match output_format:
        case TimelineFormat.JSON:
            return timeline_list.as_json(analysis)
        case TimelineFormat.MERMAID:
            gantt = timeline_gantt.to_gantt(analysis)
            if gantt.left_out:
                remark(f"{gantt.left_out} bars left out: what GitHub draws holds {mermaid.MOST_BARS}")
            return gantt.text
        case TimelineFormat.TRACE:
            return trace.to_trace(analysis)
        case TimelineFormat.TABLE if is_stdout:
            return timeline_list.as_table(analysis, **terminal())
        case TimelineFormat.TABLE:
            return timeline_list.as_table(analysis)


def _tell_undated(analysis: Analysis) -> None:
    from forensics.analysis.lasting.course import is_dated
    from forensics.text.numbers import counted

    undated = sum(not is_dated(session) for session in analysis.sessions)
    if undated:
        remark(f"{counted(undated, 'session')} left out: nothing in the logs tells a time")

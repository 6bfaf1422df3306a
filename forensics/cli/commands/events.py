"""``forensics events``: every record that was understood, for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from forensics.cli.intake import analysed
from forensics.cli.options import Asked, EventsFormat, Output, takes
from forensics.cli.run import file_of, guarded, remark, write_pieces
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.analysis.model import Analysis

# the end of a file's name says its form; Timesketch's is JSON Lines, too, and has to be asked for
ENDINGS = {
    ".parquet": EventsFormat.PARQUET,
    ".csv": EventsFormat.CSV,
    ".jsonl": EventsFormat.JSONL,
    ".ndjson": EventsFormat.JSONL,
}


@takes(Asked)
def events(
    asked: Asked,
    output: Output = None,
    output_format: Annotated[
        Optional[EventsFormat],  # noqa: UP045
        typer.Option("--format", help="As what; without: by the end of the output's name, else jsonl."),
    ] = None,
) -> None:
    """Write the table of events: one row for each record of the sessions, with its file and line."""
    with guarded() as run:
        written_as = output_format or ENDINGS.get(output.suffix.lower() if output else "", EventsFormat.JSONL)
        if written_as is EventsFormat.PARQUET and file_of(output) is None and sys.stdout.isatty():
            msg = "Parquet is not for a terminal: name a file with -o, or send it into a pipe"
            raise UsageError(msg)
        analysis = analysed(asked, run)
        if output is not None:
            analysis.spare(output)
        _write(analysis, output, written_as)


def _write(analysis: Analysis, output: Path | None, written_as: EventsFormat) -> None:
    from forensics.render.events import exports
    from forensics.render.events.tables import events_of

    table = events_of(analysis)
    _tell_left_out(analysis, table["ts"].null_count() if written_as is EventsFormat.TIMESKETCH else 0)
    write = {
        EventsFormat.PARQUET: exports.to_parquet,
        EventsFormat.CSV: exports.to_csv,
        EventsFormat.JSONL: exports.to_jsonl,
        EventsFormat.TIMESKETCH: exports.to_timesketch,
    }[written_as]
    write_pieces(write(table), output)


def _tell_left_out(analysis: Analysis, undated: int) -> None:
    from forensics.text.numbers import counted

    if undated:
        remark(f"{counted(undated, 'event')} without a time left out: Timesketch has no place for them")
    loose = sum(records for _, records in analysis.unattached)
    if loose:
        remark(f"{counted(loose, 'record')} of no session here left out; forensics check names their files")

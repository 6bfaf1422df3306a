"""``forensics query``: questions in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forensics.cli.intake import analysed
from forensics.cli.options import Asked, QueryFormat, takes
from forensics.cli.run import guarded, remark, show, write_pieces
from forensics.cli.terminal import terminal

if TYPE_CHECKING:
    import polars as pl

MOST_SHOWN = 200
PLACES = frozenset({"file", "also_at"})  # are to be copied, and never cut


@takes(Asked)
def query(
    asked: Asked,
    sql: Annotated[
        str,
        typer.Argument(
            metavar="SQL",
            help="A SELECT over events, findings, evidence, sessions, agents, gaps, outcomes and inputs.",
        ),
    ],
    output_format: Annotated[
        QueryFormat, typer.Option("--format", help="How to show what it says.")
    ] = QueryFormat.TABLE,
    most: Annotated[
        int, typer.Option("--most", min=1, help="So many rows of a table at most; other formats show all.")
    ] = MOST_SHOWN,
) -> None:
    """Ask sessions in SQL: their events, findings, evidence, agents and silences."""
    with guarded() as run:
        from forensics.render.events import exports
        from forensics.render.events.sql import answer
        from forensics.render.events.tables import tables_of

        told = answer(sql, tables_of(analysed(asked, run)))
        match output_format:
            case QueryFormat.TABLE:
                _show(told, most)
            case QueryFormat.CSV:
                write_pieces(exports.to_csv(told), None)
            case QueryFormat.JSON:
                write_pieces(exports.to_json(told), None)
            case QueryFormat.JSONL:
                write_pieces(exports.to_jsonl(told), None)


def _show(told: pl.DataFrame, most: int) -> None:
    from forensics.render.events.exports import for_people
    from forensics.render.events.text_table import to_table

    shown = for_people(told.head(most))
    numbers = frozenset(name for name, kind in shown.schema.items() if kind.is_numeric())
    table = to_table(shown.columns, shown.rows(), numbers=numbers, whole=PLACES, **terminal())
    show(table)
    if told.height > most:
        remark(f"the first {most} of {told.height} rows; --most shows more, and --format csv all")

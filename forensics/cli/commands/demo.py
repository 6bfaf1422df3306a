"""``forensics demo``: the packaged incident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Optional

import typer

from forensics.cli.intake import Depth, analysed
from forensics.cli.options import Asked
from forensics.cli.report_file import Wanted, write_report
from forensics.cli.run import guarded


def demo(
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("-o", "--output", help="Where to write the report (incident.md); - is standard output."),
    ] = None,
) -> None:
    """Analyse the packaged incident of 2025-10-21 and write its report (incident.md)."""
    from importlib.resources import as_file, files

    from forensics.rules import RULES

    with guarded() as run:
        packaged = files("forensics") / "demo"
        checkout = Path(__file__).parents[3] / "fixtures" / "incident-2025-10-21" / "input"
        with as_file(packaged) if packaged.is_dir() else _checkout(checkout) as folder:
            # the rules as they come: no configuration of the current folder changes the demonstration
            analysis = analysed(Asked(paths=[folder]), run, Depth(reviewing=True), rules=RULES)
            write_report(analysis, Wanted(output=output or Path("incident.md")))


@contextmanager
def _checkout(folder: Path) -> Iterator[Path]:
    yield folder

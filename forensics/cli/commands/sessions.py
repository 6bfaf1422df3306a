"""``forensics sessions``: the list of sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from forensics.cli.intake import Depth, analysed
from forensics.cli.options import Asked, SessionsFormat, takes
from forensics.cli.run import Run, guarded, show
from forensics.cli.terminal import terminal

NEWEST = 20


@takes(Asked)
def sessions(
    asked: Asked,
    output_format: Annotated[
        SessionsFormat, typer.Option("--format", help="How to list them.")
    ] = SessionsFormat.TABLE,
) -> None:
    """List sessions, newest first: how each ended, what was found, which sources there are."""
    with guarded():
        from forensics.render.answers import session_list

        # a rule that failed is told; the list stands without it
        analysis = analysed(asked, Run(), Depth(newest=NEWEST))
        if output_format is SessionsFormat.JSON:
            show(session_list.as_json(analysis))
        else:
            show(session_list.as_table(analysis, **terminal()))

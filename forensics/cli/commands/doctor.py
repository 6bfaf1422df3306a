"""``forensics doctor``: what was understood of the logs."""

from __future__ import annotations

from typing import Annotated

import typer

from forensics.cli.intake import examined
from forensics.cli.options import DoctorFormat, Which, takes
from forensics.cli.run import guarded, show
from forensics.cli.terminal import terminal


@takes(Which)
def doctor(
    which: Which,
    output_format: Annotated[
        DoctorFormat, typer.Option("--format", help="How to say it.")
    ] = DoctorFormat.TEXT,
) -> None:
    """Say how much of the logs is understood: by source, and what a new version of their program brought.

    Exit codes: 0 something was understood, 2 error, 3 nothing readable was found: why, is told all the same.
    """
    with guarded():
        from forensics.errors import NothingReadableError
        from forensics.render.answers import doctor as told

        coverage = examined(which)
        match output_format:
            case DoctorFormat.TEXT:
                show(told.as_text(coverage, **terminal()))
            case DoctorFormat.JSON:
                show(told.as_json(coverage))
            case DoctorFormat.MARKDOWN:
                show(told.as_markdown(coverage))
        if coverage.nothing is not None:
            raise NothingReadableError(coverage.nothing)

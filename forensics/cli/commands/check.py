"""``forensics check``: the gate."""

from __future__ import annotations

from typing import Annotated

import typer

from forensics.cli.gate import exit_code_of
from forensics.cli.intake import analysed
from forensics.cli.options import AllowUnread, Asked, CheckFormat, FailOn, takes
from forensics.cli.run import guarded, show
from forensics.cli.terminal import terminal
from forensics.schema.finding import Severity


@takes(Asked)
def check(
    asked: Asked,
    output_format: Annotated[
        CheckFormat, typer.Option("--format", help="How to show the result.")
    ] = CheckFormat.TEXT,
    fail_on: FailOn = Severity.MEDIUM,
    *,
    allow_unread: AllowUnread = False,
    exit_zero: Annotated[
        bool,
        typer.Option(
            "--exit-zero", help="Exit with 0 whatever was found or not read, if anything could be read."
        ),
    ] = False,
) -> None:
    """Judge sessions, for CI. Exit codes: 0 clean, 1 findings, 2 error, 3 nothing, or not all, could be read."""
    with guarded() as run:
        analysis = analysed(asked, run)
        if not exit_zero and not run.exit_code:
            run.exit_code = exit_code_of(analysis, fail_on, unread_is_fine=allow_unread)
        if output_format is CheckFormat.JSON:
            from forensics.render.answers.json_report import to_json

            show(to_json(analysis))
        else:
            from forensics.render.answers.console import to_text

            show(to_text(analysis, **terminal()))

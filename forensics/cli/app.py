"""The command line: the Typer app and its commands, nothing else.

Heavy imports stand inside the commands, so that ``--help`` and ``--version`` are instant. stdout carries
data only; talk goes to stderr.
"""

from __future__ import annotations

from typing import Annotated

import typer

from forensics.cli.commands.check import check
from forensics.cli.commands.demo import demo
from forensics.cli.commands.doctor import doctor
from forensics.cli.commands.events import events
from forensics.cli.commands.query import query
from forensics.cli.commands.report import report
from forensics.cli.commands.rules import explain, rules
from forensics.cli.commands.sessions import sessions
from forensics.cli.commands.timeline import timeline
from forensics.cli.commands.verify import verify

app = typer.Typer(
    name="forensics",
    help="Find out why a Claude Code session died, from the logs it left.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from forensics.text.version import __version__

        typer.echo(f"forensics {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find out why a Claude Code session died, from the logs it left."""


for command in (report, verify, check, sessions, timeline, events, query, doctor, rules, explain, demo):
    app.command()(command)

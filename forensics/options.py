"""What a command may be told: its arguments and options, each said once for all commands that take it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from forensics.finding import Severity


class CheckFormat(StrEnum):
    """How ``check`` shows its result."""

    TEXT = "text"
    JSON = "json"


class SessionsFormat(StrEnum):
    """How ``sessions`` lists the sessions."""

    TABLE = "table"
    JSON = "json"


class DoctorFormat(StrEnum):
    """How ``doctor`` says what was understood."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class RulesFormat(StrEnum):
    """How ``rules`` lists the rules."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


PATHS_HELP = (
    "Log files, folders that hold them, or packed ones (.zip, .tar.gz, .gz, .xz, .zst); - is standard input. "
    "Without any: the newest session of this user (of sessions: the newest twenty)."
)
Paths = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads the annotation at run time
    typer.Argument(help=PATHS_HELP, show_default=False),
]
Zone = Annotated[
    Optional[str],  # noqa: UP045 - typer reads the annotation at run time
    typer.Option(
        "--tz",
        help="Time zone of the voice server's local times and of the report's local column, e.g. America/Chicago.",
    ),
]
Session = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--session", help="Only this session; the beginning of its id is enough."),
]
Since = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--since", help="Only sessions whose last record is not older, e.g. 90m, 2h, 3d."),
]
Last = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--last", min=1, help="Only the newest so many sessions."),
]
Everything = Annotated[bool, typer.Option("--all", help="All sessions of this user, where no path is given.")]
Output = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("-o", "--output", help="Where to write the report; - or nothing: standard output."),
]
Template = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--template", help="Folder with templates of your own; what it lacks is taken from ours."),
]
FailOn = Annotated[
    Severity, typer.Option("--fail-on", help="Exit with 1 if a finding is at least this severe.")
]
Configuration = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--config",
        help="Configuration, as TOML. Without: forensics.toml in the current folder, else pyproject.toml "
        "with a table [tool.forensics].",
        show_default=False,
    ),
]
Trust = Annotated[
    bool,
    typer.Option("--trust-config", help="Run the rules that a configuration of the current folder names."),
]

"""What a command may be told: its arguments and options, each said once for all commands that take it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Optional, get_type_hints

import typer

from forensics.schema.finding import Severity


class CheckFormat(StrEnum):
    """How ``check`` shows its result."""

    TEXT = "text"
    JSON = "json"


class ReportFormat(StrEnum):
    """As what ``report`` is written."""

    MARKDOWN = "markdown"
    HTML = "html"
    TERMINAL = "terminal"


class SessionsFormat(StrEnum):
    """How ``sessions`` lists the sessions."""

    TABLE = "table"
    JSON = "json"


class DoctorFormat(StrEnum):
    """How ``doctor`` says what was understood."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class TimelineFormat(StrEnum):
    """As what ``timeline`` is written."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"
    TRACE = "trace"


class EventsFormat(StrEnum):
    """As what ``events`` are written."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    TIMESKETCH = "timesketch"


class QueryFormat(StrEnum):
    """How ``query`` shows what it found."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class VerifyFormat(StrEnum):
    """How ``verify`` says what differs."""

    TEXT = "text"
    JSON = "json"


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
    typer.Option("-o", "--output", help="Where to write it; - or nothing: standard output."),
]
Template = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--template", help="Folder with templates of your own; what it lacks is taken from ours."),
]
Assets = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--assets",
        help="Write the pictures as SVG files into this folder; a report in Markdown links them. "
        "Needs the extra plots: pip install altair vl-convert-python.",
    ),
]
Bundle = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--bundle",
        metavar="ZIP",
        help="Write the report with its findings, the cited lines and the hashes of all that was given into one zip, "
        "which is the same for the same input and version; forensics verify checks it.",
        show_default=False,
    ),
]
FailOn = Annotated[
    Severity, typer.Option("--fail-on", help="Exit with 1 if a finding is at least this severe.")
]
AllowUnread = Annotated[
    bool,
    typer.Option(
        "--allow-unread",
        help="Do not exit with 3 where files that look like Claude Code's own could not be read.",
    ),
]
Configuration = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--config",
        help="Configuration, as TOML. Without: forensics.toml in the current folder, else pyproject.toml "
        "with a table tool.forensics.",
        show_default=False,
    ),
]
Trust = Annotated[
    bool,
    typer.Option("--trust-config", help="Run the rules that a configuration of the current folder names."),
]

NoRedact = Annotated[
    bool,
    typer.Option("--no-redact", help="Leave keys, tokens and passwords of the logs in the output; warns."),
]
Anonymise = Annotated[
    bool,
    typer.Option(
        "--anonymise",
        "--anonymize",
        help="Replace people, hosts, home folders and e-mail addresses in all that is put out.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which sessions are meant, of which logs."""

    paths: Paths = None
    session: Session = None
    since: Since = None
    last: Last = None
    everything: Everything = False
    no_redact: NoRedact = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Which):
    """What every command that analyses sessions may be told: which, by which rules, in which zone."""

    config: Configuration = None
    trust_config: Trust = False
    tz: Zone = None
    anonymise: Anonymise = False


def takes(bundle: type[Which]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a bundle behind its own; it gets them as one object, its first argument."""

    def bundled(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(bundle, include_extras=True)
        shared = [
            inspect.Parameter(
                f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name]
            )
            for f in fields(bundle)
        ]
        names = {f.name for f in fields(bundle)}

        @wraps(command)
        def run(**given: Any) -> None:  # noqa: ANN401 - whatever typer read
            asked = bundle(**{name: given.pop(name) for name in names})
            command(asked, **given)

        parameters = list(inspect.signature(command, eval_str=True).parameters.values())
        own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters[1:]]
        run.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
        return run

    return bundled

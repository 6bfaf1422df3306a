"""The command line: Typer app and nothing else. Only this module prints, reads the environment and exits.

Heavy imports stand inside the commands, so that ``--help`` and ``--version`` are instant. stdout carries
data only; talk goes to stderr.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Optional, TypedDict

import typer

from forensics.finding import Severity
from forensics.options import (
    CheckFormat,
    Configuration,
    DoctorFormat,
    Everything,
    FailOn,
    Last,
    Output,
    Paths,
    RulesFormat,
    Session,
    SessionsFormat,
    Since,
    Template,
    Trust,
    Zone,
)
from forensics.run import EXIT_ERROR, EXIT_FINDINGS, Run, complain, guarded, spare_logs, write

if TYPE_CHECKING:
    from forensics.analysis import Analysis
    from forensics.choice import Choice
    from forensics.rule import Rule

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
        from forensics import __version__

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


@app.command()
def report(
    paths: Paths = None,
    output: Output = None,
    session: Session = None,
    since: Since = None,
    last: Last = None,
    template: Template = None,
    config: Configuration = None,
    tz: Zone = None,
    *,
    everything: Everything = False,
    trust_config: Trust = False,
) -> None:
    """Write an incident report. Every sentence can be checked against a log line."""
    with guarded() as run:
        choice = _choice(session, since, last, everything=everything)
        analysis = _analyse(paths, tz, choice, _rules(config, trust=trust_config))
        _report(analysis, run, paths or [], output, tz=tz, template=template)


@app.command()
def check(
    paths: Paths = None,
    output_format: Annotated[
        CheckFormat, typer.Option("--format", help="How to show the result.")
    ] = CheckFormat.TEXT,
    fail_on: FailOn = Severity.MEDIUM,
    session: Session = None,
    since: Since = None,
    last: Last = None,
    config: Configuration = None,
    tz: Zone = None,
    *,
    everything: Everything = False,
    trust_config: Trust = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever was found.")] = False,
) -> None:
    """Judge sessions, for CI. Exit codes: 0 clean, 1 findings, 2 error, 3 nothing readable was found."""
    with guarded() as run:
        choice = _choice(session, since, last, everything=everything)
        analysis = _analyse(paths, tz, choice, _rules(config, trust=trust_config))
        if not exit_zero and any(f.fails(fail_on) for f in analysis.findings):
            run.exit_code = EXIT_FINDINGS
        _fail_on_rule_errors(analysis, run)
        if output_format is CheckFormat.JSON:
            from forensics.render.json_report import to_json

            sys.stdout.write(to_json(analysis))
        else:
            _say_short(analysis)


@app.command()
def sessions(
    paths: Paths = None,
    output_format: Annotated[
        SessionsFormat, typer.Option("--format", help="How to list them.")
    ] = SessionsFormat.TABLE,
    session: Session = None,
    since: Since = None,
    last: Last = None,
    config: Configuration = None,
    tz: Zone = None,
    *,
    everything: Everything = False,
    trust_config: Trust = False,
) -> None:
    """List sessions, newest first: how each ended, what was found, which sources there are."""
    with guarded():
        from forensics.render import session_list

        choice = _choice(session, since, last, everything=everything)
        analysis = _analyse(paths, tz, choice, _rules(config, trust=trust_config), default=20)
        if output_format is SessionsFormat.JSON:
            sys.stdout.write(session_list.as_json(analysis))
        else:
            sys.stdout.write(session_list.as_table(analysis, **_terminal()))


@app.command()
def doctor(
    paths: Paths = None,
    output_format: Annotated[
        DoctorFormat, typer.Option("--format", help="How to say it.")
    ] = DoctorFormat.TEXT,
    session: Session = None,
    since: Since = None,
    last: Last = None,
    *,
    everything: Everything = False,
) -> None:
    """Say how much of the logs is understood: by source, and what a new version of their program brought."""
    with guarded():
        from forensics.engine import examine
        from forensics.render import doctor as told

        choice = _choice(session, since, last, everything=everything)
        files, base, _ = _meant(paths, choice, datetime.now(UTC), 1)
        with _progress():
            coverage = examine(files, stdin=_stdin(files), base=base)
        match output_format:
            case DoctorFormat.TEXT:
                sys.stdout.write(told.as_text(coverage, **_terminal()))
            case DoctorFormat.JSON:
                sys.stdout.write(told.as_json(coverage))
            case DoctorFormat.MARKDOWN:
                sys.stdout.write(told.as_markdown(coverage))


@app.command()
def rules(
    output_format: Annotated[
        RulesFormat, typer.Option("--format", help="How to list the rules.")
    ] = RulesFormat.TABLE,
    config: Configuration = None,
    *,
    trust_config: Trust = False,
) -> None:
    """List the rules, yours too, with the thresholds in force."""
    with guarded():
        from forensics.render import catalogue

        listed = _rules(config, trust=trust_config)
        match output_format:
            case RulesFormat.TABLE:
                sys.stdout.write(catalogue.as_table(listed, **_terminal()))
            case RulesFormat.JSON:
                sys.stdout.write(catalogue.as_json(listed))
            case RulesFormat.MARKDOWN:
                sys.stdout.write(catalogue.as_markdown(listed))


@app.command()
def explain(
    code: Annotated[str, typer.Argument(help="A rule's code, e.g. CCF102, or its name.", show_default=False)],
    config: Configuration = None,
    *,
    trust_config: Trust = False,
) -> None:
    """Print a rule's documentation."""
    with guarded():
        from forensics.render import catalogue

        sys.stdout.write(catalogue.explain(_rules(config, trust=trust_config), code, **_terminal()))


@app.command()
def demo(
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("-o", "--output", help="Where to write the report (incident.md); - is standard output."),
    ] = None,
) -> None:
    """Analyse the packaged incident of 2025-10-21 and write its report (incident.md)."""
    from importlib.resources import as_file, files

    with guarded() as run:
        from forensics.choice import Choice
        from forensics.rules import RULES

        packaged = files("forensics") / "demo"
        checkout = Path(__file__).parent.parent / "fixtures" / "incident-2025-10-21" / "input"
        with as_file(packaged) if packaged.is_dir() else _checkout(checkout) as folder:
            analysis = _analyse([folder], None, Choice(), RULES)
            _report(analysis, run, [folder], output or Path("incident.md"))


@contextmanager
def _checkout(folder: Path) -> Iterator[Path]:
    yield folder


def _choice(session: str | None, since: str | None, last: int | None, *, everything: bool) -> Choice:
    from forensics.choice import Choice, parse_span

    span = parse_span(since) if since else None
    return Choice(session=session, since=span, last=last, everything=everything)


def _rules(named: Path | None, *, trust: bool) -> tuple[Rule, ...]:
    """Return the rules in force. Code that a configuration names runs only if the user named it, or says so."""
    from forensics.config import Config, find, read
    from forensics.ruleset import rules_of

    path = named or find(Path())
    return rules_of(read(path, trusted=trust or path == named) if path is not None else Config())


def _analyse(
    paths: list[Path] | None, tz: str | None, choice: Choice, rules: Sequence[Rule], default: int = 1
) -> Analysis:
    """Analyse what was named; without any path, the sessions of this user that are meant."""
    from forensics.choice import no_choice
    from forensics.engine import analyse

    now = datetime.now(UTC)
    files, base, choice = _meant(paths, choice, now, default)
    with _progress():
        analysis = analyse(files, tz=tz, rules=rules, stdin=_stdin(files), base=base)
    chosen = choice.of(analysis.sessions, now)
    if not chosen:
        raise no_choice(analysis.sessions)
    return analysis.only(chosen)


def _stdin(paths: list[Path]) -> IO[bytes] | None:
    return sys.stdin.buffer if Path("-") in paths else None


def _meant(
    paths: list[Path] | None, choice: Choice, now: datetime, default: int
) -> tuple[list[Path], Path | None, Choice]:
    """Return what to read, the folder that its names are relative to, and the choice among what it holds."""
    if paths:
        return paths, None, choice
    files, chosen = _of_this_user(choice, now, default)
    return files, Path.home(), chosen


def _of_this_user(choice: Choice, now: datetime, default: int) -> tuple[list[Path], Choice]:
    """Return the files of the sessions that are meant, and the choice among what they hold."""
    from forensics.choice import Choice, no_choice
    from forensics.errors import NothingReadableError
    from forensics.locate import files_of, homes_of, locate

    homes = homes_of(os.environ, Path.home())
    found = locate(homes)
    chosen = choice.of(found, now, default)
    if found and not chosen:
        raise no_choice(found)
    if not chosen:
        msg = f"no session found under {homes.claude}; name the folder that holds the logs"
        raise NothingReadableError(msg)
    ids = frozenset(s.session_id for s in chosen)
    return [f for s in chosen for f in files_of(s, homes)], Choice(ids=ids)


@contextmanager
def _progress() -> Iterator[None]:
    """Show a spinner on a terminal's stderr; say nothing anywhere else."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status("reading the logs…"):
        yield


def _say_short(analysis: Analysis) -> None:
    from forensics.render.console import to_text

    sys.stdout.write(to_text(analysis, **_terminal()))


class _Terminal(TypedDict):
    width: int | None
    color: bool


def _terminal() -> _Terminal:
    """Ask what standard output is: a terminal with its width, or a pipe that gets whole lines."""
    if not sys.stdout.isatty():
        return {"width": None, "color": False}
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return {"width": shutil.get_terminal_size().columns, "color": not plain}


def _report(
    analysis: Analysis,
    run: Run,
    paths: list[Path],
    output: Path | None,
    *,
    tz: str | None = None,
    template: Path | None = None,
) -> None:
    """Write the report; where it goes into a file, say in short what it holds."""
    from forensics.render.markdown import to_markdown

    _fail_on_rule_errors(analysis, run)
    text = to_markdown(analysis, tz=tz, templates=template)
    if output is not None:
        spare_logs(output, paths, analysis)
    write(text, output)
    if output is not None and str(output) != "-":
        _say_short(analysis)
        sys.stdout.write(f"\nThe report is in {output}\n")


def _fail_on_rule_errors(analysis: Analysis, run: Run) -> None:
    for error in analysis.errors:
        complain(f"rule {error.rule} failed on session {error.session_id}: {error.error}")
    if analysis.errors:
        run.exit_code = EXIT_ERROR

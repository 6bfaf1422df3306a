"""From what the user named to its analysis: which files, which sessions, by which rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from forensics.cli.options import Asked, Which
from forensics.cli.run import EXIT_ERROR, Run, complain, warn
from forensics.cli.terminal import has_live_stderr, is_ascii_only
from forensics.text.lengths import MOST_ROWS

if TYPE_CHECKING:
    from forensics.analysis.model import Analysis
    from forensics.cli.choice import Choice
    from forensics.evidence.coverage import Coverage
    from forensics.rulekit.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much a command shows of what was named.

    Without any path, the ``newest`` sessions of this user. So many lines ``around`` each cited one are kept, for a
    report that shows them, and ``most_rows`` of each session's timeline (null: all). ``reviewing`` says what only a
    report tells.
    """

    newest: int = 1
    around: int = 0
    most_rows: int | None = MOST_ROWS
    reviewing: bool = False


def analysed(
    asked: Asked, run: Run, depth: Depth = Depth(), *, rules: Sequence[Rule] | None = None
) -> Analysis:
    """Analyse what was named. A rule that failed is told on stderr, and in the exit code."""
    from forensics.analysis.engine import analyse
    from forensics.analysis.request import Request
    from forensics.cli.choice import no_choice
    from forensics.cli.progress_bar import progress_bar

    _warn(asked)
    now = datetime.now(UTC)
    wanted = _choice(asked)
    judging = rules if rules is not None else rules_in_force(asked.config, trust=asked.trust_config)
    files, base, choice = _meant(asked.paths, wanted, now, depth.newest)
    with progress_bar(
        shown=has_live_stderr(), ascii_only=is_ascii_only(), named=not asked.anonymise
    ) as progress:
        request = Request(
            files,
            zone=asked.tz,
            rules=judging,
            stdin=_stdin(files),
            base=base,
            around=depth.around,
            most_rows=depth.most_rows,
            reviewing=depth.reviewing,
            redacting=not asked.no_redact,
            progress=progress,
        )
        analysis = analyse(request)
    chosen = choice.among(analysis.sessions, now)
    if not chosen:
        raise no_choice(analysis.sessions)
    _tell_rule_errors(analysis, run)
    if not asked.anonymise:
        return analysis.only(chosen)
    from forensics.analysis.anonymise import anonymise

    # who stands in another session is a person in this one, too
    return anonymise(analysis.only(chosen), learnt_from=analysis)


def examined(which: Which) -> Coverage:
    """Read what was named and say what was understood of it."""
    from forensics.analysis.engine import examine
    from forensics.analysis.request import Request
    from forensics.cli.progress_bar import progress_bar

    _warn(which)
    files, base, _ = _meant(which.paths, _choice(which), datetime.now(UTC), 1)
    with progress_bar(shown=has_live_stderr(), ascii_only=is_ascii_only()) as progress:
        stdin, redacting = _stdin(files), not which.no_redact
        return examine(Request(files, stdin=stdin, base=base, redacting=redacting, progress=progress))


def _warn(which: Which) -> None:
    if which.no_redact:
        warn("nothing is redacted: keys, tokens and passwords that stand in the logs stand in the output")


def rules_in_force(named: Path | None, *, trust: bool) -> tuple[Rule, ...]:
    """Return the rules in force. Code that a configuration names runs only if the user named it, or says so."""
    from forensics.cli.config import Config, find, read
    from forensics.cli.ruleset import rules_of

    path = named or find(Path())
    return rules_of(read(path, trusted=trust or path == named) if path is not None else Config())


def _choice(which: Which) -> Choice:
    from forensics.cli.choice import Choice, parse_span

    span = parse_span(which.since) if which.since else None
    return Choice(session=which.session, since=span, last=which.last, everything=which.everything)


def _stdin(paths: list[Path]) -> IO[bytes] | None:
    if Path("-") not in paths:
        return None
    if sys.stdin is None:
        from forensics.errors import UsageError

        msg = "-: standard input is closed; name a file or a folder"
        raise UsageError(msg)
    return sys.stdin.buffer


def _meant(
    paths: list[Path] | None, choice: Choice, now: datetime, default: int
) -> tuple[list[Path], Path | None, Choice]:
    """Return what to read, the folder that its names are relative to, and the choice among what it holds."""
    if paths:
        return paths, None, choice
    files, chosen = _of_this_user(choice, now, default)
    return files, _home(), chosen


def _of_this_user(choice: Choice, now: datetime, default: int) -> tuple[list[Path], Choice]:
    """Return the files of the sessions that are meant, and the choice among what they hold."""
    from forensics.cli.choice import Choice, no_choice
    from forensics.errors import NothingReadableError
    from forensics.evidence.home import files_of, homes_of, locate

    homes = homes_of(os.environ, _home())
    found = locate(homes)
    chosen = choice.among(found, now, default)
    if found and not chosen:
        raise no_choice(found)
    if not chosen:
        msg = f"no session found under {homes.claude}; name the folder that holds the logs"
        raise NothingReadableError(msg)
    ids = frozenset(s.session_id for s in chosen)
    return [f for s in chosen for f in files_of(s, homes)], Choice(ids=ids)


def _home() -> Path:
    from forensics.errors import UsageError

    try:
        return Path.home()
    except RuntimeError:
        msg = "this user has no home folder: set HOME, or name the folder that holds the logs"
        raise UsageError(msg) from None


def _tell_rule_errors(analysis: Analysis, run: Run) -> None:
    for error in analysis.errors:
        complain(f"rule {error.rule} failed on session {error.session_id}: {error.error}")
    if analysis.errors:
        run.exit_code = EXIT_ERROR

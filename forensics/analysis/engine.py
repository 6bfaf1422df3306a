"""Evidence in, ``Analysis`` out: runs parsers and rules, isolates their failures, joins evidence.

Pure but for reading the inputs: the same bytes give the same analysis, in whatever order they are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

from forensics import __version__
from forensics.analysis.citations import Citations
from forensics.analysis.judge import judge
from forensics.analysis.model import Analysis, Note, RuleError
from forensics.analysis.surroundings import surroundings
from forensics.errors import NothingReadableError
from forensics.evidence.account import Remark
from forensics.evidence.coverage import Coverage, coverage_of
from forensics.evidence.discover import discover
from forensics.evidence.progress import Progress, judged
from forensics.evidence.unpack import Unpacker
from forensics.privacy.redact import unredacted
from forensics.rulekit.rule import Rule
from forensics.rules import RULES
from forensics.session.model.case import build_case
from forensics.table.clock import align
from forensics.table.dedupe import one_event_each
from forensics.table.ingest import Ingested, ingest
from forensics.table.order import shutdown_last
from forensics.table.scope import partial_files, session_ids, told_once, unattached, with_named_logs
from forensics.table.sessions import attach
from forensics.text.lengths import MOST_ROWS


def analyse(
    paths: Sequence[Path],
    *,
    tz: str | None = None,
    rules: Sequence[Rule] = RULES,
    stdin: IO[bytes] | None = None,
    base: Path | None = None,
    around: int = 0,
    most_rows: int | None = MOST_ROWS,
    reviewing: bool = True,
    redacting: bool = True,
    progress: Progress | None = None,
) -> Analysis:
    """Analyse everything under ``paths``. Without ``redacting`` secrets stay in it.

    The path ``-`` is ``stdin``. What is packed is unpacked for the run. Files under ``base`` are named
    relative to it. So many lines ``around`` each cited one are kept with the analysis, and ``most_rows`` of
    each session's timeline (null: all). ``reviewing`` says what only a report tells. ``progress`` is told how far
    the run is.

    Raises ``UsageError`` for a path or zone that does not exist, ``NothingReadableError`` where no line
    of any file could be understood.
    """
    with ExitStack() as run:
        ingested = _read(run, paths, stdin, base, redacting=redacting, progress=progress)
        told = _analyse(paths, ingested, tz, rules, around, most_rows, reviewing=reviewing, progress=progress)
        return replace(told, redacted=redacting)


def examine(
    paths: Sequence[Path],
    *,
    stdin: IO[bytes] | None = None,
    base: Path | None = None,
    redacting: bool = True,
    progress: Progress | None = None,
) -> Coverage:
    """Read everything under ``paths`` and say what was understood. Arguments and errors are those of ``analyse``."""
    with ExitStack() as run:
        ingested = _read(run, paths, stdin, base, redacting=redacting, progress=progress)
    if not ingested.inputs and not ingested.unread:
        raise NothingReadableError(_nothing(paths, ingested))
    nothing = None if _is_understood(ingested) else _nothing(paths, ingested)
    return replace(coverage_of(ingested.inputs, ingested.unread), nothing=nothing)


def _read(
    run: ExitStack,
    paths: Sequence[Path],
    stdin: IO[bytes] | None,
    base: Path | None,
    *,
    redacting: bool,
    progress: Progress | None,
) -> Ingested:
    """Read what is named. What was unpacked, and whether secrets stay, lasts as long as ``run``."""
    if not redacting:
        run.enter_context(unredacted())
    return ingest(discover(paths, Unpacker(run), stdin, base, progress), progress)


def _analyse(
    paths: Sequence[Path],
    ingested: Ingested,
    tz: str | None,
    rules: Sequence[Rule],
    around: int,
    most_rows: int | None,
    *,
    reviewing: bool,
    progress: Progress | None,
) -> Analysis:
    if not _is_understood(ingested):
        raise NothingReadableError(_nothing(paths, ingested))
    aligned = align(ingested.events, tz)
    excerpts, sifted = partial_files(ingested)
    told, retold = told_once(with_named_logs(attach(aligned.events), ingested), ingested)
    once, places = one_event_each(told, excerpts)
    events = shutdown_last(once)
    ids = session_ids(events)
    if not ids:
        msg = f"no session under {_where(paths)}: {len(ingested.inputs)} log files, none of which names one"
        raise NothingReadableError(msg)
    citations = Citations(ingested.inputs, events, places)
    errors: list[RuleError] = []
    parts = events.partition_by("session_id", as_dict=True)
    cases = (
        build_case(session, parts[session,], ingested.todos, ingested.spawns, excerpts, sifted)
        for session in judged(progress, ids)
    )
    sessions = [judge(case, rules, citations, errors, most_rows, reviewing=reviewing) for case in cases]
    return Analysis(
        tool_version=__version__,
        inputs=tuple(sorted(ingested.inputs, key=lambda i: i.evidence.name)),
        unread=ingested.unread,
        notes=tuple(_note(remark, ingested) for remark in (*aligned.notes, *retold)),
        unattached=unattached(events, ids, ingested),
        sessions=tuple(sessions),
        left_out=0,
        rules=tuple(rules),
        errors=tuple(errors),
        around=surroundings(sessions, citations, around),
    )


def _is_understood(ingested: Ingested) -> bool:
    return any(i.lines_understood for i in ingested.inputs)


def _nothing(paths: Sequence[Path], ingested: Ingested) -> str:
    where = _where(paths)
    seen = len(ingested.unread) + len(ingested.inputs)
    if not seen:
        return f"nothing to analyse: no files under {where}"
    reasons = sorted(
        {u.reason for u in ingested.unread} | {p.reason for i in ingested.inputs for p in i.problems[:1]}
    )
    return (
        f"nothing readable under {where}: {seen} file{'s' if seen > 1 else ''} found ({'; '.join(reasons)})"
    )


def _where(paths: Sequence[Path]) -> str:
    return ", ".join(str(p) for p in paths)


def _note(said: Remark, ingested: Ingested) -> Note:
    return Note(
        said.text,
        tuple(f"{ingested.inputs[file].evidence.name}:{line}" for file, line in dict.fromkeys(said.places)),
    )

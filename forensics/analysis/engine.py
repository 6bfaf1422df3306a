"""Evidence in, ``Analysis`` out: runs parsers and rules, isolates their failures, joins evidence.

Pure but for reading the inputs: the same bytes give the same analysis, in whatever order they are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from forensics.analysis.citations import Citations
from forensics.analysis.judge import judge
from forensics.analysis.model import Analysis, Note, RuleError
from forensics.analysis.request import Request
from forensics.analysis.surroundings import surroundings
from forensics.errors import NothingReadableError
from forensics.evidence.account import Remark
from forensics.evidence.coverage import Coverage, blind_spots, coverage_of
from forensics.evidence.custody import change_of
from forensics.evidence.discover import discover
from forensics.evidence.progress import judged
from forensics.evidence.unpack import Unpacker
from forensics.privacy.redact import unredacted
from forensics.session.model.case import build_case
from forensics.table.clock import align
from forensics.table.dedupe import one_event_each
from forensics.table.ingest import Ingested, ingest
from forensics.table.notes.told_credentials import tell_once
from forensics.table.order import shutdown_last
from forensics.table.scope import partial_files, scope_of, told_once, unattached, with_named_logs
from forensics.table.sessions import attach
from forensics.text.version import __version__


def analyse(request: Request) -> Analysis:
    """Analyse everything under the paths that a request names. What is packed is unpacked for the run.

    Raises ``UsageError`` for a path or zone that does not exist, ``NothingReadableError`` where no line
    of any file could be understood.
    """
    with ExitStack() as run:
        told = _analyse(request, _read(run, request))
        return replace(told, redacted=request.redacting)


def examine(request: Request) -> Coverage:
    """Read everything that a request names and say what was understood. Errors are those of ``analyse``."""
    with ExitStack() as run:
        ingested = _read(run, request)
    if not ingested.inputs and not ingested.unread:
        raise NothingReadableError(_nothing(request, ingested))
    nothing = None if _is_understood(ingested) else _nothing(request, ingested)
    return replace(coverage_of(ingested.inputs, ingested.unread), nothing=nothing)


def _read(run: ExitStack, request: Request) -> Ingested:
    """Read what is named. What was unpacked, and whether secrets stay, lasts as long as ``run``."""
    if not request.redacting:
        run.enter_context(unredacted())
    found = discover(request.paths, Unpacker(run), request.stdin, request.base, request.progress)
    return ingest(found, request.progress)


def _analyse(request: Request, ingested: Ingested) -> Analysis:
    if not _is_understood(ingested):
        raise NothingReadableError(_nothing(request, ingested))
    aligned = align(ingested.events, request.zone)
    excerpts, sifted = partial_files(ingested)
    told, retold = told_once(with_named_logs(attach(aligned.events), ingested), ingested)
    once, places = one_event_each(told, excerpts)
    events = shutdown_last(once)
    scope = scope_of(events)
    events = tell_once(events, scope.ids)
    if not scope.ids:
        msg = f"no session under {request.where}: {len(ingested.inputs)} log files, none of which names one"
        raise NothingReadableError(msg)
    citations = Citations(ingested.inputs, events, places)
    errors: list[RuleError] = []
    parts = events.partition_by("session_id", as_dict=True)
    cases = (
        build_case(session, parts[session,], ingested.todos, ingested.spawns, excerpts, sifted)
        for session in judged(request.progress, scope.ids)
    )
    every = [judge(case, citations, request, errors) for case in cases]
    sessions = scope.without_empty_traces(every, lambda session: bool(session.findings))
    ids = [s.session_id for s in sessions]
    return Analysis(
        tool_version=__version__,
        inputs=tuple(sorted(ingested.inputs, key=lambda i: i.evidence.name)),
        unread=ingested.unread,
        custody=ingested.custody,
        blind=blind_spots(ingested.inputs, ingested.unread),
        notes=(
            *(_note(remark, ingested) for remark in (*ingested.notes, *aligned.notes, *retold)),
            *_changes(ingested),
        ),
        unattached=unattached(events, ids, ingested),
        sessions=tuple(sessions),
        left_out=0,
        rules=tuple(request.rules),
        errors=tuple(errors),
        around=surroundings(sessions, citations, request.around),
    )


def _is_understood(ingested: Ingested) -> bool:
    return any(
        i.lines_understood or i.records for i in ingested.inputs
    )  # a broken line may hold whole records


def _nothing(request: Request, ingested: Ingested) -> str:
    seen = len(ingested.unread) + len(ingested.inputs)
    if not seen:
        return f"nothing to analyse: no files under {request.where}"
    reasons = sorted(
        {u.reason for u in ingested.unread} | {p.reason for i in ingested.inputs for p in i.problems[:1]}
    )
    files = f"{seen} file{'s' if seen > 1 else ''} found ({'; '.join(reasons)})"
    return f"nothing readable under {request.where}: {files}"


def _changes(ingested: Ingested) -> Iterator[Note]:
    """Yield what has to be said of logs that are no longer what was read."""
    for log in {i.evidence.path: i for i in ingested.inputs}.values():
        why = change_of(log.evidence)
        if why is not None:
            yield Note(f"{log.evidence.name} changed while it was read: {why}", (f"{log.evidence.name}:1",))


def _note(said: Remark, ingested: Ingested) -> Note:
    return Note(
        said.text,
        tuple(f"{ingested.inputs[file].evidence.name}:{line}" for file, line in dict.fromkeys(said.places)),
    )

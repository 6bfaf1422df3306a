"""Evidence in, ``Analysis`` out: runs parsers and rules, isolates their failures, joins evidence.

Pure but for reading the inputs: the same bytes give the same analysis, in whatever order they are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

import polars as pl

from forensics import __version__
from forensics.account import InputFile, Remark
from forensics.analysis import Analysis, Note, RuleError, SessionAnalysis
from forensics.aspects.mcp_losses import STARTING
from forensics.bounds import SENTENCE, bounded, shortened
from forensics.case import Case, build_case
from forensics.chain.graph import FailureGraph, failure_graph
from forensics.chain.happenings import CHAIN
from forensics.citations import Citations
from forensics.clock import align
from forensics.coverage import Coverage, coverage_of
from forensics.dedupe import one_event_each, without_retold
from forensics.discover import discover
from forensics.errors import NothingReadableError
from forensics.finding import (
    Cite,
    Finding,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Outcome,
    OutcomeKind,
    Severity,
    fingerprint,
)
from forensics.ingest import Ingested, ingest
from forensics.order import shutdown_last
from forensics.redact import unredacted
from forensics.review import Review
from forensics.rule import Rule, Said
from forensics.rules import RULES
from forensics.schema import NOTES, EventKind, Source, is_from, is_kind
from forensics.sessions import attach
from forensics.surroundings import surroundings
from forensics.timeline import gaps_of, open_entries, timeline_of, unaccounted_writes
from forensics.unpack import Unpacker

# a session needs more than these: a file of start-up lines or an empty list is nobody's session
TRACES = (
    EventKind.LOG_EDGE,
    EventKind.CLOCK_ANCHOR,
    EventKind.TODO_SNAPSHOT,
    EventKind.PROCESS_LEFT,
    EventKind.VOICE_LOCK_LEFT,
    EventKind.AGENT_META,
    EventKind.SESSION_META,
    EventKind.HOOK_RAN,
    EventKind.OTHER,
    *NOTES,
)


def analyse(
    paths: Sequence[Path],
    *,
    tz: str | None = None,
    rules: Sequence[Rule] = RULES,
    stdin: IO[bytes] | None = None,
    base: Path | None = None,
    around: int = 0,
    redacting: bool = True,
) -> Analysis:
    """Analyse everything under ``paths``. Without ``redacting`` secrets stay in it.

    The path ``-`` is ``stdin``. What is packed is unpacked for the run. Files under ``base`` are named
    relative to it. So many lines ``around`` each cited one are kept with the analysis.

    Raises ``UsageError`` for a path or zone that does not exist, ``NothingReadableError`` where no line
    of any file could be understood.
    """
    with ExitStack() as run:
        ingested = _read(run, paths, stdin, base, redacting=redacting)
        return replace(_analyse(paths, ingested, tz, rules, around), redacted=redacting)


def examine(
    paths: Sequence[Path],
    *,
    stdin: IO[bytes] | None = None,
    base: Path | None = None,
    redacting: bool = True,
) -> Coverage:
    """Read everything under ``paths`` and say what was understood. Arguments and errors are those of ``analyse``."""
    with ExitStack() as run:
        ingested = _read(run, paths, stdin, base, redacting=redacting)
    if not ingested.inputs and not ingested.unread:
        raise NothingReadableError(_nothing(paths, ingested))
    return coverage_of(ingested.inputs, ingested.unread)


def _read(
    run: ExitStack, paths: Sequence[Path], stdin: IO[bytes] | None, base: Path | None, *, redacting: bool
) -> Ingested:
    """Read what is named. What was unpacked, and whether secrets stay, lasts as long as ``run``."""
    if not redacting:
        run.enter_context(unredacted())
    return ingest(discover(paths, Unpacker(run), stdin, base))


def _analyse(
    paths: Sequence[Path], ingested: Ingested, tz: str | None, rules: Sequence[Rule], around: int
) -> Analysis:
    if not any(i.lines_understood for i in ingested.inputs):
        raise NothingReadableError(_nothing(paths, ingested))
    aligned = align(ingested.events, tz)
    excerpts, sifted = _partial(ingested)
    told, retold = _once(_named_logs(attach(aligned.events), ingested), ingested)
    once, places = one_event_each(told, excerpts)
    events = shutdown_last(once)
    ids = _session_ids(events)
    if not ids:
        msg = f"no session under {_where(paths)}: {len(ingested.inputs)} log files, none of which names one"
        raise NothingReadableError(msg)
    citations = Citations(ingested.inputs, events, places)
    errors: list[RuleError] = []
    parts = events.partition_by("session_id", as_dict=True)
    cases = (
        build_case(session, parts[session,], ingested.todos, ingested.spawns, excerpts, sifted)
        for session in ids
    )
    sessions = [_judge(case, rules, citations, errors) for case in cases]
    return Analysis(
        tool_version=__version__,
        inputs=tuple(sorted(ingested.inputs, key=lambda i: i.evidence.name)),
        unread=ingested.unread,
        notes=tuple(_note(remark, ingested) for remark in (*aligned.notes, *retold)),
        unattached=_unattached(events, ids, ingested),
        sessions=tuple(sessions),
        left_out=0,
        rules=tuple(rules),
        errors=tuple(errors),
        around=surroundings(sessions, citations, around),
    )


def _partial(ingested: Ingested) -> tuple[frozenset[int], frozenset[int]]:
    """Return the files that are not whole logs, and those of them in which lines between others are missing."""
    files = tuple(enumerate(ingested.inputs))
    return (
        frozenset(n for n, i in files if _is_partial(i)),
        frozenset(n for n, i in files if i.evidence.is_sifted),
    )


def _is_partial(file: InputFile) -> bool:
    """Say whether a file's lines were copied: a transcript of another name is what somebody pasted of one."""
    place = file.evidence.place.casefold()
    pasted = file.source is Source.TRANSCRIPT and not place.endswith((".jsonl", "/stdin"))
    return pasted or file.source is Source.CONSOLE or file.evidence.is_excerpt


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


def _named_logs(events: pl.DataFrame, ingested: Ingested) -> pl.DataFrame:
    """Make a session of each client log that no session could be found for: by its bytes, not by its name.

    To which session it belongs would be a guess; that it tells of work, or of a death, is none. Mere traces make a
    session only where there is nothing else at all.
    """
    held = pl.col("session_id").is_not_null().any().over("file")
    logs = events.filter(
        is_from((Source.CLAUDE_DEBUG, Source.MCP_LOG, Source.ERROR_REPORT, Source.CONSOLE, Source.TRANSCRIPT))
        & ~held
    )
    at_work = logs.filter(~is_kind(TRACES))
    others = events.filter(~is_kind((EventKind.PROMPT_TYPED,)))["session_id"]
    alone = at_work.is_empty() and others.null_count() == others.len()
    told = logs if alone else at_work
    names = {file: f"log:{ingested.inputs[file].evidence.digest}" for file in told["file"].unique().to_list()}
    named = pl.col("file").replace_strict(names, default=None, return_dtype=pl.String)
    return events.with_columns(session_id=pl.coalesce("session_id", named))


def _once(events: pl.DataFrame, ingested: Ingested) -> tuple[pl.DataFrame, tuple[Remark, ...]]:
    """Prefer a session's transcript to a trajectory that was made of it."""
    files = list(enumerate(ingested.inputs))
    transcripts = [n for n, file in files if file.source is Source.TRANSCRIPT and not _is_partial(file)]
    return without_retold(
        events, transcripts, {n: file.evidence.name for n, file in files if file.source is Source.ATIF}
    )


def _session_ids(events: pl.DataFrame) -> list[str]:
    """Return the ids of the sessions, in order of time. Mere traces make a session only if there is no other."""
    # before its own id is set, 1.0.90 writes the start of a connection under another one into the session's MCP log
    shared = pl.col("session_id").n_unique().over("file") > 1
    start = is_kind((EventKind.MCP_CONNECTION,)) & pl.col("status").str.starts_with(STARTING)
    work = ~is_kind(TRACES) & ~(start & shared).fill_null(value=False)
    told = events.filter(pl.col("session_id").is_not_null()).with_columns(at_work=work)
    # a history holds the prompts of every project: those of other sessions are no evidence of theirs
    listed = (
        told.filter(~is_kind((EventKind.PROMPT_TYPED, *NOTES)))
        .group_by("session_id")
        .agg(first=pl.col("ts").min(), at_work=pl.col("at_work").any(), items=pl.col("count").sum())
        .sort("first", "session_id", nulls_last=True)
    )
    choices = (listed.filter("at_work"), listed.filter(pl.col("items") > 0), listed)
    return next((kept["session_id"].to_list() for kept in choices if not kept.is_empty()), [])


def _unattached(events: pl.DataFrame, ids: Sequence[str], ingested: Ingested) -> tuple[tuple[str, int], ...]:
    session = pl.col("session_id")
    expected = (EventKind.LOG_EDGE, EventKind.PROMPT_TYPED, *NOTES)
    loose = events.filter(session.is_null() | ~session.is_in(list(ids))).filter(~is_kind(expected))
    counted = loose.group_by("file").len().sort("file")
    return tuple(sorted((ingested.inputs[file].evidence.name, n) for file, n in counted.iter_rows()))


def _judge(
    case: Case, rules: Sequence[Rule], citations: Citations, errors: list[RuleError]
) -> SessionAnalysis:
    outcomes: list[Outcome] = []
    findings: list[Finding] = []
    # those that build on others' findings come after them; within each part the order is that of the codes
    for rule in sorted(rules, key=lambda r: r.reads_findings):
        try:
            said = rule.judge(case.with_findings(findings) if rule.reads_findings else case)
            made = [_finding(rule, case, bounded(hit), citations) for hit in said if isinstance(hit, Hit)]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one broken rule must not cost the others, nor end the run
            errors.append(RuleError(rule.code, case.session_id, f"{type(error).__name__}: {error}"))
            continue
        findings += made
        outcomes.append(_outcome(rule, case, said))
    outcomes.sort(key=lambda o: o.rule)
    findings.sort(key=lambda f: (-f.severity.rank, f.rule, f.fingerprint))
    moments, omitted = timeline_of(case, findings, citations)
    chain = _chain(case.with_findings(findings), rules, errors)
    shown = [Cite(e) for e in chain.shown]
    silence = (case.ending.gap_from, case.ending.last_event)
    return SessionAnalysis(
        case=case,
        outcomes=tuple(outcomes),
        findings=tuple(findings),
        timeline=moments,
        timeline_omitted=omitted,
        gaps=gaps_of(case),
        todos=open_entries(case, citations),
        ending_refs=citations.resolve(Cite(e) for e in case.ending.cites),
        silence_refs=citations.resolve(Cite(e) for e in silence if e is not None),
        disk_writes=unaccounted_writes(case, citations),
        chain=chain,
        chain_refs={ref.event_id: ref for ref in citations.resolve(shown)},
        review=Review(),
        files=citations.files_of(case.events),
        names=citations.names_of(case.events),
    )


def _chain(case: Case, rules: Sequence[Rule], errors: list[RuleError]) -> FailureGraph:
    """Link the findings by the thresholds that the chain's own rule has."""
    settings = next((r.settings for r in rules if r.code == CHAIN), {})
    try:
        return failure_graph(case, **settings)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - as for a rule: what was found is worth more than what links it
        if not any(e.rule == CHAIN and e.session_id == case.session_id for e in errors):
            errors.append(RuleError(CHAIN, case.session_id, f"{type(error).__name__}: {error}"))
        return FailureGraph(nodes=(), edges=(), paths=(), verdict=None)


def _outcome(rule: Rule, case: Case, said: Sequence[Said]) -> Outcome:
    if any(isinstance(s, Hit) for s in said):
        return Outcome(rule.code, case.session_id, OutcomeKind.FIRED)
    for kind, outcome in (
        (Insufficient, OutcomeKind.INSUFFICIENT),
        (NotApplicable, OutcomeKind.NOT_APPLICABLE),
    ):
        for one in said:
            if isinstance(one, kind):
                return Outcome(rule.code, case.session_id, outcome, shortened(one.reason, SENTENCE))
    if case.excerpts and set(case.events["file"].unique()) <= case.excerpts:
        reason = "the evidence is an excerpt: what it does not show may stand in what was left out"
        return Outcome(rule.code, case.session_id, OutcomeKind.INSUFFICIENT, reason)
    return Outcome(rule.code, case.session_id, OutcomeKind.CLEAR)


def _finding(rule: Rule, case: Case, hit: Hit, citations: Citations) -> Finding:
    if not hit.cites:
        msg = f"{rule.code} gave a hit without evidence: {hit.message}"
        raise ValueError(msg)
    cited = list(hit.cites)
    named = {c.event_id for c in cited}
    cited += [Cite(e) for s in hit.statements for e in s.cites if e not in named and not named.add(e)]  # type: ignore[func-returns-value]
    nature = hit.nature or rule.nature
    expected = nature is Nature.CONTROL_GAP and rule.is_expected
    severity = hit.severity or rule.severity
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=max(severity, Severity.MEDIUM, key=lambda s: s.rank) if expected else severity,
        confidence=hit.confidence or rule.confidence,
        claim=hit.claim,
        nature=nature,
        expected=expected,
        builds_on_findings=rule.reads_findings,
        session_id=case.session_id,
        agent_id=hit.agent_id,
        message=hit.message,
        facts=dict(hit.facts),
        fingerprint=fingerprint(rule.code, case.session_id, hit.agent_id, hit.subject),
        evidence=citations.resolve(cited),
        statements=hit.statements,
        tables=hit.tables,
        contract=hit.contract,
        contract_held=hit.contract_held,
    )

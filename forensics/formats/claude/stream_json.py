"""Headless runs: what ``claude -p --output-format stream-json --verbose`` prints, alone or among console noise.

The records are those of a transcript in other clothes: snake_case names, no times (2.0.29, 2.1.89), a subagent
named by the call that spawned it, a ``system``/``init`` at the beginning and a ``result`` at the end. A recorded
console holds them between prompts, progress bars and request logs; a line may carry a record behind control
sequences. The log of the client's requests stands between them, where it was asked for. What is neither is console
output: it says nothing of the session, unless a witness tells in it how the client ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from forensics.evidence.account import Damage, Reason
from forensics.evidence.file import Evidence
from forensics.evidence.text import shown
from forensics.formats.base import Parsed, Places
from forensics.formats.claude.contradictions import in_result, in_snake_case
from forensics.formats.claude.conversation import TALK, Conversation
from forensics.formats.claude.lacking import lacking_in_stream
from forensics.formats.claude.records import EMPTY, UNTYPED, Record, ServerStatus, StreamRecord
from forensics.formats.claude.run_result import agent_tally, run_result
from forensics.formats.claude.sdk_log import SdkLog
from forensics.formats.claude.stream_tasks import Tasks
from forensics.formats.claude.usage_limits import UsageLimits
from forensics.formats.claude.witnesses import Said, Witness, deaths_in, may_tell
from forensics.formats.jsonl import UNDECODABLE, decoded, mend
from forensics.formats.reading import finish, first_free, problems_by_reason, rows
from forensics.formats.times import parse_time
from forensics.schema import EVENTS, SPAWNS, TODOS, EventKind, Row, Source, TsQuality

INIT = re.compile(rb'\{"type":\s*"system",\s*"subtype":\s*"init"')
# the only record of a run whose output format is ``json``
LONE = re.compile(rb'(?m)^\{"type":\s*"result",\s*"subtype":\s*"')
STREAMED = re.compile(rb'"parent_tool_use_id":\s*(?:null|"[^"]*"),\s*"session_id":\s*"')
RECORD = b'{"type":'
# of records that another program wrote anew, the keys have another order
ABOUT_A_RUN = re.compile(rb'^\s*\{.*"type"\s*:\s*"(?:system|result)"')
NAMED = re.compile(rb'^\s*\{.*"(?:session_id|subtype)"\s*:')
RUN_STARTS, RUN_ENDS = EventKind.SESSION_START, EventKind.RESULT
NOISE = Reason("console output, no record", Damage.NONE)
CUT = Reason("a record that is cut off or broken by other output", Damage.CUT_OFF)


class StreamJson:
    """The parser of one stream or console recording."""

    source = Source.STREAM_JSON

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the content tells
        """Recognise a stream by its first record; a transcript's records have other names."""
        if any(sign.search(head) for sign in (INIT, STREAMED, LONE)):
            return True
        lines = (line for line in head.split(b"\n") if ABOUT_A_RUN.search(line))
        return any(_is_about_a_run(_decode(line)) for line in lines)

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the records in file order, and account for the noise between them."""
        stream = _Stream(is_mixed=evidence.is_laid_out)
        total = 0
        for batch in evidence.records():
            lines = batch.data.removesuffix(b"\n").split(b"\n")
            spans = batch.spanned(len(lines))
            total += sum(spans)
            starts = batch.before_ends or (0,) * len(lines)
            for place in zip(batch.numbered(len(lines)), spans, starts, lines, strict=True):
                stream.take(*place)
        stream.end()
        reader, requests = stream.reader, stream.requests
        # a stream is a transcript that went to standard output: rules ask for either in one way
        told = [rows(found, EVENTS) for found in (reader.events, stream.own, requests.events)]
        parsed = finish(
            [pl.concat(told).sort("line", "ordinal")],
            Source.TRANSCRIPT,
            problems_by_reason(stream.bad),
            total,
            todos=[rows(reader.todos, TODOS)],
            spawns=[rows(reader.spawns, SPAWNS)],
            tally=reader.tally,
        )
        return replace(
            parsed,
            events=_by_source(parsed.events, requests.events),
            places=stream.places,
            contradictions=tuple(
                replace(c, field=in_snake_case(c.field)) for c in reader.contradictions.found
            ),
        )


class _Stream:
    """What was read of a stream so far."""

    def __init__(self, *, is_mixed: bool) -> None:
        self.reader = Conversation(internal_agents=False)
        self.requests = SdkLog(self.reader.tally)
        self._tasks = Tasks(self.reader.spawn_calls)
        self._limits = UsageLimits(self.reader.tally)
        self.own: list[Row] = []  # what only a stream says
        self.bad: dict[Reason, list[int]] = {}
        self.places: Places = {}
        self._beside: list[Said] = []  # what stands between the records
        self._is_mixed = is_mixed  # JSON of other programs may stand between

    def take(self, number: int, span: int, before_end: int, line: bytes) -> None:
        """Take a line, which accounts for ``span`` lines of the file."""
        is_record = RECORD in line or NAMED.match(line) is not None
        if not is_record and self.requests.take(number, _text(line), self.reader.session_id):
            return
        record = self._record_in(line) if is_record else None
        if record is not None:
            first = first_free(number, self.reader.events, self.own)
            if before_end:
                self.places.setdefault(number, []).append((first, before_end))
            self.reader.read(number, _as_transcript(record), first)
            spoken = None
            if record.type == "result":
                spoken = _last_said(self.reader.events)
                self.reader.contradictions.found += in_result(number, record, spoken)
            self.reader.tally.lack(number, lacking_in_stream(record), first)
            self.own += self._limits.take(number, record, first)
            self.own += _edges(number, record, self._tasks, first, spoken)
        elif line.strip():
            reason = CUT if is_record and _decode(line) is None else NOISE
            if not is_record:
                self._beside.append((number, _text(line)))
            self.bad.setdefault(reason, []).extend(range(number, number + max(1, span)))

    def end(self) -> None:
        """Hear the witnesses, after the last line, and leave out the refusals that an answer tells."""
        starts = [row["line"] for row in self.own if row["kind"] == RUN_STARTS.value]
        again = {id(row) for row in self._limits.told_anyway(self.reader.events, starts)}
        self.own = [row for row in self.own if id(row) not in again]
        self.own += _deaths(self._beside, self.reader.session_id, _ended(self.own), self.bad)

    def _record_in(self, line: bytes) -> StreamRecord | None:
        """Return the record that begins a line, or stands in it behind what a terminal wrote over."""
        record = _decode(line) if line.lstrip().startswith(b"{") else None
        if record is None and (at := line.find(RECORD)) > 0:
            record = _decode(line[at:])
        if record is None or record.type == UNTYPED or (self._is_mixed and not _is_ours(record)):
            return None
        return record


def _text(line: bytes) -> str:
    return shown(line).decode("utf-8", "replace")


def _by_source(events: pl.DataFrame, requests: Sequence[Row]) -> pl.DataFrame:
    """Tell the SDK's log from the conversation: a failed request is no answer of the session's.

    The first requests are logged before the first record that names the session.
    """
    of_sdk = pl.col("line").is_in([row["line"] for row in requests])
    session = (
        pl.when(of_sdk).then(pl.col("session_id").fill_null(strategy="backward")).otherwise("session_id")
    )
    source = pl.lit(Source.STREAM_JSON.value, dtype=EVENTS["source"])
    return events.with_columns(session_id=session, source=pl.when(of_sdk).then(source).otherwise("source"))


def _ended(own: Sequence[Row]) -> int | None:
    """Return the line of the last run's result; null where it has none."""
    edges = {
        kind: [row["line"] for row in own if row["kind"] == kind.value] for kind in (RUN_STARTS, RUN_ENDS)
    }
    last = max(edges[RUN_ENDS], default=0)
    return last if last > max(edges[RUN_STARTS], default=0) else None


def _deaths(
    beside: Sequence[Said], session_id: str | None, ended: int | None, bad: dict[Reason, list[int]]
) -> Iterator[Row]:
    """Yield what witnesses say beside the records: of no other program, the run's own file is where they say it.

    Behind a run's result a shell or a runner that names nobody speaks of what the job did next.
    """
    if not any(may_tell(text) for _, text in beside):
        return
    understood: set[int] = set()
    for death in deaths_in(beside):
        is_next = death.is_client is None and death.witness is not Witness.RUNTIME
        if death.is_client is False or (is_next and ended is not None and death.line > ended):
            continue
        understood.update(death.lines)
        base: Row = {"session_id": session_id, "ordinal": 0}
        yield from death.named(is_client=True).rows(base)
    bad[NOISE] = [number for number in bad.get(NOISE, []) if number not in understood]


def _is_about_a_run(record: StreamRecord | None) -> bool:
    """Say whether a record begins a run or ends it, which no transcript has."""
    if record is None:
        return False
    ends = record.type == "result" and record.subtype is not None and record.num_turns is not None
    return ends or (record.type == "system" and record.subtype == "init")


def _is_ours(record: StreamRecord) -> bool:
    """Tell the client's records from other JSON that says its type."""
    about_a_run = record.type in ("system", "result") and record.subtype is not None
    return bool(
        record.session_id or record.uuid or about_a_run or (record.type in TALK and record.message != EMPTY)
    )


def _decode(raw: bytes) -> StreamRecord | None:
    try:
        return msgspec.json.decode(mend(raw.strip()), type=StreamRecord, strict=False)
    except (msgspec.ValidationError, *UNDECODABLE):
        return None


def _as_transcript(record: StreamRecord) -> Record:
    return Record(
        type=record.type,
        subtype=record.subtype,
        uuid=record.uuid,
        session_id=record.session_id,
        timestamp=record.timestamp,
        version=record.claude_code_version,
        cwd=record.cwd,
        agent_id=record.parent_tool_use_id,
        message=record.message,
        tool_use_result=record.tool_use_result,
        compact_metadata=record.compact_metadata,
        is_api_error_message=record.is_api_error_message,
        api_error_status=record.error_status if record.api_error_status is None else record.api_error_status,
        api_error=record.api_error,
        error=record.error,
        retry_attempt=record.attempt,
        max_retries=record.max_retries,
    )


def _last_said(events: Sequence[Row]) -> str | None:
    """Return what the main agent's model said last in the run at hand."""
    said = EventKind.ASSISTANT_MESSAGE.value
    own = (r for r in reversed(events) if r["kind"] == said and r.get("agent_id") is None)
    return next((str(row["message"]) for row in own), None)


def _edges(
    number: int, record: StreamRecord, tasks: Tasks, first: int = 0, spoken: str | None = None
) -> Iterator[Row]:
    """Yield the run's beginning and its result, and its agents' tasks, which only a stream has."""
    base: Row = {
        "line": number,
        "ordinal": first + 100,
        "session_id": record.session_id,
        "ts": (moment := parse_time(record.timestamp)),
        "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
        # a run begins and ends once: unlike a conversation's, these records are never copied into another session
        "record_id": f"{record.type}:{record.uuid}@{record.session_id}" if record.uuid else None,
    }
    if record.type == "system" and record.subtype == "init":
        start = EventKind.SESSION_START.value
        yield base | {"kind": start, "status": record.subtype, "message": "headless run starts"}
        yield from _servers(base, record)
    elif record.type == "system":
        yield from (base | row for row in tasks.take(record))
    elif record.type == "result":
        yield base | run_result(record, spoken)
        for nth, row in enumerate(agent_tally(record), 1):
            own = f"agents:{record.uuid}:{nth}" if record.uuid else None
            yield base | row | {"ordinal": base["ordinal"] + nth, "record_id": own}


def _servers(base: Row, record: StreamRecord) -> Iterator[Row]:
    """Yield how the run stands with each MCP server that it was configured with."""
    for number, server in enumerate(decoded(record.mcp_servers, list[ServerStatus]), base["ordinal"] + 1):
        yield base | {
            "ordinal": number,
            "record_id": f"server:{record.uuid}@{record.session_id}:{number}" if record.uuid else None,
            "kind": EventKind.MCP_CONNECTION.value,
            "component": server.name,
            "status": server.status,
            "message": f'MCP server "{server.name}": {server.status} when the run starts',
        }

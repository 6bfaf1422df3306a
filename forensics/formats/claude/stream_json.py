"""Headless runs: what ``claude -p --output-format stream-json --verbose`` prints, alone or among console noise.

The records are those of a transcript in other clothes: snake_case names, no times (2.0.29, 2.1.89), a subagent
named by the call that spawned it, a ``system``/``init`` at the beginning and a ``result`` at the end. A recorded
console holds them between prompts, progress bars and request logs; a line may carry a record behind control
sequences. The log of the client's requests stands between them, where it was asked for. What is neither is console
output: it says nothing of the session, unless it is Node's own trailer of an uncaught error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from forensics.evidence.account import Damage, Reason
from forensics.evidence.file import Evidence, count_lines
from forensics.evidence.unwrap import shown
from forensics.formats.base import Parsed
from forensics.formats.claude.console_lines import FULL_HEAP, UNHANDLED
from forensics.formats.claude.conversation import Conversation
from forensics.formats.claude.records import Record, ServerStatus, StreamRecord
from forensics.formats.claude.run_result import agent_tally, run_result
from forensics.formats.claude.sdk_log import SdkLog
from forensics.formats.claude.stream_tasks import Tasks
from forensics.formats.jsonl import UNDECODABLE, decoded, mend
from forensics.formats.reading import finish, problems_by_reason, rows
from forensics.formats.times import parse_time
from forensics.schema import EVENTS, SPAWNS, TODOS, EventKind, Row, Source, TsQuality

INIT = re.compile(rb'\{"type":\s*"system",\s*"subtype":\s*"init"')
STREAMED = re.compile(rb'"parent_tool_use_id":\s*(?:null|"[^"]*"),\s*"session_id":\s*"')
RECORD = b'{"type":'
# of a result the type no longer stands first in 2.1.330
RESULT = re.compile(rb'\{"[a-z_]+":.*"type":"result"')
# Node's trailer of an uncaught error (18 to 22), and V8's of a full heap
FATAL = re.compile(f"{UNHANDLED}|{FULL_HEAP}".encode())
NOISE = Reason("console output, no record", Damage.NONE)
CUT = Reason("a record that is cut off or broken by other output", Damage.CUT_OFF)


class StreamJson:
    """The parser of one stream or console recording."""

    source = Source.STREAM_JSON

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the content tells
        """Recognise a stream by its first record; a transcript's records have other names."""
        return INIT.search(head) is not None or STREAMED.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the records in file order, and account for the noise between them."""
        reader = Conversation(internal_agents=False)
        requests, tasks = SdkLog(reader.tally), Tasks(reader.spawn_calls)
        own: list[Row] = []
        bad: dict[Reason, list[int]] = {}
        total = 0
        for batch in evidence.batches():
            total += count_lines(batch.data)
            lines = batch.data.removesuffix(b"\n").split(b"\n")
            for number, line in zip(batch.numbered(len(lines)), lines, strict=True):
                if RECORD in line or not requests.take(number, _text(line), reader.session_id):
                    own += _take(number, line, reader, tasks, bad)
        problems = problems_by_reason(bad)
        # a stream is a transcript that went to standard output: rules ask for either in one way
        told = [rows(found, EVENTS) for found in (reader.events, own, requests.events)]
        parsed = finish(
            [pl.concat(told).sort("line", "ordinal")],
            Source.TRANSCRIPT,
            problems,
            total,
            todos=[rows(reader.todos, TODOS)],
            spawns=[rows(reader.spawns, SPAWNS)],
            tally=reader.tally,
        )
        return replace(parsed, events=_by_source(parsed.events, requests.events))


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


def _take(
    number: int, line: bytes, reader: Conversation, tasks: Tasks, bad: dict[Reason, list[int]]
) -> Iterator[Row]:
    at = line.find(RECORD)
    if at and RESULT.match(line):
        at = 0
    if at < 0:
        if FATAL.search(line):
            yield _fatal(number, line, reader.session_id)
        elif line.strip():
            bad.setdefault(NOISE, []).append(number)
        return
    record = _decode(line[at:])
    if record is None:
        bad.setdefault(CUT, []).append(number)
        return
    reader.read(number, _as_transcript(record))
    yield from _edges(number, record, tasks)


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


def _edges(number: int, record: StreamRecord, tasks: Tasks) -> Iterator[Row]:
    """Yield the run's beginning and its result, and its agents' tasks, which only a stream has."""
    base: Row = {
        "line": number,
        "ordinal": 100,
        "session_id": record.session_id,
        "ts": (moment := parse_time(record.timestamp)),
        "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
        "record_id": f"{record.type}:{record.uuid}" if record.uuid else None,
    }
    if record.type == "system" and record.subtype == "init":
        start = EventKind.SESSION_START.value
        yield base | {"kind": start, "status": record.subtype, "message": "headless run starts"}
        yield from _servers(base, record)
    elif record.type == "system":
        yield from (base | row for row in tasks.take(record))
    elif record.type == "result":
        yield base | run_result(record)
        for row in agent_tally(record):
            own = f"agents:{record.uuid}" if record.uuid else None
            yield base | row | {"ordinal": base["ordinal"] + 1, "record_id": own}


def _servers(base: Row, record: StreamRecord) -> Iterator[Row]:
    """Yield how the run stands with each MCP server that it was configured with."""
    for number, server in enumerate(decoded(record.mcp_servers, list[ServerStatus]), base["ordinal"] + 1):
        yield base | {
            "ordinal": number,
            "record_id": f"server:{record.uuid}:{number}" if record.uuid else None,
            "kind": EventKind.MCP_CONNECTION.value,
            "component": server.name,
            "status": server.status,
            "message": f'MCP server "{server.name}": {server.status} when the run starts',
        }


def _fatal(number: int, line: bytes, session_id: str | None) -> Row:
    return {
        "line": number,
        "ordinal": 0,
        "session_id": session_id,
        "ts_quality": TsQuality.MISSING.value,
        "kind": EventKind.PROCESS_FATAL.value,
        "message": line.decode("utf-8", "replace").strip(),
    }

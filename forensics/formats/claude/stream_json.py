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
from forensics.evidence.file import Evidence, count_lines
from forensics.evidence.unwrap import shown
from forensics.formats.base import Parsed
from forensics.formats.claude.conversation import Conversation
from forensics.formats.claude.records import Record, ServerStatus, StreamRecord, Usage
from forensics.formats.claude.sdk_log import SdkLog
from forensics.formats.claude.witnesses import Said, Witness, deaths_in, may_tell
from forensics.formats.jsonl import UNDECODABLE, decoded, mend
from forensics.formats.reading import finish, problems_by_reason, rows
from forensics.privacy.redact import cut
from forensics.schema import EVENTS, SPAWNS, TODOS, EventKind, Row, Source, TsQuality

INIT = re.compile(rb'\{"type":\s*"system",\s*"subtype":\s*"init"')
STREAMED = re.compile(rb'"parent_tool_use_id":\s*(?:null|"[^"]*"),\s*"session_id":\s*"')
RECORD = b'{"type":'
# of a result the type no longer stands first in 2.1.330
RESULT = re.compile(rb'\{"[a-z_]+":.*"type":"result"')
TEXT_KEPT = 400
RUN_STARTS, RUN_ENDS = EventKind.SESSION_START, EventKind.RESULT
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
        requests = SdkLog(reader.tally)
        own: list[Row] = []
        beside: list[Said] = []
        bad: dict[Reason, list[int]] = {}
        total = 0
        for batch in evidence.batches():
            total += count_lines(batch.data)
            lines = batch.data.removesuffix(b"\n").split(b"\n")
            for number, line in zip(batch.numbered(len(lines)), lines, strict=True):
                if RECORD in line or not requests.take(number, _text(line), reader.session_id):
                    own += _take(number, line, reader, bad, beside)
        own += _deaths(beside, reader.session_id, _ended(own), bad)
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


def _take(
    number: int, line: bytes, reader: Conversation, bad: dict[Reason, list[int]], beside: list[Said]
) -> Iterator[Row]:
    at = line.find(RECORD)
    if at and RESULT.match(line):
        at = 0
    if at < 0:
        if line.strip():
            beside.append((number, _text(line)))
            bad.setdefault(NOISE, []).append(number)
        return
    record = _decode(line[at:])
    if record is None:
        bad.setdefault(CUT, []).append(number)
        return
    reader.read(number, _as_transcript(record))
    yield from _edges(number, record)


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
    )


def _edges(number: int, record: StreamRecord) -> Iterator[Row]:
    """Yield the run's beginning and its result, which only a stream has."""
    base: Row = {
        "line": number,
        "ordinal": 100,
        "session_id": record.session_id,
        "ts_quality": TsQuality.MISSING.value,
        "record_id": f"{record.type}:{record.uuid}" if record.uuid else None,
    }
    if record.type == "system" and record.subtype == "init":
        start = EventKind.SESSION_START.value
        yield base | {"kind": start, "status": record.subtype, "message": "headless run starts"}
        yield from _servers(base, record)
    elif record.type == "result":
        said = "error" if record.is_error and record.subtype == "success" else record.subtype
        errors = decoded(record.errors, list[str])
        yield base | {
            "kind": EventKind.RESULT.value,
            "status": said,
            "count": record.num_turns,
            "duration_ms": record.duration_ms,
            "tokens": decoded(record.usage, Usage).total,
            "message": cut(": ".join((f"the run's result: {said}", *errors[:1])), TEXT_KEPT),
        }


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

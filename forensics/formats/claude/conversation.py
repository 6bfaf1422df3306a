"""From the records of a conversation to events: what transcripts and headless streams have in common.

One API message is several records with one message id. A tool call and its result are two events that share
a ``correlation_id``; a spawn, a todo list and a change of a task are calls with a side table. Measured on
1.0.128 to 2.1.330.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from forensics.formats.claude.agent_answers import answer_of
from forensics.formats.claude.api_failures import RETRIES, attempt, failure, is_failure
from forensics.formats.claude.contradictions import Contradictions
from forensics.formats.claude.lacking import lacking
from forensics.formats.claude.records import (
    EMPTY,
    Attachment,
    Block,
    CompactMetadata,
    HookInfo,
    Message,
    Record,
    ToolUseResult,
    Usage,
)
from forensics.formats.claude.team_messages import LEAD, member, member_id, team_messages
from forensics.formats.claude.tool_calls import digest, ended_agent, tool_call
from forensics.formats.jsonl import decoded
from forensics.formats.shapes import Tally, known
from forensics.formats.times import parse_time
from forensics.privacy.redact import cut
from forensics.schema import (
    COMMAND_KEPT,
    HOOK_TIMED_OUT,
    INTERRUPT,
    LAUNCHED,
    SHUTDOWN,
    EventKind,
    Row,
    TsQuality,
)

NOTIFICATION = re.compile(
    r"<task-notification>.*?<task-id>(?P<agent>[^<]+)</task-id>.*?<status>(?P<status>[^<]+)</status>"
    r"(?:\s*<summary>(?P<summary>.*?)</summary>)?",
    re.DOTALL,
)
WARMUP = "Warmup"
# what a workflow puts before an agent's task (2.1.332)
FRAME = re.compile(r"\A\[Workflow harness[^\n]*\n\s*")
# what the client adds where it takes up a conversation that stopped inside a turn (2.1.183, 2.1.332)
TAKES_UP = "Continue from where you left off."
# how a hook ended by the kind of its attachment, where no exit code says it; denials stand in the call's result
HOOK_ENDS = {
    "hook_success": "0",
    "hook_non_blocking_error": "error",
    "hook_error_during_execution": "error",
    "hook_cancelled": "cancelled",
}
HOOK_LIMITS_MS = (60_000.0, 600_000.0)  # the client's own: up to 2.1.2, and from then on
HOOK_SLACK_MS = 10.0  # a timer may fire that much too early
TALK = frozenset({"user", "assistant"})
MALFORMED = "?!"  # the role of what could not be decoded
SHAPE_KEPT = 80
TEXT_KEPT = 400  # of what is only shown
PROMPT_KEPT = 8000  # what the user asks for may stand anywhere in a prompt
RESULT_KEPT = 2000  # the voice tool's failure names one endpoint after the other


class Conversation:
    """The events of one file's records, and which sidechain each of them belongs to."""

    def __init__(self, *, internal_agents: bool) -> None:
        self.events: list[Row] = []
        self.todos: list[Row] = []
        self.spawns: list[Row] = []
        self.session_id: str | None = None  # of the last record that names one
        self.spawn_calls: set[str] = set()  # the calls that asked for an agent
        self.tally = Tally(known("transcript").shapes)
        self.contradictions = Contradictions()
        self._internal = internal_agents
        self._chain_of: dict[str, str] = {}  # uuid -> sidechain name
        self._warmups: set[str] = set()
        self._metas: set[tuple[str | None, str | None, str | None]] = set()

    def read(self, line: int, record: Record, first: int = 0) -> bool:
        """Add the events of one record. Say whether its message had the shape of one.

        ``first`` is the first event's number in its line, where that holds several records.
        """
        self.session_id = record.session_id or self.session_id
        agent = self._agent_of(record)
        message = _message_of(record)
        self.tally.see(line, _shapes_of(record, message), first)
        self.tally.lack(line, lacking(record, message), first)
        base: Row = {
            "line": line,
            "ts": parse_time(record.timestamp),
            "session_id": record.session_id,
            "agent_id": agent,
        }
        base["ts_quality"] = (TsQuality.EXACT if base["ts"] else TsQuality.MISSING).value
        found = list(_events_of(record, message))
        self.contradictions.see(line, record, message, found)
        if self._is_warmup(record, message, agent) or self._internal:
            found = [{"kind": EventKind.OTHER, "message": f"internal agent: {record.type}"}]
        found += [told for told in (self._meta_of(record), self._member_of(record)) if told is not None]
        for ordinal, event in enumerate(found, first):
            todos, spawn = event.pop("todos", None), event.pop("spawn", None)
            key = {"line": line, "ordinal": ordinal}
            event.setdefault("record_id", f"{record.uuid}#{ordinal - first}" if record.uuid else None)
            self.events.append({**base, **key, **event, "kind": str(event["kind"])})
            if isinstance(todos, list):
                self.todos += [{**key, **item} for item in todos]
            if isinstance(spawn, dict):
                self.spawns.append({**key, **spawn})
                self.spawn_calls.add(str(event["correlation_id"]))
        return message.role != MALFORMED

    def _agent_of(self, record: Record) -> str | None:
        if record.agent_id is not None or not record.is_sidechain:
            return record.agent_id
        chain = self._chain_of.get(record.parent_uuid or "")
        if chain is None:
            chain = f"sidechain:{record.uuid or '?'}"
        if record.uuid:
            self._chain_of[record.uuid] = chain
        return chain

    def _is_warmup(self, record: Record, message: Message, agent: str | None) -> bool:
        if agent is None:
            return False
        if record.type == "user" and record.parent_uuid is None and message.content == WARMUP:
            self._warmups.add(agent)
        return agent in self._warmups

    def _meta_of(self, record: Record) -> Row | None:
        meta = (record.session_id, record.version, record.cwd)
        if (record.version is None and record.subtype != "init") or record.cwd is None or meta in self._metas:
            return None
        self._metas.add(meta)
        return {
            "kind": EventKind.SESSION_META,
            "status": record.version,
            "path": record.cwd,
            "message": f"Claude Code {record.version or 'of an unknown version'} in {record.cwd}",
            "record_id": None,
        }

    def _member_of(self, record: Record) -> Row | None:
        """Say once of which team the session is a member, which each of its records repeats."""
        member_of = (record.session_id, record.team_name, record.agent_name)
        if record.team_name is None or member_of in self._metas:
            return None
        self._metas.add(member_of)
        if record.agent_name in (None, LEAD):
            return member(None, record.team_name, lead=True)
        return member(member_id(record.agent_name, record.team_name), record.team_name, lead=False)


def _message_of(record: Record) -> Message:
    """Decode the message of a record that has one."""
    if record.type not in TALK:
        return Message()
    return decoded(record.message, Message, or_else=Message(role=MALFORMED))


def _shapes_of(record: Record, message: Message) -> Iterator[str]:
    """Name what a record is made of: its type, and the parts of a message."""
    match record.type:
        case "user" | "assistant" if isinstance(message.content, list):
            yield from (_name(record.type, block.type) for block in message.content)
        case "user" | "assistant":
            yield _name(record.type, "text" if message.role != MALFORMED else "without a message")
        case "queue-operation":
            yield _name(record.type, record.operation)
        case _:
            yield _with_parts(_name(record.type, record.subtype), record)


def _with_parts(name: str, record: Record) -> str:
    """Add to the name of a type that was never recorded what its message holds: that is what it is about."""
    if record.message == EMPTY or name in known("transcript").shapes:
        return name
    held = decoded(record.message, Message).content
    parts = dict.fromkeys(block.type for block in held) if isinstance(held, list) else {}
    return cut(f"{name} with {', '.join(parts)}", SHAPE_KEPT) if parts else name


def _name(kind: str, part: str | None) -> str:
    return cut(f"{kind} {part}" if part else kind, SHAPE_KEPT)


def _events_of(record: Record, message: Message) -> Iterator[Row]:
    if message.role == MALFORMED:
        yield {"kind": EventKind.OTHER, "message": f"{record.type} (message of an unexpected shape)"}
        return
    match record.type:
        case "user":
            yield from _user(record, message)
        case "assistant":
            yield from _assistant(record, message)
        case "system":
            yield _system(record)
        case "queue-operation":
            yield _queued(record)
        case "attachment":
            yield _attached(decoded(record.attachment, Attachment))
        case _:
            yield {"kind": EventKind.OTHER, "message": record.type}


def _user(record: Record, message: Message) -> Iterator[Row]:
    if isinstance(message.content, str):
        yield from _said_to_it(record, message.content)
        return
    for block in message.content:
        if block.type == "tool_result":
            yield _tool_result(record, block)
        elif block.type == "text":
            yield from _said_to_it(record, block.text)
        else:
            yield {"kind": EventKind.OTHER, "message": f"user {block.type}"}


def _said_to_it(record: Record, text: str) -> Iterator[Row]:
    by_team = list(team_messages(text))
    yield from by_team or (_said_by_user(record, text),)


def _said_by_user(record: Record, text: str) -> Row:
    notification = NOTIFICATION.search(text)
    if notification:
        return _notification(notification)
    if text.startswith(INTERRUPT):
        by = SHUTDOWN if record.interrupted_by_shutdown else None
        return {"kind": EventKind.USER_INTERRUPT, "message": cut(text, TEXT_KEPT), "component": by}
    if record.is_meta and text == TAKES_UP:
        return {"kind": EventKind.RUN_START, "status": "resumed", "message": text}
    if record.is_meta or record.is_compact_summary or text.startswith("<system-reminder>"):
        return {"kind": EventKind.OTHER, "message": "text that the client added"}
    text = FRAME.sub("", text, count=1)
    return {"kind": EventKind.USER_PROMPT, "message": cut(text, PROMPT_KEPT), "text_sha": digest(text)}


def _notification(found: re.Match[str]) -> Row:
    return {
        "kind": EventKind.AGENT_NOTIFICATION,
        "target_agent_id": found["agent"],
        "status": found["status"],
        "message": ended_agent(found["agent"], found["status"], found["summary"]),
        "record_id": None,  # queued, then delivered: two records of one happening, both kept as places
    }


def _tool_result(record: Record, block: Block) -> Row:
    text = _text_of(block.content)
    result = decoded(record.tool_use_result, ToolUseResult)
    answer = answer_of(result, text)
    status = "interrupted" if text.startswith(INTERRUPT) else "error" if block.is_error else "ok"
    return {
        "kind": EventKind.AGENT_LAUNCHED if answer.status == LAUNCHED else EventKind.TOOL_RESULT,
        "correlation_id": block.tool_use_id,
        "status": answer.status or status,
        "target_agent_id": answer.agent_id,
        "duration_ms": result.total_duration_ms,
        "tokens": result.total_tokens,
        "message": cut(text, RESULT_KEPT),
        "record_id": f"result:{block.tool_use_id}@{record.timestamp}",
    }


def _assistant(record: Record, message: Message) -> Iterator[Row]:
    blocks = (
        message.content if isinstance(message.content, list) else [Block(type="text", text=message.content)]
    )
    used = decoded(message.usage, Usage).total
    said_by: Row = {"message_id": message.id, "endpoint": message.model, "tokens": used}
    failed = is_failure(record, message.model, blocks)
    for block in blocks:
        if failed:
            yield failure(record, block.text)
        elif block.type == "tool_use":
            yield tool_call(block) | said_by | {"record_id": f"call:{block.id}@{record.timestamp}"}
        elif block.type == "text":
            yield said_by | {"kind": EventKind.ASSISTANT_MESSAGE, "message": cut(block.text, TEXT_KEPT)}
        else:
            yield said_by | {"kind": EventKind.OTHER, "message": f"assistant {block.type}"}


def _system(record: Record) -> Row:
    if record.subtype == "compact_boundary":
        about = decoded(record.compact_metadata, CompactMetadata)
        return {
            "kind": EventKind.COMPACTION,
            "status": about.trigger,
            "count": about.pre_tokens,
            "tokens": about.post_tokens,
            "message": "context compacted",
        }
    if record.subtype in RETRIES:
        return attempt(record)
    if record.subtype == "stop_hook_summary" and (errors := decoded(record.hook_errors, list[str])):
        return _stop_hook_failed(errors, decoded(record.hook_infos, list[HookInfo]))
    return {"kind": EventKind.OTHER, "message": f"system {record.subtype}"}


def _stop_hook_failed(errors: list[str], hooks: list[HookInfo]) -> Row:
    """Several hooks of one stop are told together: which one failed is known only where there is one."""
    return {
        "kind": EventKind.HOOK_RAN,
        "component": "Stop",
        "command": hooks[0].command if len(hooks) == 1 else None,
        "status": "error",
        "message": cut(errors[0], TEXT_KEPT),
    }


def _attached(about: Attachment) -> Row:
    """Read how a hook ended, or that an agent's turns are spent; a hook that was content is often not told."""
    if about.type == "max_turns_reached":
        words = f"the {about.max_turns} turns that were allowed are spent"
        return {
            "kind": EventKind.BUDGET_ENDED,
            "status": "max_turns",
            "count": about.max_turns,
            "message": words,
        }
    status = HOOK_ENDS.get(about.type)
    if status is None or about.hook_name is None:
        return {"kind": EventKind.OTHER, "message": "attachment"}
    if about.timed_out or (status == HOOK_ENDS["hook_cancelled"] and _is_at_limit(about)):
        status = HOOK_TIMED_OUT
    elif about.exit_code is not None:
        status = str(about.exit_code)
    return {
        "kind": EventKind.HOOK_RAN,
        "component": about.hook_name,
        "correlation_id": about.tool_use_id,
        "command": None if about.command is None else cut(about.command, COMMAND_KEPT),
        "status": status,
        "duration_ms": about.duration_ms,
        "message": cut(about.stderr or f"hook {about.hook_name}: {status}", TEXT_KEPT),
    }


def _is_at_limit(about: Attachment) -> bool:
    """Say whether a hook had run for as long as it might, by its own limit or the client's where it has none."""
    ran = about.duration_ms
    limits = HOOK_LIMITS_MS if about.timeout_ms is None else (about.timeout_ms,)
    return ran is not None and any(limit <= ran + HOOK_SLACK_MS <= limit * 1.05 for limit in limits)


def _queued(record: Record) -> Row:
    text = decoded(record.content, str)
    found = NOTIFICATION.search(text) if record.operation == "enqueue" else None
    return (
        _notification(found)
        if found
        else {"kind": EventKind.OTHER, "message": f"queue-operation {record.operation}"}
    )


def _text_of(raw: msgspec.Raw) -> str:
    """Return a tool result's text, which is a string or a list of blocks.

    MCP results come wrapped in ``{"result": …}``; the text that the tool itself gave is what counts.
    """
    content = decoded(b'{"content":' + bytes(raw) + b"}", Message).content
    text = content if isinstance(content, str) else "\n".join(b.text for b in content if b.type == "text")
    if text.startswith('{"result":'):
        unwrapped = decoded(text.encode(), dict[str, object]).get("result")
        return unwrapped if isinstance(unwrapped, str) else text
    return text

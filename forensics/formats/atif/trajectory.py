"""The steps of an ATIF trajectory as records of a conversation.

ATIF (Harbor's Agent Trajectory Interchange Format) bundles a turn: its words, its calls and their results are one
step with one time. v1.5 marks copied context, v1.6 has content in parts (v1.8: audio), v1.7 embeds subagents'
trajectories; v1.0 to v1.8 are read by their schema (harbor 0.25.0). What its converter keeps of a Claude Code
session stands in ``extra``: the raw result, whether it failed, and whose step it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from forensics.formats.claude.records import EMPTY, Record, ToolUseResult
from forensics.formats.jsonl import decoded
from forensics.formats.times import parse_time

CLAUDE_CODE = "claude-code"
# who a sidechain's step belongs to where several were at work and the steps name none: never guessed
NOBODY = "sidechain:?"
SYNTHETIC = (
    "<synthetic>"  # the client's own words; but for these, they tell an API failure (1.0.128..2.1.330)
)
NO_RESPONSE = "No response requested."
FAILED = "[error] tool reported failure"  # what the converter puts behind a failed call's text
SUMMARY = "This session is being continued from a previous conversation"


class Part(msgspec.Struct):
    """A part of a message (v1.6)."""

    type: str = "?"
    text: str | None = None


class ToolCall(msgspec.Struct):
    """One call of a step."""

    tool_call_id: str = ""
    function_name: str = ""
    arguments: msgspec.Raw = EMPTY


class Result(msgspec.Struct):
    """What a call, or the system, answered."""

    source_call_id: str | None = None
    content: str | list[Part] | None = None
    subagent_trajectory_ref: msgspec.Raw = EMPTY
    extra: msgspec.Raw = EMPTY


class Observation(msgspec.Struct):
    """The results of a step's calls."""

    results: list[Result] = []


class Step(msgspec.Struct):
    """One turn."""

    source: str = "?"
    timestamp: str | None = None
    model_name: str | None = None
    message: str | list[Part] | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    observation: Observation | None = None
    is_copied_context: bool | None = None
    extra: msgspec.Raw = EMPTY


class Agent(msgspec.Struct):
    """Which agent went this way."""

    name: str = "?"
    version: str | None = None
    extra: msgspec.Raw = EMPTY


class AgentExtra(msgspec.Struct):
    """Where the agent worked."""

    cwds: list[str] = []


class Reference(msgspec.Struct):
    """The subagent that a result tells of (``trajectory_id`` from v1.7 on)."""

    trajectory_id: str | None = None
    session_id: str | None = None


class ResultMeta(msgspec.Struct):
    """What the converter kept of a result."""

    tool_use_result: msgspec.Raw = EMPTY
    raw_tool_result: dict[str, msgspec.Raw] = {}
    is_error: bool | None = None


class ResultExtra(msgspec.Struct):
    """A result's extra; older converters put it into the step's, which then has one call."""

    tool_result_metadata: ResultMeta | None = None
    tool_result_is_error: bool | None = None


class StepExtra(msgspec.Struct):
    """Whose step it was, and where."""

    is_sidechain: bool = False
    agent_id: str | None = None
    cwd: str | None = None


def text_of(content: str | list[Part] | None) -> str:
    """Return the words of a content; a part that is no text is named."""
    if isinstance(content, list):
        return "\n".join(p.text if p.text is not None else f"[{p.type}]" for p in content)
    return content or ""


def shapes_of(step: Step) -> Iterator[str]:
    """Name what a step is made of: who speaks, and the parts of what is said and answered."""
    yield f"{step.source} step"
    contents = [step.message, *(r.content for r in (step.observation or Observation()).results)]
    yield from (f"part {p.type}" for content in contents if isinstance(content, list) for p in content)


def agents_of(steps: Sequence[Step], root: str | None) -> list[str | None]:
    """Return, for each step, the agent whose step it was: ``root`` where it says nothing else.

    Up to 2.0.x a sidechain's steps do not name their agent. A prompt begins a sidechain, words without a call end
    it; what was said while only one was at work is that one's.
    """
    named: list[str | None] = []
    alive: dict[str, list[int]] = {}
    torn: set[str] = set()  # sidechains of which some steps may be another's
    for number, step in enumerate(steps):
        extra = decoded(step.extra, StepExtra)
        if extra.agent_id is not None or not extra.is_sidechain:
            named.append(extra.agent_id or root)
            continue
        if step.source == "user":
            # the same in a copy of the document, and another in another document of the session
            words = f"{step.timestamp} {text_of(step.message)}".encode("utf-8", "replace")
            name = f"sidechain:{hashlib.sha256(words).hexdigest()[:12]} step {number}"
            alive[name] = []
            named.append(name)
            continue
        only = next(iter(alive)) if len(alive) == 1 else None
        named.append(only or NOBODY)
        if only is None:
            torn |= alive.keys()
        if not step.tool_calls:
            alive.pop(only or next(iter(alive), ""), None)
    return [NOBODY if name in torn else name for name in named]


def answered_at(steps: Sequence[Step], agents: Sequence[str | None]) -> list[datetime | None]:
    """Return by when each step's calls were answered: its agent's next step, or the step itself if it is the last."""
    after: dict[str | None, datetime] = {}
    found: list[datetime | None] = []
    for step, agent in zip(reversed(steps), reversed(agents), strict=True):
        own = parse_time(step.timestamp)
        found.append(after.get(agent, own))
        if own is not None:
            after[agent] = own
    return found[::-1]


def said(step: Step, turn: str, base: Record) -> Record:
    """Return the record of a step's words."""
    text = text_of(step.message)
    if step.source == "agent":
        blocks = [{"type": "thinking"}] if step.reasoning_content else []
        blocks += [{"type": "text", "text": text}] if text else []
        failed = step.model_name == SYNTHETIC and text != NO_RESPONSE
        message = {"role": "assistant", "id": turn, "content": blocks}
        return _with(base, type="assistant", message=_raw(message), is_api_error_message=failed)
    if step.source == "user":
        message = {"role": "user", "content": text}
        summary = text.startswith(SUMMARY)
        return _with(base, type="user", message=_raw(message), is_compact_summary=summary)
    return _with(base, type="system", subtype="step")


def called(call: ToolCall, turn: str, base: Record) -> Record:
    """Return the record of one call."""
    block = {
        "type": "tool_use",
        "id": call.tool_call_id,
        "name": call.function_name,
        "input": call.arguments,
    }
    return _with(base, type="assistant", message=_raw({"role": "assistant", "id": turn, "content": [block]}))


def answered(result: Result, step: Step, by: datetime | None, base: Record) -> Record:
    """Return the record of one result. It has no time of its own: the call's and how long it took, or ``by``."""
    extra = decoded(result.extra, ResultExtra)
    if len(step.tool_calls or ()) == 1 and extra == ResultExtra():
        extra = decoded(step.extra, ResultExtra)
    meta = extra.tool_result_metadata or ResultMeta()
    text = text_of(result.content)
    failed = extra.tool_result_is_error or meta.is_error or text.endswith(FAILED)
    block = {
        "type": "tool_result",
        "tool_use_id": result.source_call_id,
        "content": meta.raw_tool_result.get("content", text),
        "is_error": bool(failed),
    }
    use = meta.tool_use_result if meta.tool_use_result != EMPTY else _agent_told(result)
    took, begun = decoded(use, ToolUseResult).total_duration_ms, parse_time(step.timestamp)
    if took is not None and begun is not None:
        end = _later(begun, took)
        by = min(end, by) if by is not None else end
    return _with(
        base,
        type="user",
        timestamp=by.isoformat() if by is not None else None,
        message=_raw({"role": "user", "content": [block]}),
        tool_use_result=use,
    )


def _agent_told(result: Result) -> msgspec.Raw:
    """Return the link from a result to the embedded trajectory of the agent that it tells of."""
    references = decoded(result.subagent_trajectory_ref, list[Reference])
    named = next((r.trajectory_id for r in references if r.trajectory_id), None)
    return EMPTY if named is None else _raw({"agentId": named})


def _later(moment: datetime, milliseconds: float) -> datetime:
    try:
        return moment + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return moment


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _with(base: Record, **changes: object) -> Record:
    return msgspec.structs.replace(base, **changes)

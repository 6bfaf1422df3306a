"""From one event of the client's telemetry to the events that its debug log tells of the same happenings.

Names and attributes are those of the client's documentation on monitoring, as recorded of 2.1.32 and 2.1.332. A request
is told once, when it is over: an ``api_error`` is one that was given up, with all of its tries. Names of tools,
servers, commands and errors are there only where the user asked for details.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row
from forensics.schema.api_failures import http_status_in

TEXT_KEPT = 400
UNNAMED_SERVER = "(not named)"
# requests that the client makes for itself: nobody's turn ends with them
OWN_REQUEST = re.compile(
    r"title|topic|summar(?!y_agent)|suggest|warm|count|classif|quota|extract_prefix|insight|hook|memory|search|away|side"
)
Attributes = Mapping[str, object]


def _text(attrs: Attributes, *names: str) -> str | None:
    found = next((attrs[name] for name in names if attrs.get(name) not in (None, "")), None)
    return None if found is None else str(found)


def _number(attrs: Attributes, *names: str) -> float | None:
    text = _text(attrs, *names)
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _count(attrs: Attributes, *names: str) -> int | None:
    number = _number(attrs, *names)
    return None if number is None else int(number)


def _said(attrs: Attributes, name: str) -> bool | None:
    text = _text(attrs, name)
    return None if text is None else text.lower() == "true"


def _is_own(attrs: Attributes) -> bool:
    return OWN_REQUEST.search(_text(attrs, "query_source") or "") is not None


def _prompt(attrs: Attributes) -> Iterator[Row]:
    length = _text(attrs, "prompt_length") or "?"
    yield {
        "kind": EventKind.TURN_START,
        "status": "UserPromptSubmit",
        "message": f"a prompt of {length} characters",
    }


def _request(attrs: Attributes) -> Iterator[Row]:
    own = _is_own(attrs)
    yield {
        "kind": EventKind.OTHER if own else EventKind.API_FIRST_BYTE,
        "message": f"a request to {_text(attrs, 'model') or 'the model'} was answered",
    }


def _api_error(attrs: Attributes) -> Iterator[Row]:
    error = _text(attrs, "error", "error_message") or "no reason is given"
    yield {
        "kind": EventKind.API_ERROR,
        "component": "own" if _is_own(attrs) else "final",
        "status": _text(attrs, "status_code") or http_status_in(error) or _text(attrs, "error_type"),
        "count": _count(attrs, "attempt", "total_attempts"),
        "duration_ms": _number(attrs, "duration_ms", "total_retry_duration_ms"),
        "message": cut(error, TEXT_KEPT),
    }


def _exhausted(attrs: Attributes) -> Iterator[Row]:
    """Yield the same failure once more: an ``api_error`` stands beside it, unless it was left out."""
    yield from ({**row, "repeats": True} for row in _api_error(attrs))


def _refusal(attrs: Attributes) -> Iterator[Row]:
    if _said(attrs, "server_fallback_hop"):
        yield {"kind": EventKind.OTHER, "message": "a refusal that another model answered"}
        return
    yield {
        "kind": EventKind.API_ERROR,
        "component": "own" if _is_own(attrs) else "final",
        "status": "refusal",
        "message": "the API refused the request (stop_reason refusal)",
    }


def _decision(attrs: Attributes) -> Iterator[Row]:
    tool, call = _text(attrs, "tool_name"), _text(attrs, "tool_use_id")
    is_accepted = _text(attrs, "decision") == "accept"
    by = _text(attrs, "source") or "not told by whom"
    yield {
        "kind": EventKind.TOOL_DISPATCH if is_accepted else EventKind.OTHER,
        "tool": tool if is_accepted else None,
        "correlation_id": call,
        "message": f"{tool} {'allowed' if is_accepted else 'rejected'} ({by})",
    }


def _result(attrs: Attributes) -> Iterator[Row]:
    tool, call, took = _text(attrs, "tool_name"), _text(attrs, "tool_use_id"), _number(attrs, "duration_ms")
    is_ok = _said(attrs, "success") is not False
    why = _text(attrs, "error", "error_type")
    yield {
        "kind": EventKind.TOOL_DONE,
        "tool": tool,
        "correlation_id": call,
        "status": "ok" if is_ok else "error",
        "duration_ms": took,
        "message": cut(f"{tool} {'done' if is_ok else 'failed'}" + (f": {why}" if why else ""), TEXT_KEPT),
    }
    server, name = _mcp_of(attrs, tool or "")
    if server:
        yield {
            "kind": EventKind.MCP_CALL_END,
            "component": server,
            "tool": name,
            "status": "completed successfully" if is_ok else "failed",
            "duration_ms": took,
            "message": f"{name} of {server} {'done' if is_ok else 'failed'}",
        }


def _mcp_of(attrs: Attributes, tool: str) -> tuple[str | None, str | None]:
    """Return the server and the tool of a call, where they are named."""
    told = decoded((_text(attrs, "tool_parameters") or "{}").encode(), dict[str, object])
    if told.get("mcp_server_name"):
        return str(told["mcp_server_name"]), str(told.get("mcp_tool_name") or tool)
    _, prefix, rest = tool.partition("mcp__")
    server, _, name = rest.partition("__")
    return (server, name) if prefix and name else (None, None)


def _connection(attrs: Attributes) -> Iterator[Row]:
    server, status = _text(attrs, "server_name") or UNNAMED_SERVER, _text(attrs, "status") or "?"
    why = _text(attrs, "error", "error_code")
    is_named = server != UNNAMED_SERVER
    yield {
        "kind": EventKind.MCP_CONNECTION if is_named else EventKind.OTHER,
        "component": server if is_named else None,
        "status": STATES.get(status, status) if is_named else None,
        "message": cut(f"MCP server {server}: {status}" + (f": {why}" if why else ""), TEXT_KEPT),
    }


STATES = {"disconnected": "MCP connection closed"}  # in the words of the client's log


def _agent(attrs: Attributes) -> Iterator[Row]:
    kind = _text(attrs, "agent_type", "agent.name")
    yield {
        "kind": EventKind.AGENT_STOP,
        "component": kind,
        "status": "completed",
        "duration_ms": _number(attrs, "duration_ms"),
        "message": f"agent {kind} completed",
    }


def _hook(attrs: Attributes) -> Iterator[Row]:
    name = _text(attrs, "hook_name", "hook_event")
    counts = {key: _count(attrs, f"num_{key}") or 0 for key in HOOK_ENDS}
    status = next((HOOK_ENDS[key] for key, n in counts.items() if n), "0")
    told = ", ".join(f"{n} {key}" for key, n in counts.items() if n)
    yield {
        "kind": EventKind.HOOK_RAN,
        "component": name,
        "status": status,
        "correlation_id": _text(attrs, "tool_use_id"),
        "duration_ms": _number(attrs, "total_duration_ms", "duration_ms"),
        "message": f"{name} hook ran" + (f": {told}" if told else ""),
    }


# how hooks ended of which this is counted, the worst first; a denial is what a hook is for
HOOK_ENDS = {"non_blocking_error": "error", "cancelled": "cancelled", "blocking": "2"}


def _internal(attrs: Attributes) -> Iterator[Row]:
    told = " ".join(filter(None, (_text(attrs, "error_name"), _text(attrs, "error_code"))))
    yield {
        "kind": EventKind.CLIENT_ERROR,
        "status": _text(attrs, "error_name"),
        "message": f"{told} was caught",
    }


def _compaction(attrs: Attributes) -> Iterator[Row]:
    how = _text(attrs, "trigger") or "?"
    failed = ": failed" if _said(attrs, "success") is False else ""
    yield {"kind": EventKind.OTHER, "message": f"compaction ({how}){failed}"}


TELLS: Mapping[str, Callable[[Attributes], Iterator[Row]]] = {
    "user_prompt": _prompt,
    "api_request": _request,
    "api_error": _api_error,
    "api_retries_exhausted": _exhausted,
    "api_refusal": _refusal,
    "tool_decision": _decision,
    "tool_result": _result,
    "mcp_server_connection": _connection,
    "subagent_completed": _agent,
    "hook_execution_complete": _hook,
    "internal_error": _internal,
    "compaction": _compaction,
}
# what says nothing of a failure
QUIET = frozenset(
    {
        "assistant_response", "api_request_body", "api_response_body", "at_mention", "auth", "feedback_survey",
        "hook_execution_start", "hook_plugin_metrics", "hook_registered", "permission_mode_changed",
        "plugin_installed", "plugin_loaded", "retention_sweep", "skill_activated",
    }
)  # fmt: skip
KNOWN = frozenset(TELLS) | QUIET


def told_by(name: str, attrs: Attributes) -> Iterator[Row]:
    """Yield what an event tells; of one that tells of no failure, that it was."""
    tell = TELLS.get(name)
    if tell is None:
        yield {"kind": EventKind.OTHER, "message": f"telemetry: {name}"}
        return
    yield from tell(attrs)


def needles(name: str, attrs: Attributes) -> Iterator[str]:
    """Yield what an event is found by in its text: what says most of it goes first."""
    for key in ("error", "error_type", "tool_use_id", "hook_name", "server_name"):
        value = _text(attrs, key)
        if value:
            yield json.dumps(value, ensure_ascii=False)[1:-1].split("\\n")[0][:60]
    yield name

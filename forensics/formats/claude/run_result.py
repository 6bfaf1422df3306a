"""How a headless run says that it ended: the ``result`` record, with the reason in its own words.

``success`` stands there, too, where the last answer was a failure (``is_error``) or a limit ended the run
(``terminal_reason``); the reason is in ``errors``, in ``result``, or in nothing but that field.
"""

from __future__ import annotations

from collections.abc import Iterator

from forensics.formats.claude.contradictions import success_is_denied
from forensics.formats.claude.records import AgentCounts, StreamRecord, Usage
from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import FAILED_AGENTS, KILLED_AGENTS, RESULT_SAYS, EventKind, Row

SUCCESS = "success"
# what ended a run that says success and did not do what it was asked; others are its own or the user's decisions
GAVE_OUT = frozenset(
    {"api_error", "model_error", "prompt_too_long", "image_error", "blocking_limit", "rapid_refill_breaker"}
)
SPENT = "max_"  # turns, budget
TEXT_KEPT = 400
BY_KEPT = 30  # characters of who killed an agent


def run_result(record: StreamRecord, said_by_model: str | None = None) -> Row:
    """Return the result of a run: its status, and the reason where it is none that was wished for.

    A success that the client's own words deny is none; ``said_by_model`` is the last that a model said in the run.
    """
    ended_by = decoded(record.terminal_reason, str)
    status = "error" if success_is_denied(record, said_by_model) else _status(record, ended_by)
    told = [RESULT_SAYS + status]
    if status != SUCCESS:
        told += list(_reason(record, ended_by, status))[:1]
    return {
        "kind": EventKind.RESULT.value,
        "status": status,
        "component": ended_by or None,
        "count": record.num_turns,
        "duration_ms": record.duration_ms,
        "tokens": decoded(record.usage, Usage).total,
        "message": cut(": ".join(told), TEXT_KEPT),
    }


def agent_tally(record: StreamRecord) -> Iterator[Row]:
    """Yield how many agents a run had and how many of them did what they were asked, then how the others ended."""
    agents = decoded(record.subagent_stats, AgentCounts)
    others = [(FAILED_AGENTS, FAILED_AGENTS, agents.failed)]
    others += [
        (KILLED_AGENTS, f"killed by the {cut(by, BY_KEPT)}", n or 0) for by, n in agents.killed.items()
    ]
    ended = [(status, words, count) for status, words, count in others if count > 0]
    if agents.spawned or ended:
        told = [f"{agents.spawned} agents spawned, {agents.completed} completed, {agents.failed} failed"]
        told += [f"{count} {words}" for status, words, count in ended if status == KILLED_AGENTS]
        counted = {
            "kind": EventKind.AGENT_TALLY.value,
            "message": f"the run's result counts its agents: {', '.join(told)}",
        }
        yield counted | {"count": agents.spawned, "total": agents.completed}
        for status, words, count in ended:
            yield counted | {"status": status, "component": words, "count": count, "total": agents.spawned}


def _status(record: StreamRecord, ended_by: str) -> str:
    said = record.subtype or ("error" if record.is_error else SUCCESS)
    if said != SUCCESS:
        return said
    if record.is_error:
        return "error"
    return ended_by if ended_by in GAVE_OUT or ended_by.startswith(SPENT) else SUCCESS


def _reason(record: StreamRecord, ended_by: str, status: str) -> Iterator[str]:
    """Yield the reasons that the record gives, the one that says most first."""
    http = "" if record.api_error_status is None else f" (HTTP {record.api_error_status})"
    texts = (*decoded(record.errors, list[str]), decoded(record.result, str))
    for text in texts:
        if text.strip():
            yield text.strip() + http
    if ended_by and ended_by != status:
        yield ended_by + http

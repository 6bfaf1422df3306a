"""CCF209: a tool said that it failed, and its result is not flagged as an error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import CONVERSE, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.failed_results import ANY_SERVER, FLAG, MCP_TOOL, PROTOCOL_KEYS, VOICE, failure_texts
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
)
from forensics.session.model.case import Case
from forensics.session.services.mcp_losses import mcp_calls
from forensics.session.speech.results import has_server_lines

# how a text can begin that is worth a look, before it is known whose it is
STARTS = tuple(t.start.partition("{")[0] for t in (*VOICE, *ANY_SERVER))
FLAGGED = rf'^\s*\{{.*"{FLAG}"\s*:\s*true'
SUCCESS = "completed successfully"
FAILED_LINES = (K.VOICE_FAILURE, K.STT_EXHAUSTED, K.TTS_EXHAUSTED)
NEAR = timedelta(
    seconds=5
)  # the client's line about a call and the record of its result are milliseconds apart

GUIDANCE = Guidance(
    contract=(
        "A failed call says so: MCP has the flag isError in a tool's result for it, and the client, its hooks and its "
        "statistics go by that flag."
    ),
    immediate=("Read the text of the named results: what they say is what happened",),
    this_week=("Tell the server's authors, with the call and its result; the fix is one flag",),
    strategic=(
        "Let a hook on the tool's results (PostToolUse) tell the agent when a text of the list comes",
    ),
    avoid="Count the successes of a tool by the client's “completed successfully”",
    instead="Judge a tool's calls by the texts of their results",
    before=("Let the tool fail once on purpose, and see whether the client shows an error",),
    during=("When an agent goes on as if nothing were, look at the last result itself",),
    metric="Every result that says that its tool failed is flagged as an error",
)


@dataclass(frozen=True, slots=True)
class _Masked:
    agent_id: str | None
    tool: str
    said: str
    event: int  # the result; without the transcript the server's line
    logged: int | None  # the client's line that calls it a success
    in_result: bool = True


@rule(
    code="CCF209",
    name="failure-reported-as-success",
    title="Failure reported as success",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    topic="2.1",
    any_of=frozenset({Source.TRANSCRIPT, Source.MCP_LOG, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    references=("https://modelcontextprotocol.io/specification/2025-06-18/server/tools#error-handling",),
    related=("CCF201",),
)
def failure_reported_as_success(case: Case) -> Iterator[Said]:
    """Find results of MCP tools that begin with a known failure text but are not flagged as errors.

    ## What it detects
    The start of a result against the texts that its tool is known to fail with (a table with the versions that
    print them: voicemode's converse, “Error executing tool …” of the Python SDKs), or a result that is the
    protocol's own object with ``isError`` true as a text. Where the transcript has no result: a call that the
    client logs as “completed successfully” although the voice server wrote, during that very call, that every
    endpoint failed.
    The same words inside a file that was read, or spoken by the user, are none of it.

    ## Why it matters
    The client shows a success, hooks and statistics count one, and only the model reads the text: an agent may go
    on as if it had been heard.

    ## How to fix
    Have the server set isError. Until then judge its calls by their text.

    ## Known misses
    A tool whose texts are not in the table. An ATIF trajectory does not tell which results were flagged. A screen
    shows the text and not the flag.
    """
    calls = mcp_calls(case)
    answers = _answers(case, calls)
    masked = [] if Source.ATIF in case.sources else list(_in_results(case, answers))
    heard = answers if answers.is_empty() else answers.filter(pl.col("called").str.ends_with(CONVERSE))
    masked += _in_log(case, heard["ts"].to_list())
    groups: dict[tuple[str | None, str, str], list[_Masked]] = {}
    for one in masked:
        groups.setdefault((one.agent_id, one.tool, one.said), []).append(one)
    yield from (_hit(group) for group in groups.values())
    logged = case.of(K.MCP_CALL)
    if Source.ATIF in case.sources and calls.height:
        yield Insufficient("an ATIF trajectory does not tell which results were flagged as errors")
    elif answers.is_empty() and logged.height and not _is_told_by_lines(case, logged):
        yield Insufficient("what the MCP tools returned is not in the evidence: the transcript would tell")
    elif answers.is_empty() and calls.height:
        yield Insufficient("no call of an MCP tool was answered in the evidence")
    elif calls.is_empty() and logged.is_empty():
        yield NotApplicable("no MCP tool was called")


def _answers(case: Case, calls: pl.DataFrame) -> pl.DataFrame:
    """Return the results of these calls, each with the tool that was ``called``."""
    if calls.is_empty():
        return case.events.clear()
    called = calls.select("correlation_id", called="tool").unique("correlation_id", keep="first")
    return case.of(K.TOOL_RESULT).join(called, on="correlation_id", maintain_order="left")


def _is_told_by_lines(case: Case, logged: pl.DataFrame) -> bool:
    """Say whether the server's own lines tell how each logged call went: those of the voice server do."""
    return logged["tool"].str.ends_with("converse").all() and has_server_lines(case)


def _in_results(case: Case, answers: pl.DataFrame) -> Iterator[_Masked]:
    if answers.is_empty():
        return
    message = pl.col("message")
    begins = pl.any_horizontal(message.str.starts_with(start) for start in STARTS)
    ok = answers.filter(pl.col("status") == "ok")
    suspects = ok.filter(begins | message.str.contains(FLAGGED))
    if suspects.is_empty():
        return
    ends = _ends(case)
    near = suspects.with_columns(short=pl.col("called").str.split("__").list.last()).join_asof(
        ends, on="ts", by_left="short", by_right="ended", tolerance=NEAR, check_sortedness=False
    )
    for row in near.iter_rows(named=True):
        said = _failure_in(row)
        if said is not None:
            yield _Masked(row["agent_id"], row["called"], said, row["event_id"], row["logged"])


def _ends(case: Case) -> pl.DataFrame:
    """Return the client's dated lines that call an MCP call a success."""
    ended = case.of(K.MCP_CALL_END).filter((pl.col("status") == SUCCESS) & pl.col("ts").is_not_null())
    return ended.select("ts", ended="tool", logged="event_id").sort("ts")


def _failure_in(row: Row) -> str | None:
    """Return the words by which the result says that it is a failure."""
    text = str(row["message"])
    known = next((t.start for t in failure_texts(row["called"]) if text.startswith(t.start)), None)
    if known is not None:
        return known.strip(": ")
    return f'"{FLAG}": true' if _is_flagged(text) else None


def _is_flagged(text: str) -> bool:
    try:
        held = json.loads(text)
    except ValueError:  # no JSON, or cut off
        return False
    inner = held.get("result") if isinstance(held, dict) and FLAG not in held else held
    return isinstance(inner, dict) and inner.get(FLAG) is True and inner.keys() <= PROTOCOL_KEYS


def _in_log(case: Case, answered: Sequence[datetime | None]) -> Iterator[_Masked]:
    """Yield the voice calls that the client logs as a success while the server, in the same log, says it failed.

    Only those whose results are not in the transcript: of a log without times, where it holds none at all.
    """
    rows = case.of(K.MCP_CALL, K.MCP_CALL_END, *FAILED_LINES)
    if rows.is_empty():
        return
    for _, log in rows.group_by("file", maintain_order=True):
        failed: Row | None = None
        for row in log.sort("line", "ordinal").iter_rows(named=True):
            if K(row["kind"]) in FAILED_LINES:
                failed = row
            elif row["tool"] == CONVERSE.lstrip("_"):
                if failed is not None and row["status"] == SUCCESS and not _has_result(row["ts"], answered):
                    said = str(failed["message"]).lstrip("✗ ").partition(":")[0]
                    tool = f"{MCP_TOOL}{row['component']}{CONVERSE}"
                    yield _Masked(None, tool, said, failed["event_id"], row["event_id"], in_result=False)
                failed = None


def _has_result(ended: datetime | None, answered: Sequence[datetime | None]) -> bool:
    if ended is None:
        return bool(answered)
    return any(at is None or ended - NEAR <= at <= ended + NEAR for at in answered)


def _hit(group: Sequence[_Masked]) -> Hit:
    first = group[0]
    results = tuple(one.event for one in group if one.in_result)
    lines = tuple(one.event for one in group if not one.in_result)
    logged = tuple(one.logged for one in group if one.logged is not None)
    times = f", {len(group)} times" if len(group) > 1 else ""
    taken = "was taken for a success" if results else f"the client logged it as {SUCCESS}"
    return Hit(
        subject=f"{first.tool}|{first.said}",
        message=f"{first.tool} failed (“{first.said}”) and {taken}{times}",
        claim=Claim.OBSERVED if results else Claim.DERIVED,
        cites=(
            *(Cite(e, first.said) for e in (*results, *lines)),
            *(Cite(e, SUCCESS) for e in logged),
        ),
        facts={"tool": first.tool, "said": first.said, "occurrences": len(group), "logged": len(logged)},
        statements=tuple(_statements(first.said, results, lines, logged)),
        agent_id=first.agent_id,
        confidence=None if results else Confidence.MEDIUM,
    )


def _statements(
    said: str, results: tuple[int, ...], lines: tuple[int, ...], logged: tuple[int, ...]
) -> Iterator[Statement]:
    if results:
        again = f", {len(results)} times" if len(results) > 1 else ""
        text = f"The result begins “{said}” and is not flagged as an error{again}"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, results)
    if lines:
        text = f"The server wrote “{said}” during a call whose result is not in the evidence"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, lines)
    if logged:
        text = f"The client logs {len(logged)} of {len(results) + len(lines)} such calls as “{SUCCESS}”"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, logged)
    if results:
        text = "Whatever goes by the flag and not by the text (hooks, statistics) counts a success"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, results)
    else:
        text = f"The client logged it as {SUCCESS}; whether its result was flagged is not in the evidence"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, (*lines, *logged))

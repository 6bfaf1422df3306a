"""CCF405: a record stops inside a tool call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import WORKING_TREE, around
from forensics.schema import CUT_OFF, SPAWN_TOOLS, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    FactValue,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.model.ending import Verdict
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.model.names import agent_name
from forensics.session.model.open_calls import CALLS, open_calls
from forensics.session.work.open_work import open_in_client_log
from forensics.text.clock_time import clock_time

# the API's own servers run these: up to 2.1 their answers often do not reach the record
SERVER_TOOLS = frozenset({"WebSearch", "WebFetch"})
READING_TOOLS = frozenset({"Read", "Glob", "Grep", "LS", "TodoRead", "TaskList", "TaskGet", *SERVER_TOOLS})
SHOWN = 10  # calls of one agent that are named
IN_LOG_ONLY = (
    "Which agent made the call the client's log does not say; up to 2.0.24 it has no line for a call that failed, "
    "and the agent's own transcript is written only when it returns"
)
QUESTION = "Did the call take effect, or was it still waiting, for a permission or an answer?"

GUIDANCE = Guidance(
    contract="Every tool call has its result in the record before the session ends.",
    immediate=(
        "Look at what the named calls were to change: a command may have run to its end, or half of it",
    ),
    this_week=("Give commands that may hang a time limit (the call's own timeout, or timeout 60 in front)",),
    avoid="Repeat an unanswered call blindly after resuming: it may have taken effect",
    instead="Check first what it did, then repeat or undo it",
    before=("Know which commands of the plan cannot be repeated safely, and say so in the prompt",),
    during=("Run what takes long in the background, and read its output from there",),
    after=("Compare the working tree (`git status`, `git diff`) with the last answered call",),
    metric="Every tool call was answered before its agent's record ended",
)


@rule(
    code="CCF405",
    topic="4.5",
    name="unanswered-tool-call",
    title="Tool call without an answer",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    guidance=GUIDANCE,
    related=("CCF403", "CCF901"),
)
def unanswered_tool_call(case: Case, *, recent_s: float = 600.0) -> Iterator[Said]:
    """Find the tool calls inside which an agent's record stops.

    ## What it detects
    A call without result in the last message of an agent. One finding for each agent, with all its open calls.
    Without the agent's transcript the client's own log shows the last call that began and did not finish; such a
    finding has a low confidence. A note for tools that the API's servers run (WebSearch, WebFetch), and where
    the agent may still be at work: no log states that the session ended, and the call is less than ``recent_s``
    seconds older than its last record. Spawns are not counted: an agent without result is a finding of its own.

    ## Why it matters
    Whether the call took effect is not known. Measured on 75 public headless runs: all 11 that died or were killed
    stop inside a call, none of the 64 that ended by themselves does.

    ## How to fix
    Check what the call was to change before it is repeated.

    ## Known misses
    A call that its agent went on after is not reported: the API takes no further message without the answers, so
    it was answered, in a record that is damaged or on a branch that was left. Calls of two processes that write one
    transcript at once hide each other. Nor is a call of an agent that was cancelled before its answer (2.1.220,
    c2_sigterm), or one that the process did not write down before it was killed (2.1.330, c_crash). Two calls at
    once in a client's log without ids (up to 2.1.19) count as one.
    """
    if case.of(*CALLS, K.TOOL_DISPATCH).is_empty():
        yield NotApplicable("no tool was called")
        return
    whole = case.events.filter(~pl.col("file").is_in(list(case.excerpts))) if case.excerpts else case.events
    ids = {*case.ending.open_calls, *open_calls(whole, case.agents)}
    called = case.of(*CALLS)
    own = (
        called.filter(pl.col("event_id").is_in(list(ids)) & ~pl.col("tool").is_in(list(SPAWN_TOOLS)))
        if ids
        else called.clear()
    )
    cut = _cut_files(case)
    damaged = own.filter(pl.col("file").is_in(cut)) if cut else own.clear()
    whole_files = own.filter(~pl.col("file").is_in(cut)) if cut else own
    for rows in whole_files.partition_by("agent_id", maintain_order=True) if own.height else ():
        yield _hit(case, rows.rows(named=True), timedelta(seconds=recent_s))
    logged = open_in_client_log(case)
    if logged is not None:
        yield _hit_in_log(case, logged, timedelta(seconds=recent_s))
    if Source.TRANSCRIPT not in case.sources and case.of(K.TOOL_DONE).is_empty():
        yield Insufficient("the log has no lines of finished calls: which of them were answered is not known")
    if damaged.height:
        yield Insufficient(
            f"the answers of {damaged.height} calls may stand in a last record that is cut off"
        )


def _cut_files(case: Case) -> list[int]:
    """Return the files whose last record could not be read."""
    damaged = case.of(K.DAMAGED)
    return (
        []
        if damaged.is_empty()
        else damaged.filter(pl.col("component") == CUT_OFF)["file"].unique().to_list()
    )


def _hit(case: Case, calls: Sequence[Row], recent: timedelta) -> Hit:
    agent = calls[0]["agent_id"]
    who, tools = agent_name(case, agent), [str(c["tool"]) for c in calls]
    running = _may_still_run(case, calls, recent)
    quiet = running or all(tool in SERVER_TOOLS for tool in tools)
    return Hit(
        subject=f"{who if agent is None else who.removeprefix('agent ')}|{'|'.join(sorted(tools))}",
        message=f"the record of {who} ends inside {_calls(tools)}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(c["event_id"]) for c in calls[:SHOWN]),
        facts=_facts(calls, agent) | {"may_still_run": running},
        statements=tuple(_statements(case, calls, running=running)),
        severity=Severity.NOTE if quiet else Severity.LOW,
        agent_id=agent,
        contract_held=None if running else False,
    )


def _facts(calls: Sequence[Row], agent: str | None) -> dict[str, FactValue]:
    since = calls[0]["ts"] if calls[0]["ts_quality"] != "inferred" else None
    return {
        "agent": agent or "main",
        "tools": [str(c["tool"]) for c in calls],
        "calls": [c["correlation_id"] for c in calls],
        "since": since.isoformat() if since is not None else None,
    }


def _calls(tools: Sequence[str]) -> str:
    names = ", ".join(dict.fromkeys(tools))
    return f"a call of {names}" if len(tools) == 1 else f"{len(tools)} calls ({names})"


def _may_still_run(case: Case, calls: Sequence[Row], recent: timedelta) -> bool:
    """Say whether the calls may be answered yet: nothing states or shows an end, and they are recent."""
    end, called = case.ending, calls[-1]["ts"]
    if end.verdict is not Verdict.UNKNOWN:
        return False
    return called is None or end.last_ts is None or end.last_ts - called < recent


def _statements(case: Case, calls: Sequence[Row], *, running: bool) -> Iterator[Statement]:
    who = agent_name(case, calls[0]["agent_id"])
    for call in calls[:SHOWN]:
        when = f" at {clock_time(call['ts'])}" if call["ts"] is not None else ""
        text = f"{who} called {_described(call)}{when}; no result of it is in the record"
        yield Statement(Slot.HAPPENED, Claim.DERIVED, text, (call["event_id"],))
    every = tuple(c["event_id"] for c in calls[:SHOWN])
    if running:
        text = f"Nothing in the evidence states an end: {who} may still be at work"
        yield Statement(Slot.WHY, Claim.DERIVED, text, every)
    changing = [str(c["tool"]) for c in calls if c["tool"] not in READING_TOOLS]
    if changing:
        text = f"What {_calls(changing)} changed is not known from the record"
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, every)
        changes = [c for c in calls[:SHOWN] if c["tool"] not in READING_TOOLS]
        yield question(QUESTION, _traces(changes), every)


def _traces(calls: Sequence[Row]) -> str:
    """Name what shows whether calls took effect."""
    return "; ".join(dict.fromkeys(_trace(call) for call in calls))


def _trace(call: Row) -> str:
    tool, when = str(call["tool"]), around(call["ts"])
    if tool in WRITE_TOOLS:
        path = call["path"] or "the file of the call"
        return f"{path}: whether it holds what {tool} was to write, and when it was changed"
    if tool == "Bash":
        return (
            f"{WORKING_TREE} and the list of processes (ps): what the command changed or left running {when}"
        )
    if tool.startswith("mcp__"):
        return (
            f"the own log of MCP server “{tool.split('__')[1]}”: whether it was asked, and answered, {when}"
        )
    return f"what {tool} was to change: whether it did {when}"


def _described(call: Row) -> str:
    """Name a call by its tool and by what tells it from others."""
    what = call["command"] or call["path"]
    head = str(what).splitlines()[0] if what else ""
    return f"{call['tool']} ({head[:80]})" if head else str(call["tool"])


def _hit_in_log(case: Case, call: Row, recent: timedelta) -> Hit:
    """Report a call that only the client's own log shows: of an agent without transcript, or of no known agent."""
    tool, cites = str(call["tool"]), (call["event_id"],)
    when = clock_time(call["ts"]) if call["ts_quality"] != "inferred" else "a time that the log does not tell"
    last, running = case.ending.last_event, _may_still_run(case, [call], recent)
    happened = f"The client began a call of {tool} at {when}; its log has no line that it finished"
    return Hit(
        subject=f"client log|{tool}",
        message=f"the client's log ends inside a call of {tool}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys((*cites, *(() if last is None else (last,))))),
        facts=_facts([call], None) | {"agent": None, "may_still_run": running},
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, happened, cites),
            Statement(Slot.WHY, Claim.DERIVED, IN_LOG_ONLY, cites),
            question(QUESTION, _traces([call]), cites),
        ),
        severity=Severity.NOTE if running else Severity.LOW,
        confidence=Confidence.LOW,
        contract_held=None if running else False,
    )

"""CCF208: an MCP server was not there while the session went on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import MACHINE_LOG, around, server_stderr
from forensics.schema import EventKind as K
from forensics.schema import Source
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
    question,
)
from forensics.session.model.case import Case
from forensics.session.services.mcp_losses import Loss, Work, losses_of, mcp_calls
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

LOST, NEVER, LATE = "lost", "not-connected", "late"
# a tool's result where its server is gone: the SDK's words (2.0.24), and the client's (2.1.330)
GONE = (
    r"^(?:Error: )?(?:(?:MCP error -32000: )?Connection closed|"
    r"MCP server ['\"][^'\"]+['\"] (?:(?:is )?not connected|connection closed|session expired))"
)
QUESTION = "Why did the server end, or not start?"
MOST_CITED = 10

GUIDANCE = Guidance(
    contract="A configured MCP server is connected for as long as the session may call it.",
    immediate=(
        "Run the server's command by hand and read what it prints; then /mcp in the client to connect it again",
    ),
    this_week=(
        "Keep the server's standard error in a file of its own: newer clients (2.1.19 on) drop it once connected",
        "Give a slow server more time to start (MCP_TIMEOUT, in milliseconds)",
    ),
    strategic=("Pin the server's version, and check before a session that it answers “initialize”",),
    avoid="Let the agent call a tool again and again whose server is gone",
    instead="Reconnect the server, or tell the agent to go on without it",
    before=("List the servers and how they stand (`claude mcp list`)",),
    during=("Look at /mcp when a tool is suddenly not found, or answers “Connection closed”",),
    after=("Check what the last call to the lost server did: its answer may be all that is missing",),
    metric="Every configured MCP server was connected until the session ended",
)


@rule(
    code="CCF208",
    topic="2.6",
    name="mcp-server-lost",
    title="MCP server lost",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.CLAUDE_DEBUG, Source.MCP_LOG, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF204", "CCF403"),
)
def mcp_server_lost(case: Case, *, back_within_s: float = 60.0) -> Iterator[Said]:
    """Find MCP servers that did not connect, or whose connection ended, while the session went on.

    ## What it detects
    By the client's own lines: a connection that failed or timed out; one that was dropped or closed before the
    client itself ended the server; by a headless run's first record: a server of status ``failed``; by a tool's
    result: that the connection was closed. Only if the session went on after it. One finding for each server: medium,
    low if it was connected again within ``back_within_s`` seconds each time.

    ## Why it matters
    The agent loses tools in the middle of its work, or never had them, and may not be told.

    ## How to fix
    Run the server's command by hand and read its standard error; connect it again with /mcp.

    ## Known misses
    The client's orderly end of a server is no loss. A server that hangs without closing its connection is not seen
    here (its calls are: CCF204). A transcript alone tells of a loss only where a tool was called after it, and of a
    server that never connected nothing. Newer clients reconnect by themselves when the next tool is called: where
    none was, the server counts as lost. A server that needs a login is not counted. Up to 2.0.37 the debug log has
    no clock: how long a server was away is not known there, and a server that came back counts as back in time.
    """
    connections = case.of(K.MCP_CONNECTION)
    undecided = False
    if not connections.is_empty():
        work = Work(case)
        for (server,), rows in connections.group_by("component", maintain_order=True):
            every = losses_of(rows)
            losses = [loss for loss in every if work.after(loss.rows[-1]) is not None]
            undecided |= bool(every) and not losses
            if losses:
                yield _hit(str(server), losses, work, back_within_s)
    yield from _from_results(
        case, {str(name) for name in connections["component"].to_list() if name is not None}
    )
    logs = case.sources & {Source.CLAUDE_DEBUG, Source.MCP_LOG}
    first_record = "init" in case.of(K.SESSION_START)["status"].to_list()
    if undecided and logs == {Source.MCP_LOG} and Source.TRANSCRIPT not in case.sources:
        yield Insufficient(
            "whether the session went on after a server was lost, only its transcript would tell"
        )
    elif connections.is_empty() and (logs or first_record):
        yield NotApplicable("no MCP server is in the client's log")
    elif connections.is_empty():
        yield Insufficient(
            "a transcript does not tell which MCP servers were connected: the client's log does"
        )


def _hit(server: str, losses: Sequence[Loss], work: Work, back_within_s: float) -> Hit:
    away = [x for x in losses if x.back is None or (x.back_after_s or 0.0) > back_within_s]
    state = _state(losses)
    what = {LOST: "lost its connection", NEVER: "did not connect", LATE: "did not connect at first"}[state]
    times = f" {len(losses)} times" if len(losses) > 1 else ""
    rest = "" if away else ", and was connected again"
    cited = [row["event_id"] for loss in losses for row in loss.rows][:MOST_CITED]
    return Hit(
        subject=f"{server}|{state}",
        message=f"MCP server “{server}” {what}{times} while the session went on{rest}",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in cited),
        facts={
            "server": server,
            "state": state,
            "occurrences": len(losses),
            "reconnected": not away,
            "away_s": next((x.back_after_s for x in losses if x.back_after_s is not None), None),
        },
        statements=tuple(_statements(server, losses, work, what)),
        severity=Severity.MEDIUM if away else Severity.LOW,
    )


def _state(losses: Sequence[Loss]) -> str:
    if any(x.was_up for x in losses):
        return LOST
    return NEVER if losses[-1].back is None else LATE


def _statements(server: str, losses: Sequence[Loss], work: Work, what: str) -> Iterator[Statement]:
    for loss in losses[:MOST_CITED]:
        events = tuple(row["event_id"] for row in loss.rows[:MOST_CITED])
        verb = "lost its connection" if loss.was_up else "did not connect"
        text = f"At {clock_time(loss.rows[0]['ts'])} MCP server “{server}” {verb}"
        yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, events)
        if loss.back is not None:
            took = "" if loss.back_after_s is None else f" after {duration(loss.back_after_s, digits=0)}"
            text = f"MCP server “{server}” was connected again{took}"
            yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, (loss.back["event_id"],))
    last = work.after(losses[-1].rows[-1])
    if last is not None:
        text = (
            f"The session went on after “{server}” {what}: its tools were not there, or had to be waited for"
        )
        yield Statement(Slot.IMPACT, Claim.DERIVED, text, (last,))
    first = (losses[0].rows[0]["event_id"],)
    yield question(QUESTION, _settled_by(server, losses[0].rows[0]["ts"], was_up=losses[0].was_up), first)


def _settled_by(server: str, when: datetime | None, *, was_up: bool) -> str:
    if was_up:
        return f"{server_stderr(server)}: its last lines {around(when)}; and {MACHINE_LOG}: a kill of its process"
    return (
        f"the server's command (claude mcp get {server}), run by hand in the same environment: what it prints"
    )


def _from_results(case: Case, told: set[str]) -> Iterator[Hit]:
    """Without the client's log: a tool's result says that its server is gone."""
    calls = mcp_calls(case)
    if calls.is_empty():
        return
    results = case.of(K.TOOL_RESULT).filter(
        (pl.col("status") == "error") & pl.col("message").str.contains(GONE)
    )
    joined = results.select("correlation_id", "event_id", "ts").join(
        calls.select("correlation_id", server=pl.col("tool").str.split("__").list.get(1)), on="correlation_id"
    )
    for (server,), rows in joined.group_by("server", maintain_order=True):
        if str(server) in told:
            continue
        events = tuple(rows["event_id"])
        text = f"At {clock_time(rows['ts'][0])} a tool of “{server}” answered that the connection was closed"
        yield Hit(
            subject=f"{server}|{LOST}",
            message=f"By a tool's result, the connection to MCP server “{server}” was closed",
            claim=Claim.OBSERVED,
            cites=tuple(Cite(e) for e in events[:MOST_CITED]),
            facts={"server": str(server), "state": LOST, "occurrences": len(events), "reconnected": None},
            statements=(
                Statement(Slot.HAPPENED, Claim.OBSERVED, text, events[:MOST_CITED]),
                question(QUESTION, _settled_by(str(server), rows["ts"][0], was_up=True), events[:1]),
            ),
        )

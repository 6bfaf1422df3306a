"""CCF203: aiohttp reports client sessions that were never closed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Row, Source
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
from forensics.session.speech.results import has_server_lines, uses_voice

PAIR = timedelta(milliseconds=50)  # aiohttp reports a session and its connector together
NEXT = (1, 2)  # lines below a session's, where nothing has a time: aiohttp names the object between
SHUTDOWN = timedelta(seconds=2)  # what is printed so late in the server's record is printed by its exit
EXHAUSTION = r"OSError: \[Errno 24\]|Too many open files|PoolTimeout|MemoryError"

GUIDANCE = Guidance(
    contract="aiohttp's documentation: a ClientSession is closed by its owner (async with, or await session.close()).",
    this_week=(
        "Update voicemode to 8.0.0 or later, or use transport “local”: both leave out its LiveKit probe",
    ),
    avoid="Open a client for each call and leave it to the garbage collector",
    instead="Open clients in an async with block, or keep one for the life of the process",
    after=("Count the unclosed clients of the run: they should not grow with the calls",),
    metric="No unclosed client sessions were reported",
)


@rule(
    code="CCF203",
    name="unclosed-client-session",
    title="Unclosed client sessions",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    topic="2.3",
    any_of=frozenset({Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.CONSOLE}),
    guidance=GUIDANCE,
    references=("aiohttp, ClientSession.__del__", "voicemode, check_livekit_available() up to 7.4.2"),
)
def unclosed_client_session(
    case: Case, *, low_from: int = 3, medium_calls: int = 10, medium_rate: float = 0.5
) -> Iterator[Said]:
    """Find HTTP client sessions that the server reports as never closed.

    ## What it detects
    aiohttp's “Unclosed client session” (a connector within 50 ms of it is the same client). One or two are a
    note; from ``low_from`` on, printed over two calls or more, low; medium where they grow with the calls, at
    least ``medium_rate`` for each of ``medium_calls`` calls or more. A note too where all were printed in the last
    two seconds of the server's record: its exit prints what is left. Exhaustion is claimed only where an error
    says so.

    ## Why it matters
    One client for each call adds up in a long session, if its connections were open.

    ## How to fix
    Close the client where it is opened. In voicemode up to 7.4.2 it is the LiveKit probe of each converse call.

    ## Known misses
    The message is printed at garbage collection: its time is not the leak's time, and its neighbours are not
    its cause. httpx never prints it. From Claude Code 2.1 on the server's lines are not in the client's logs.
    """
    warnings = case.of(K.RESOURCE_WARNING).sort("local_ts", "event_id")
    if warnings.is_empty():
        if has_server_lines(case):
            return
        if uses_voice(case):
            yield Insufficient("the voice server's own lines are not in the evidence")
        else:
            yield NotApplicable("no MCP server's lines are in the evidence")
        return
    clients = _clients(warnings)
    calls = max(case.of(kind).height for kind in (K.VOICE_REQUEST, K.VOICE_CALL_BEGIN))
    severity = Severity.NOTE
    if len(clients) >= low_from and _spread(case, clients) > 1:
        grows = calls >= medium_calls and len(clients) >= medium_rate * calls
        severity = Severity.MEDIUM if grows else Severity.LOW
    yield _hit(case, clients, calls, severity)


def _clients(warnings: pl.DataFrame) -> list[Row]:
    """Return one row for each client: a connector beside its session is no second one."""
    sessions = warnings.filter(pl.col("status") == "Unclosed client session")
    times = sessions["local_ts"].drop_nulls().to_list()
    lines = {(file, line + n) for file, line in sessions.select("file", "line").iter_rows() for n in NEXT}
    alone = [
        row
        for row in warnings.filter(pl.col("status") == "Unclosed connector").iter_rows(named=True)
        if (row["file"], row["line"]) not in lines
        and not any(row["local_ts"] and abs(row["local_ts"] - t) <= PAIR for t in times)
    ]
    return [*sessions.iter_rows(named=True), *alone]


def _spread(case: Case, clients: Sequence[Row]) -> int:
    """Return after how many different calls clients were reported; those that the exit reports are one lot."""
    calls = case.of(K.VOICE_REQUEST)["local_ts"].drop_nulls().sort().to_list()
    last = case.events["local_ts"].max()
    if isinstance(last, datetime) and all(last - c["local_ts"] <= SHUTDOWN for c in clients if c["local_ts"]):
        return 1
    return len({bisect_right(calls, c["local_ts"]) for c in clients if c["local_ts"]})


def _hit(case: Case, clients: Sequence[Row], calls: int, severity: Severity) -> Hit:
    n, events = len(clients), tuple(c["event_id"] for c in clients)
    objects = case.of(K.RESOURCE_OBJECT).filter(pl.col("file").is_in([c["file"] for c in clients]))
    named = tuple(objects["event_id"].head(1))
    plural = "s" if n > 1 else ""
    told = f"The server reported {n} unclosed client session{plural}"
    during = f", in a record of {calls} voice call{'s' if calls != 1 else ''}" if calls else ""
    text = (
        "The text is aiohttp's (ClientSession.__del__), printed when the object is garbage-collected: the "
        "line's time is not the time at which the client was left open"
    )
    return Hit(
        subject="aiohttp",
        message=f"{n} unclosed aiohttp client session{plural} reported",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in (*events[:10], *named)),
        facts={"count": n, "library": "aiohttp", "calls": calls},
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, told + during, events),
            Statement(Slot.WHY, Claim.DERIVED, text, (*events[:1], *named)),
            _exhaustion(case, events),
        ),
        severity=severity,
    )


def _exhaustion(case: Case, events: tuple[int, ...]) -> Statement:
    server = pl.col("local_ts").is_not_null() & pl.col("message").str.contains(EXHAUSTION)
    # the last line of a traceback has no time of its own
    observed = case.events.filter(server | (pl.col("kind") == K.RESOURCE_EXHAUSTED.value))["event_id"]
    if len(observed):
        text = "An error in the server's log says that a resource ran out"
        return Statement(Slot.IMPACT, Claim.OBSERVED, text, tuple(observed.head(1)))
    text = "No error that says that memory, sockets or a pool ran out was observed in the supplied evidence"
    return Statement(Slot.IMPACT, Claim.DERIVED, text, events[:1])

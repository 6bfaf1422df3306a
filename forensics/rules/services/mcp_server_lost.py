"""CCF208: an MCP server was not there while the session went on. What it says stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.names import clock_time
from forensics.rulekit.whereabouts import MACHINE_LOG, around, server_stderr
from forensics.schema import Row
from forensics.session.model.ending import ORDERLY
from forensics.session.services.mcp_losses import (
    LATE,
    LOST,
    ClosedByResult,
    Loss,
    ServerLosses,
    closed_by_results,
    has_connections,
    lists_servers,
    server_losses,
)
from forensics.text.durations import duration

MOST_CITED = 10
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF208",
    topic="2.6",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.CLAUDE_DEBUG, Source.MCP_LOG, Source.OTEL, Source.TRANSCRIPT}),
    reads=("mcp",),
    related=("CCF204", "CCF403"),
)
def mcp_server_lost(case: Case, *, back_within_s: float = 60.0) -> Iterator[Said]:
    """Find MCP servers that did not connect, or whose connection ended, while the session went on."""
    servers = server_losses(case)
    yield from (_hit(found, back_within_s) for found in servers if found.losses)
    yield from (_by_result(closed) for closed in closed_by_results(case))
    logs = case.sources & {Source.CLAUDE_DEBUG, Source.MCP_LOG, Source.TRANSCRIPT}
    if any(not found.losses for found in servers) and case.ending.verdict not in ORDERLY:
        yield TEXT.insufficient("went-on-not-told" if logs == {Source.MCP_LOG} else "stops-there")
    elif not has_connections(case):
        told = logs - {Source.TRANSCRIPT} or lists_servers(case)
        yield TEXT.not_applicable("no-server") if told else TEXT.insufficient("no-log")


def _hit(found: ServerLosses, back_within_s: float) -> Hit:
    losses, away = found.losses, found.away(back_within_s)
    say = TEXT.saying(
        server=found.server,
        what=TEXT.part("lost-connection" if found.state == LOST else "never-connected"),
        times=len(losses),
        again=TEXT.part("later" if found.state == LATE else "again"),
    )
    return say.hit(
        _headline(len(losses), is_back=not away),
        subject=f"{found.server}|{found.state}",
        severity=Severity.MEDIUM if away and (found.is_called or found.state == LOST) else Severity.LOW,
        facts={
            "server": found.server,
            "state": found.state,
            "occurrences": len(losses),
            "reconnected": not away,
            "away_s": next((x.back_after_s for x in losses if x.back_after_s is not None), None),
        },
        cites=found.events[:MOST_CITED],
        statements=_statements(found, say),
    )


def _headline(times: int, *, is_back: bool) -> str:
    once, often = ("back", "back-often") if is_back else ("away", "away-often")
    return once if times == 1 else often


def _statements(found: ServerLosses, say: Saying) -> Iterator[Statement]:
    for loss in found.losses[:MOST_CITED]:
        told = "lost-at" if loss.was_up else "not-connected-at"
        yield say.sentence(told, *loss.events[:MOST_CITED], at=clock_time(loss.at))
        if loss.back is not None:
            yield _back(say, loss, loss.back)
    yield say.sentence("went-on", found.worked)
    first = found.losses[0]
    yield _why(say, found.server, first) if first.was_up else say.sentence("why-not-started", first.events[0])


def _back(say: Saying, loss: Loss, back: Row) -> Statement:
    """Say when a server was connected after it had not been: again, or for the first time."""
    if loss.back_after_s is None:
        return say.sentence("connected-again" if loss.was_up else "connected-later", back["event_id"])
    told = "connected-again-after" if loss.was_up else "connected-after"
    return say.sentence(told, back["event_id"], took=duration(loss.back_after_s, digits=0))


def _why(say: Saying, server: str, closed: Loss | ClosedByResult) -> Statement:
    """Ask why a server ended that had been connected."""
    stderr, when = server_stderr(server), around(closed.at)
    return say.sentence("why-ended", closed.events[0], stderr=stderr, when=when, machine=MACHINE_LOG)


def _by_result(closed: ClosedByResult) -> Hit:
    """Make the finding of a server of which the client's log has no line: a tool's result says that it is gone."""
    say, events = TEXT.saying(server=closed.server, at=clock_time(closed.at)), closed.events[:MOST_CITED]
    return say.hit(
        "closed",
        subject=f"{closed.server}|{LOST}",
        facts={
            "server": closed.server,
            "state": LOST,
            "occurrences": len(closed.events) // 2,
            "reconnected": None,
        },
        cites=events,
        statements=(say.sentence("closed-at", *events), _why(say, closed.server, closed)),
    )

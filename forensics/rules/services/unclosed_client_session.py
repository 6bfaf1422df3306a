"""CCF203: aiohttp reports client sessions that were never closed. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.session.speech.results import has_server_lines, uses_voice
from forensics.session.speech.unclosed_clients import UnclosedClients, resource_ran_out, unclosed_clients

MOST_CITED = 10
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF203",
    topic="2.3",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.VOICE_STDERR, Source.MCP_LOG, Source.CLAUDE_DEBUG, Source.CONSOLE}),
    reads=("speech", "mcp"),
)
def unclosed_client_session(
    case: Case, *, low_from: int = 3, medium_calls: int = 10, medium_rate: float = 0.5
) -> Iterator[Said]:
    """Find HTTP client sessions that the server reports as never closed."""
    clients = unclosed_clients(case)
    if clients is None:
        if not has_server_lines(case):
            yield TEXT.insufficient("no-lines") if uses_voice(case) else TEXT.not_applicable("no-server")
        return
    severity = Severity.NOTE
    if len(clients) >= low_from and clients.spread > 1:
        grows = clients.calls >= medium_calls and len(clients) >= medium_rate * clients.calls
        severity = Severity.MEDIUM if grows else Severity.LOW
    yield _hit(case, clients, severity)


def _hit(case: Case, clients: UnclosedClients, severity: Severity) -> Hit:
    count, calls = len(clients), clients.calls
    during = TEXT.part("during-call" if calls == 1 else "during-calls", calls=calls) if calls else ""
    say, exhausted = TEXT.saying(clients=count, during=during), resource_ran_out(case)
    return say.hit(
        "one-reported" if count == 1 else "reported",
        subject="aiohttp",
        severity=severity,
        facts={"count": count, "library": "aiohttp", "calls": calls},
        cites=(*clients.events[:MOST_CITED], clients.object),
        statements=(
            say.sentence("server-reported-one" if count == 1 else "server-reported", *clients.events),
            say.sentence("time-of-line", clients.first, clients.object),
            say.sentence("not-exhausted", clients.first)
            if exhausted is None
            else say.sentence("exhausted", exhausted),
        ),
    )

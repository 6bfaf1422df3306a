"""CCF204: an attempt timed out, and nothing tells why. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Cite, Confidence, Hit, Said, Saying, Severity, Source, rule, words
from forensics.rulekit.names import capital
from forensics.rulekit.whereabouts import MACHINE_LOG, PROVIDER_STATUS, around, server_stderr, speech_log
from forensics.schema import SERVICES
from forensics.session.services.timeouts import (
    Timeouts,
    ToolTimeouts,
    api_timeouts,
    has_requests,
    speech_timeouts,
    tool_timeouts,
)
from forensics.session.speech.attempt_timeouts import EndpointTimeouts, endpoint_timeouts
from forensics.session.speech.results import SERVER_LINES, is_unheard
from forensics.text.durations import duration

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF204",
    topic="2.4",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset({*SERVER_LINES, Source.ERROR_REPORT, Source.TRANSCRIPT, Source.CONSOLE}),
    reads=("api", "mcp", "speech", "tools"),
)
def timeout_without_diagnosis(
    case: Case, *, limits_s: tuple[float, ...] = (30.0, 60.0), slack_s: float = 1.0
) -> Iterator[Said]:
    """Find attempts of speech, API or MCP tool that timed out while no server-side record tells why."""
    attempted = endpoint_timeouts(case)
    yield from (_attempted(found, found.limit(limits_s, slack_s)) for found in attempted)
    yield from (_by_result(found) for found in speech_timeouts(case) if not attempted)
    yield from (_of_api(found) for found in api_timeouts(case))
    yield from (_of_tool(found) for found in tool_timeouts(case))
    if not attempted and is_unheard(case):
        yield TEXT.insufficient("no-server-lines")
    elif case.sources <= {Source.ERROR_REPORT}:
        yield TEXT.insufficient("errors-only")
    elif Source.ATIF in case.sources and Source.CLAUDE_DEBUG not in case.sources:
        yield TEXT.insufficient("no-retries")
    elif not has_requests(case):
        yield TEXT.not_applicable("no-request")


def _attempted(found: EndpointTimeouts, limit: float | None) -> Hit:
    """Make the finding of a speech endpoint whose attempts the server logged."""
    waited = None if found.waited_s is None else round(found.waited_s, 1)
    count, service = len(found.attempts), SERVICES[found.service]
    say = TEXT.saying(service=service, capital=capital(service), endpoint=found.endpoint, times=_times(count))
    said = [say.sentence("endpoint-timed-out", *found.ends)]
    if found.waited_s is not None:
        wait, in_all = duration(found.waited_s), duration(found.waiting_s, digits=0)
        told = say.also(wait=wait, in_all=in_all, limit=duration(limit or 0.0, digits=0))
        said.append(told.sentence("waited" if limit is None else "waited-to-limit", *found.first_wait))
        said.append(told.sentence("time-lost", *found.all_waits))
    said.append(say.sentence("no-server-record", *found.ends[:1]))
    log, when = speech_log(found.endpoint), around(found.at)
    said.append(say.sentence("what-of-service", *found.ends[:1], log=log, when=when))
    return say.also(waited=duration(waited or 0.0)).hit(
        "attempted" if waited is None else "attempted-for",
        subject=f"{found.service}|{found.endpoint}",
        facts={"waited_s": waited, "limit_s": limit, "endpoint": found.endpoint, "occurrences": count},
        cites=found.events,
        statements=said,
    )


def _by_result(found: Timeouts) -> Hit:
    """Without the server's lines: the voice tool's result names the endpoint that timed out."""
    say = TEXT.saying(what=TEXT.part("by-result", endpoint=found.endpoint), log=speech_log(found.endpoint))
    return _plain(found, say, "what-of-service")


def _of_api(found: Timeouts) -> Hit:
    say = TEXT.saying(what=TEXT.part("api-request"), status=PROVIDER_STATUS, machine=MACHINE_LOG)
    return _plain(found, say, "api-or-network")


def _of_tool(found: ToolTimeouts) -> Hit:
    """Make the finding of one tool's timeouts; its server may have several tools that time out."""
    tool = TEXT.saying(tool=found.tool, server=found.server, called=found.called)
    what = tool.part("tool-of-server" if found.called is None else "tool-called")
    say = tool.also(what=what, stderr=server_stderr(found.server))
    return _plain(found, say, "tool-or-server", apart=found.tool)


def _plain(found: Timeouts, say: Saying, asked: str, *, apart: str = "") -> Hit:
    """Make the finding of a timeout of which no more is known than that it was."""
    say, waited = say.also(times=_times(found.count), when=around(found.at)), found.waited_s
    said = [say.sentence("it-timed-out", *found.events), say.sentence(asked, *found.events)]
    if found.cured:
        said.insert(1, say.sentence("next-try-answered", *found.events, *found.cured))
    return say.hit(
        "timed-out-once" if found.cured else "timed-out",
        subject=found.endpoint,
        apart=apart,
        severity=Severity.LOW if found.cured else Severity.MEDIUM,
        facts={"waited_s": waited, "limit_s": None, "endpoint": found.endpoint, "occurrences": found.count},
        cites=(Cite(event, "timed out") for event in found.events),
        statements=said,
    )


def _times(count: int) -> str:
    return TEXT.part("times", count=count) if count > 1 else ""

"""How long services took to answer, call by call, and when they failed: only where something failed.

Speech by the server's own lines, every attempt; the model API, MCP tools and spoken answers as ``aspects.latency``
measures them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from forensics.analysis.lasting.marks import marks_of
from forensics.analysis.lasting.shape import SEVERAL, Bar, Strip, Tone, Track, lane, track
from forensics.schema.finding import Finding
from forensics.session.model.case import Case
from forensics.session.model.speech import Attempt, Chain, walk_attempts
from forensics.session.services.latency import Series, failing_series, primary_of
from forensics.session.speech.tables import SERVICES as SPEECH

SERVICES = {**SPEECH, "mcp": "MCP tool", "api": "model API"}
HEAD = re.compile(r"^https?://|(?<=[a-z0-9])/v1/?$")  # of an address, what tells nothing
Service = tuple[str, str]  # of which kind, and its endpoint


def latency_track(case: Case, findings: Sequence[Finding]) -> Track | None:
    """Return the calls of services of which at least one failed; nothing where none did, or it was the only one."""
    bars = [*_spoken(case), *_measured(case)]
    if len(bars) < SEVERAL or not any(bar.tone is Tone.FAILED for _, bar in bars):
        return None
    is_utc = any(bar.since.tzinfo is not None for _, bar in bars)
    found: dict[Service, list[Bar]] = {}
    for service, bar in sorted(
        ((s, b) for s, b in bars if (b.since.tzinfo is not None) == is_utc),
        key=lambda one: (one[1].since, one[1].until, one[0]),
    ):
        found.setdefault(service, []).append(bar)
    whose = {event: service for service, own in found.items() for bar in own for event in bar.events}
    clock = "ts" if is_utc else "local_ts"
    marks = marks_of(case, findings, lambda row: whose.get(row["event_id"]), clock)
    lanes = [
        lane(
            f"{SERVICES[service[0]]}, {service[1]}",
            [Strip(words="", bars=tuple(own))],
            marks.get(service, ()),
            short=f"{service[0].upper()} {HEAD.sub('', service[1])}",
        )
        for service, own in sorted(found.items(), key=lambda one: (list(SERVICES).index(one[0][0]), one[0]))
    ]
    return track("latency", lanes, is_utc=is_utc)


def _spoken(case: Case) -> Iterator[tuple[Service, Bar]]:
    """Yield the attempts of speech chains, and the chains of which the record shows only that they were answered."""
    chains = case.chains
    primary = {service: primary_of([c for c in chains if c.service == service]) for service in ("stt", "tts")}
    for chain, attempt in walk_attempts(chains):
        bar = _attempt(chain, attempt)
        if bar is not None:
            yield (chain.service, attempt.endpoint), bar
    for chain in chains:
        bar = None if chain.tries else _bar(chain.started, chain.answered_at, "answered", Tone.DONE, chain)
        endpoint = primary[chain.service]
        if bar is not None and endpoint is not None:
            yield (chain.service, endpoint), bar


def _attempt(chain: Chain, attempt: Attempt) -> Bar | None:
    since = attempt.waited_from or attempt.started
    if attempt.reason is not None:
        return _bar(since, attempt.ended, attempt.reason, Tone.FAILED, attempt)
    if attempt.answered:
        words = "answered, without any text" if attempt.empty else "answered"
        return _bar(attempt.started, attempt.ended or chain.answered_at, words, Tone.DONE, attempt)
    return _bar(attempt.started, attempt.started, "no end in the record", Tone.OPEN, attempt)


def _bar(
    since: datetime | None, until: datetime | None, words: str, tone: Tone, of: Chain | Attempt
) -> Bar | None:
    """Return a bar; of what only one end is known, or both by two clocks, that end."""
    ended = of.end_event if isinstance(of, Attempt) else of.answered_event
    events = tuple(dict.fromkeys(e for e in (of.start_event, ended) if e is not None))
    if since is None or until is None or (since.tzinfo is None) != (until.tzinfo is None) or until < since:
        known = until if until is not None else since
        if known is None:
            return None
        since = until = known
    return Bar(since=since, until=until, words=words, tone=tone, events=events) if events else None


def _measured(case: Case) -> Iterator[tuple[Service, Bar]]:
    """Yield what has no chain: the model API, MCP tools, and speech where the server's lines are not there."""
    with_chains = {chain.service for chain in case.chains if chain.tries}
    for series in failing_series(case):
        if series.service not in with_chains:
            yield from (((series.service, series.endpoint), bar) for bar in _of_series(series))


def _of_series(series: Series) -> Iterator[Bar]:
    for answer in series.latencies:
        yield Bar(
            since=answer.at - timedelta(seconds=answer.seconds),
            until=answer.at,
            words="answered",
            tone=Tone.DONE,
            events=(answer.event,),
        )
    for failure in series.failures:
        yield Bar(
            since=failure.at,
            until=failure.at,
            words=failure.reason,
            tone=Tone.FAILED,
            events=(failure.event,),
        )

"""CCF107: more agents at once than the client or the model API bears. What it says stands in the file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.names import agent_name, clock_time
from forensics.rulekit.whereabouts import PROVIDER_STATUS, around
from forensics.schema import Row
from forensics.session.agents.capacity import ALLOWANCE, GaveUp, RefusedSpawn, given_up, spawns_over_limit
from forensics.session.agents.overlap import spawned
from forensics.session.model.agents import AgentEnd

SHOWN = 10  # records of one kind that are cited
ANSWERS = {"429": "limited-429", "529": "overloaded-529", "rate_limit": "limited", ALLOWANCE: "used-up"}
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF107",
    topic="1.1",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=Source.TRANSCRIPT,
    reads=("agents", "api"),
    over=("agents",),
    related=("CCF101", "CCF206"),
)
def agent_capacity_reached(case: Case, *, at_once: int = 2) -> Iterator[Said]:
    """Find agents that were refused or gave up for want of capacity while others worked."""
    agents, refused = spawned(case), spawns_over_limit(case)
    if not agents and not refused:
        yield TEXT.not_applicable("no-agents")
        return
    if refused:
        yield _limit(refused)
    if len(agents) < at_once:
        return
    yield from (_gave_up(case, found) for found in given_up(case, agents, at_once=at_once))
    silent = sum(a.last_event is None and a.outcome is AgentEnd.UNFINISHED for a in agents)
    if silent:
        yield TEXT.insufficient("no-records", silent=silent)


def _limit(refused: Sequence[RefusedSpawn]) -> Hit:
    """Make one finding of all spawns that the client refused."""
    shown, limit, several = refused[:SHOWN], refused[0].limit, len(refused) > 1
    say = TEXT.saying(count=len(refused), limit=limit)
    reached = say.part("limit-told" if limit else "limit-reached")
    answers, calls = (r.answer for r in shown), [r.call for r in shown if r.call is not None]
    statements = [say.sentence("refused-spawns" if several else "refused-spawn", *answers, reached=reached)]
    if calls:
        statements.append(_not_started(say, shown, calls, several=several))
    return say.hit(
        "refused-agents" if several else "refused-agent",
        subject="subagent limit",
        cites=(*(r.answer for r in shown), *calls),
        facts={"kind": "subagent limit", "count": len(refused), "limit": limit},
        statements=statements,
    )


def _not_started(
    say: Saying, shown: Sequence[RefusedSpawn], calls: Sequence[int], *, several: bool
) -> Statement:
    briefs = say.part("briefs" if several else "brief")
    names = ", ".join(f"“{r.brief}”" for r in shown if r.brief is not None)
    return say.sentence(
        "not-started", *calls, what=say.part("named", briefs=briefs, names=names) if names else briefs
    )


def _gave_up(case: Case, found: GaveUp) -> Hit:
    """Make one finding of the requests that got no answer for one reason."""
    events, several = found.events[:SHOWN], len(found.requests) > 1
    say = TEXT.saying(
        who=" and ".join(dict.fromkeys(_whose(case, r) for r in found.requests)),
        answer=TEXT.part(ANSWERS[found.kind]),
        alive=len(found.alive),
        at=clock_time(found.at),
        around=around(found.at),
        provider_status=PROVIDER_STATUS,
    )
    return say.hit(
        "beside-agents",
        subject=found.kind,
        cites=events,
        facts={"kind": found.kind, "count": len(found.requests), "agents_alive": len(found.alive)},
        statements=(
            say.sentence("gave-up-first" if several else "gave-up", *events),
            _alive(say, found, events, several=several),
            say.sentence("own-agents", events[0]),
        ),
    )


def _alive(say: Saying, found: GaveUp, events: Sequence[int], *, several: bool) -> Statement:
    """Say how many agents were alive: when it was given up, or at the moment when most of them were."""
    if several:
        return say.sentence("most-alive", *events, *found.spawns[:SHOWN])
    return say.sentence("alive", events[0], *found.spawns[:SHOWN])


def _whose(case: Case, request: Row) -> str:
    """Name the agent that gave up; a line of the client's own log names none."""
    is_told = request["source"] == Source.TRANSCRIPT.value
    return agent_name(case, request["agent_id"]) if is_told else TEXT.part("an-agent")

"""CCF303: what an agent was allowed is spent, or much was used and no limit was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.schema import EventKind as K
from forensics.schema import Row, Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    Nature,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name

# how a run's result (2.0.24 on) or an agent's record (2.1.330) names the budget that ended it
BUDGETS = {"error_max_turns": "turns", "max_turns": "turns", "error_max_budget_usd": "cost"}
OPTIONS = {"turns": "--max-turns, or the agent's maxTurns", "cost": "--max-budget-usd"}
STARTED_BY = (
    "the command that started the client (the shell's history, a script, a CI job): --max-turns and --max-budget-usd; "
    "for an agent its file in .claude/agents/: maxTurns"
)
LIMIT = re.compile(r"\(\$?(\d+(?:\.\d+)?)\)$")  # Reached maximum number of turns (2), … budget ($0.5)
MOST_CITED = 10

GUIDANCE = Guidance(
    contract="Each agent has a limit of turns, cost or tokens, and what it had not done at that limit is taken up.",
    immediate=(
        "Continue the session (`claude --continue`) from what the agent had done, or with a narrower brief",
    ),
    this_week=(
        "Give unattended runs a limit: claude -p --max-turns, --max-budget-usd; agents maxTurns in their definition",
        "Have the brief say what to leave behind when the limit comes: a list of what is done and what is not",
    ),
    strategic=("Choose limits from what like runs used, not by default",),
    avoid="Infer from the number of agents that the machine was overloaded: an agent is a series of API requests",
    instead="Measure the tokens of each agent, and compare them with those of earlier runs",
    before=("Estimate the turns that the task needs, and allow twice as many",),
    during=("Look at /cost and /context in long sessions; compact or begin anew between tasks",),
    after=("Check what the ended agent left half done",),
    metric="No agent was ended by its budget, and none used very much without one",
)


@rule(
    code="CCF303",
    name="agent-budget",
    title="Budget of an agent",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    topic="3.3",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    expectation="agent-budget",
    related=("CCF107", "CCF305"),
)
def agent_budget(case: Case, *, tokens: int = 20_000_000) -> Iterator[Said]:
    """Find agents that were ended by a budget, and agents that used very much without one.

    ## What it detects
    A run's result that says ``error_max_turns`` or ``error_max_budget_usd``, or an agent's own record that its turns
    are spent: medium. And an agent that used more than ``tokens`` tokens, those read from the cache included, where
    no budget was observed: a note, and a control gap. That none was declared is no finding by itself.

    ## Why it matters
    An agent that is ended by its budget leaves its work where it stands, and a run's exit code may be 0 all the same
    (2.0.24). Without a budget a loop costs as much as somebody lets it.

    ## How to fix
    Take up what was left; allow what like runs needed, and have the brief say what to leave behind at the limit.

    ## Known misses
    The options that a run was started with are in no log: a budget is seen only where it ended something. Of 87 agents
    in published sessions 1 used more than 20 million tokens, 12 more than 5 million. The usage of a subagent whose
    transcript is not supplied is what its result tells, which is the size of its last request. Nothing is concluded
    about the load of the machine: agents are requests to a service.
    """
    ended = list(_ended(case))
    yield from (_ended_hit(case, agent, budget, rows) for agent, budget, rows in ended)
    used = _used(case)
    limited = {agent for agent, _, _ in ended}
    for row in used.filter(pl.col("used") > tokens).iter_rows(named=True):
        if row["agent_id"] not in limited:
            yield _gap_hit(case, row, tokens)
    if not ended and used.is_empty():
        yield Insufficient("no record of this session tells what was used")


def _ended(case: Case) -> Iterator[tuple[str | None, str, list[Row]]]:
    """Yield each agent and budget that ended it: a run's result and the agent's record tell one end."""
    found: dict[tuple[str | None, str], list[Row]] = {}
    for row in case.of(K.RESULT, K.BUDGET_ENDED).iter_rows(named=True):
        budget = BUDGETS.get(str(row["status"]))
        if budget is not None:
            found.setdefault((row["agent_id"], budget), []).append(row)
    for (agent, budget), rows in found.items():
        yield agent, budget, rows


def _used(case: Case) -> pl.DataFrame:
    """Add up what each agent used. A message's records repeat its usage; the last one is right."""
    told = case.events.filter(pl.col("tokens").is_not_null())
    own = (
        told.filter(pl.col("message_id").is_not_null())
        .group_by("agent_id", "message_id", maintain_order=True)
        .agg(pl.col("tokens").max(), pl.col("event_id").last())
        .group_by("agent_id", maintain_order=True)
        .agg(used=pl.col("tokens").sum(), requests=pl.len(), last=pl.col("event_id").last())
    )
    results = told.filter((pl.col("kind") == K.TOOL_RESULT.value) & pl.col("target_agent_id").is_not_null())
    others = results.select(
        agent_id="target_agent_id", used="tokens", requests=pl.lit(1, dtype=pl.UInt32), last="event_id"
    ).join(own, on="agent_id", how="anti")
    return pl.concat([own, others])


def _ended_hit(case: Case, agent: str | None, budget: str, rows: Sequence[Row]) -> Hit:
    limits = [str(r["count"]) for r in rows if r["kind"] == K.BUDGET_ENDED and r["count"] is not None]
    limits += [found[1] for r in rows if (found := LIMIT.search(r["message"] or ""))]
    limit = (int(float(limits[0])) if budget == "turns" else float(limits[0])) if limits else None
    amount = "" if limit is None else f" ({'$' if budget == 'cost' else ''}{limit:g})"
    events = tuple(r["event_id"] for r in rows)
    who = agent_name(case, agent)
    what = {"turns": "its turns are spent", "cost": "its cost has reached the limit"}[budget]
    text = f"{who[:1].upper()}{who[1:]} was ended because {what}{amount}"
    settled_by = f"the last messages of {who} and {WORKING_TREE}: which parts of its brief are missing"
    return Hit(
        subject=budget,
        message=text,
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in events),
        facts={
            "budget": budget,
            "limit": limit,
            "agent": agent or "main",
            "tokens": next((r["tokens"] for r in rows if r["tokens"] is not None), None),
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, text, events),
            Statement(Slot.WHY, Claim.DERIVED, f"The limit comes from {OPTIONS[budget]}", events),
            question("Was the work done when the limit came?", settled_by, events[:1]),
        ),
        severity=Severity.MEDIUM,
        agent_id=agent,
    )


def _gap_hit(case: Case, row: Row, tokens: int) -> Hit:
    who, used = agent_name(case, row["agent_id"]), row["used"]
    text = f"{who[:1].upper()}{who[1:]} used {used / 1e6:.1f} million tokens in {row['requests']} requests"
    start, end = case.span
    window = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC" if start and end else "without times"
    sources = ", ".join(sorted(case.sources))
    gap = f"A budget was not observed in the supplied evidence (sources: {sources}; window: {window})"
    return Hit(
        subject="usage",
        message=f"{text}; a budget was not observed in the supplied evidence",
        claim=Claim.DERIVED,
        cites=(Cite(row["last"]),),
        facts={"budget": None, "limit": tokens, "agent": row["agent_id"] or "main", "tokens": used},
        statements=(
            Statement(
                Slot.HAPPENED, Claim.DERIVED, f"{text}, what was read from the cache included", (row["last"],)
            ),
            Statement(Slot.WHY, Claim.DERIVED, gap, (row["last"],)),
            question("Was a limit set that was not reached?", STARTED_BY, (row["last"],)),
        ),
        severity=Severity.NOTE,
        agent_id=row["agent_id"],
        contract_held=None,
        nature=Nature.CONTROL_GAP,
    )

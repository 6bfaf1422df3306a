"""CCF302: the tool took a list that has several items in progress."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Source, is_kind
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Finding,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Severity,
    Slot,
    Statement,
)
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name

SEVERAL = "CCF102"
CALLS = (K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE)
SHOWN = 10  # calls that are cited

# tried with 2.0.24: the call is refused, and the agent reads why (permissionDecision deny does not tell it there)
HOOK = (
    "jq '[.tool_input.todos[]? | select(.status == \"in_progress\")] | length' | "
    '{ read n; [ "${n:-0}" -lt 2 ] || { echo "$n items in progress: keep one" >&2; exit 2; }; }'
)

GUIDANCE = Guidance(
    contract=(
        "“Exactly ONE task must be in_progress at any time” is a rule of TodoWrite's prompt; the tool takes any list. "
        "Only a hook enforces it."
    ),
    immediate=("Set every item that nobody works on back to pending",),
    this_week=(
        f"Add to hooks in .claude/settings.json a PreToolUse hook with matcher TodoWrite and the command: `{HOOK}`",
    ),
    avoid="Count on the prompt alone to keep the list true",
    instead="Let a PreToolUse hook refuse the call (exit code 2), with the reason for the agent on stderr",
    before=("Try the hook with a list of two items in progress: the call must be refused",),
    metric="A list with several items in progress was refused, or there was none",
)


@rule(
    code="CCF302",
    name="todo-rule-not-enforced",
    title="One task in progress is not enforced",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    nature=Nature.CONTROL_GAP,
    topic="3.2",
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    guidance=GUIDANCE,
    related=(SEVERAL,),
    reads_findings=True,
    expectation="todo-rule",
)
def todo_rule_not_enforced(case: Case) -> Iterator[Said]:
    """Say of each list with several items in progress that the tool took it: nothing enforces the rule.

    ## What it detects
    For each finding of CCF102: whether the calls that made the list were answered without an error. It explains that
    finding, and is no second one of the same facts: always a note.

    ## Why it matters
    A rule that only a prompt states is kept most of the time (97 of 100 sessions measured), and broken silently.

    ## How to fix
    A PreToolUse hook that denies the call; the report's action items hold its command.

    ## Known misses
    A hook may be configured and not match; the configuration is not read. Where the answer is not in the record, or
    only a file shows the list, no refusal was observed, which is less. TaskCreate and TaskUpdate have no such rule in
    their prompts: there the note says only that nothing limits the items in progress.
    """
    found = case.found(SEVERAL)
    for finding in found:
        yield _hit(case, finding)
    if found:
        return
    lists = case.of(*CALLS)
    if lists.filter(pl.col("count").fill_null(1) > 0).is_empty():
        if Source.TRANSCRIPT in case.sources:
            yield NotApplicable("no todo list was written")
        else:
            yield Insufficient("the todo file is empty; the history of a list is in the transcript only")
    elif not _refused(case):
        yield NotApplicable("no list with several items in progress that lasted")


def _refused(case: Case) -> bool:
    """Say whether a list with several items in progress was refused: then something enforces the rule."""
    busy = (
        case.todos.filter(pl.col("status") == "in_progress")
        .group_by("event_id")
        .len()
        .filter(pl.col("len") > 1)
    )
    calls = case.of(K.TODO_SNAPSHOT).join(busy, on="event_id", how="semi")["correlation_id"].drop_nulls()
    denied = (pl.col("status") == "error") & pl.col("correlation_id").is_in(calls.to_list())
    return not case.of(K.TOOL_RESULT).filter(denied).is_empty()


def _hit(case: Case, finding: Finding) -> Hit:
    cited = [e.event_id for e in finding.evidence]
    calls = case.events.filter(pl.col("event_id").is_in(cited) & is_kind(CALLS)).head(SHOWN)
    ids = calls["correlation_id"].drop_nulls().to_list()
    taken = case.of(K.TOOL_RESULT).filter(pl.col("correlation_id").is_in(ids) & (pl.col("status") == "ok"))
    answers, n = tuple(taken["event_id"]), finding.facts.get("in_progress")
    tools = sorted(set(calls["tool"].drop_nulls()))
    tool = " and ".join(tools) if answers and tools else "The client"
    who = agent_name(case, finding.agent_id)
    events = (*answers, *calls["event_id"]) if not calls.is_empty() else tuple(cited[:1])
    if answers:
        text = (
            f"{tool} took the list of {who} with {n} items in progress without an error: it enforces no limit"
        )
    else:
        text = f"No refusal of the list of {who} with {n} items in progress was observed in the supplied evidence"
    return Hit(
        subject=f"{finding.fingerprint}",
        message=f"{tool} accepted {n} items in progress at once"
        if answers
        else f"no refusal of {n} items in progress at once was observed",
        claim=Claim.OBSERVED if answers else Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(events)),
        facts={"in_progress": n, "accepted": bool(answers), "explains": finding.fingerprint},
        statements=(
            Statement(Slot.WHY, Claim.OBSERVED if answers else Claim.DERIVED, text, events),
            Statement(
                Slot.WHY,
                Claim.DERIVED,
                "No hook that refuses such a list was observed in the supplied evidence (sources: the session's calls "
                "and their answers)",
                events,
            ),
        ),
        agent_id=finding.agent_id,
        contract=finding.contract,
        contract_held=None,
    )

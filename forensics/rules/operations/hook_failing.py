"""CCF407: a hook that fails, or denies the same call, again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from forensics.privacy.redact import redact
from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import HOOK_TIMED_OUT, Source
from forensics.schema import EventKind as K
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
from forensics.session.model.names import agent_name

CONTENT, DENIES = "0", "2"  # a hook's exit codes that mean what they say
NOT_FOUND = ("126", "127")  # the shell's, for a command that is not there or not to be run
CANCELLED = "cancelled"  # with its call: that is nothing of the hook's
# how a call's result begins that a hook denied: 2.0.24 and 2.1.330, and up to 1.0.128
DENIAL = r"^(?:Error: )?(?:(?:Hook )?PreToolUse:\S+ (?:hook error|\[)|\S+ operation blocked by hook)"
FOLDERS = re.compile(r"[^\s\"']*[/\\]")
SHOWN, MOST_CITED = 80, 20  # characters of a command, lines of one kind

GUIDANCE = Guidance(
    contract="A hook ends by itself, in time, with exit code 0, or with 2 to deny what it is asked about.",
    immediate=("Run the hook's command by hand with a recorded input, and read what it prints",),
    this_week=(
        "Name the hook's program by its absolute path: hooks run in a plain shell, without your aliases",
        "Where it is slow: set its “timeout” higher, or have it do its work in the background",
        "Where it denies: have it say what to do instead, so that the agent does not ask again",
    ),
    strategic=("Test hooks in CI with recorded inputs, one for each event that they are configured for",),
    avoid="Ignore a hook's errors because the client goes on without it",
    instead="Mend it or take it out: a guard that fails lets everything pass",
    during=("Look for “hook error” in the transcript view (ctrl+r)",),
    after=("Check what passed while the hook did not work: what it should have denied or formatted",),
    metric="No hook failed three times, and none had to deny the same call three times",
)


@rule(
    code="CCF407",
    topic="4.6",
    name="hook-failing",
    title="Hook failing again and again",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.CLAUDE_DEBUG, Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF408",),
)
def hook_failing(case: Case, *, errors: int = 3, denials: int = 3) -> Iterator[Said]:
    """Find hooks that fail again and again, and calls that a hook denies again and again.

    ## What it detects
    The same hook (its command, for the same event) that failed ``errors`` times or more: an exit code other than 0
    and 2, a command that is not there, a timeout. And the same call (tool, input, agent) that was denied
    ``denials`` times or more. Runs are counted in one log: the transcript and the debug log tell the same ones.

    ## Why it matters
    The client goes on when a hook fails: a guard that does not work lets everything pass, and nobody is told. A call
    that is denied again and again is an agent that does not understand what it may do.

    ## How to fix
    Run the hook by hand with the input that it had; mend it, or take it out. Have a denial say what to do instead.

    ## Known misses
    A hook that denies once or twice is a working guard. From 2.0.24 to 2.1.19 no log tells how a hook ended that did
    not deny: there only denials are seen. In 2.1.100 the transcript does, the debug log says only that one failed, and
    a hook that timed out is told as cancelled, which is not counted. A hook that denies by JSON with a reason of its
    own leaves no words in the result that tell it from another failure. The debug log alone says which tool was
    denied, not which call. A stop hook that sends the agent on is a guard, and is not counted.
    """
    ran = case.of(K.HOOK_RAN)
    found = False
    for hit in (*_failing(ran, errors), *_denied(case, denials)):
        found = True
        yield hit
    if found:
        return
    refused = case.of(K.HOOK_DENIED)
    if ran.is_empty() and refused.is_empty():
        if Source.CLAUDE_DEBUG in case.sources:
            yield NotApplicable("no hook ran, as far as the client's log tells")
        else:
            yield Insufficient(
                "a transcript tells of few hooks: how one ended stands in the client's debug log"
            )
    elif refused.height >= denials and Source.TRANSCRIPT not in case.sources:
        yield Insufficient("the debug log does not say which calls were denied: the transcript does")
    elif ran["status"].drop_nulls().is_empty():
        yield Insufficient("this release logs that hooks ran, and not how they ended")


def _failing(ran: pl.DataFrame, errors: int) -> Iterator[Hit]:
    """Yield the hooks that failed, each counted in the log that tells most of its failures."""
    fine = pl.col("status").is_null() | pl.col("status").is_in([CONTENT, DENIES, CANCELLED])
    failed = ran.filter(~fine)
    if failed.height < errors:
        return
    # 1.0.128 names the command only, a summary of stop hooks the event only
    counted = (
        failed.group_by("component", "command", "source", maintain_order=True)
        .agg(pl.len().alias("times"), "event_id", "status", "duration_ms")
        .filter(pl.col("times") >= errors)
        .sort("times", descending=True, maintain_order=True)
        .unique(["component", "command"], keep="first", maintain_order=True)
    )
    for row in counted.iter_rows(named=True):
        yield _failing_hit(row["component"], row["command"], row["status"], row["event_id"])


def _failing_hit(event: str | None, command: str | None, statuses: list[str], events: list[int]) -> Hit:
    what = f"the hook for {event}" if event else "a hook"
    called = _shown(command)
    named = f"“{called[:SHOWN]}”" if called else "whose command is not told"
    how = _how(statuses[0]) if len(set(statuses)) == 1 else "failed"
    text = f"{what[:1].upper()}{what[1:]}, {named}, {how} {len(events)} times"
    settled_by = (
        f"the hook's own program, run by hand with the input that it got ({named}; it is configured in settings.json "
        "under hooks): its exit code and what it prints"
    )
    return Hit(
        subject=f"{event or ''}|{_without_folders(command)}",
        message=text,
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in events[:MOST_CITED]),
        facts={
            "hook": event,
            "command": called,
            "occurrences": len(events),
            "statuses": list(dict.fromkeys(statuses)),
            "denied": False,
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.OBSERVED, text, tuple(events[:MOST_CITED])),
            Statement(
                Slot.IMPACT,
                Claim.DERIVED,
                "The client went on each time: what the hook is there for was not done",
                tuple(events[:MOST_CITED]),
            ),
            question("Why does the hook fail?", settled_by, (events[0],)),
        ),
    )


def _shown(command: str | None) -> str | None:
    """Return a command for people: it may hold a key."""
    return None if command is None else redact(command)


def _without_folders(command: str | None) -> str:
    """Name a command as it is called on every machine."""
    return FOLDERS.sub("", command or "")


def _how(status: str) -> str:
    if status == HOOK_TIMED_OUT:
        return "timed out"
    if status in NOT_FOUND:
        return f"could not be run (exit code {status})"
    return f"ended with exit code {status}" if status.lstrip("-").isdigit() else "failed"


def _denied(case: Case, denials: int) -> Iterator[Hit]:
    """Yield the calls that were denied: equal input, of one agent."""
    refused = case.of(K.TOOL_RESULT).filter(
        (pl.col("status") == "error") & pl.col("message").str.contains(DENIAL)
    )
    if refused.height < denials:
        return
    calls = case.events.filter(pl.col("text_sha").is_not_null() & pl.col("tool").is_not_null()).select(
        "correlation_id", "tool", "text_sha", "agent_id", call="event_id", asked="command"
    )
    joined = refused.select("correlation_id", "event_id").join(
        calls, on="correlation_id", maintain_order="left"
    )
    for (agent, tool, _), rows in joined.group_by("agent_id", "tool", "text_sha", maintain_order=True):
        if rows.height >= denials:
            yield _denied_hit(case, None if agent is None else str(agent), str(tool), rows)


def _denied_hit(case: Case, agent: str | None, tool: str, rows: pl.DataFrame) -> Hit:
    events, calls = tuple(rows["event_id"]), tuple(rows["call"])
    who, command = agent_name(case, agent), _shown(rows["asked"][0])
    asked = f" “{command[:SHOWN]}”" if command else ""
    text = f"A hook denied the same {tool} call{asked} of {who} {len(events)} times"
    settled_by = (
        f"the results of the denied calls, and the hook for {tool} in settings.json (under hooks, PreToolUse): the "
        "reason that it gives, and whether it names another way"
    )
    return Hit(
        subject=f"denied|{tool}|{_without_folders(command)}",
        apart=str(rows["text_sha"][0]),
        message=text,
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in events[:MOST_CITED]),
        facts={
            "hook": f"PreToolUse:{tool}",
            "command": command,
            "occurrences": len(events),
            "statuses": [DENIES],
            "denied": True,
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, (*calls[:MOST_CITED], *events[:MOST_CITED])),
            question("Does the hook say what may be done instead?", settled_by, events[:1]),
        ),
        agent_id=agent,
    )

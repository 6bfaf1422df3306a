"""CCF408: an agent makes the same failing call again and again."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import COMMAND_KEPT, Source
from forensics.schema import EventKind as K
from forensics.schema.finding import Cite, Claim, Confidence, Hit, NotApplicable, Severity, Slot, Statement
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.model.names import agent_name
from forensics.text.clock_time import clock_time

# asking again whether something is done is what these are for
POLLERS = (
    "BashOutput", "TaskOutput", "AgentOutputTool", "KillShell", "KillBash", "KillTask", "TaskStop",
    "TaskGet", "TaskList", "Sleep", "Monitor",
)  # fmt: skip
WAITS = r"(?:^|[;&|(]\s*|\bdo\s+)sleep\s+\d"
SHOWN = 12  # calls of one run that are cited
WORDS = 200  # of a failure that are quoted

GUIDANCE = Guidance(
    contract="A call that failed is not made again until something has changed.",
    immediate=("Read the failure that the call was answered with each time, and remove its cause by hand",),
    this_week=(
        "Write into CLAUDE.md what to do after the second equal failure: read the message, change the input, or ask",
        "Deny the call by a hook once it has failed three times with the same input",
    ),
    avoid="Repeat a failing call in the hope of another answer",
    instead="Change the input or the state that it depends on, or stop and ask",
    during=("Interrupt an agent that makes the same failing call a third time",),
    after=("Count the turns and tokens that the equal calls took",),
    metric="No agent repeated one failing call five times without a change in between",
)


@rule(
    code="CCF408",
    topic="4.5",
    name="repeated-failing-call",
    title="The same failing call again and again",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.ATIF}),
    guidance=GUIDANCE,
)
def repeated_failing_call(case: Case, *, least: int = 5, many: int = 10) -> Iterator[Said]:
    """Find calls of one tool with one input that failed again and again, with no change in between.

    ## What it detects
    An agent's calls of the same tool with the same input (of a shell: the same command), of which at least
    ``least`` (5) in a row were answered by an error, while the same agent wrote no file successfully between the
    first and the last of them. Other calls may stand in between. Medium from ``many`` (10) on. Each agent is looked
    at by itself: two agents that fail at the same call are no loop. Calls that ask whether something is done
    (BashOutput, TaskOutput, a shell command that sleeps) are left out.

    ## Why it matters
    The agent is stuck: every turn of it costs time and tokens, and changes nothing.

    ## How to fix
    Read the failure, change what it depends on; let a hook deny the third equal call.

    ## Known misses
    A call whose input differs by a blank is another call. A failure that the tool does not flag (a program that
    prints its error and exits with 0) is no failure here. A change made by a shell command or by another agent is
    not seen: if one stands between the calls, the repetition may have been sensible.
    """
    calls = case.of(K.TOOL_CALL).filter(pl.col("text_sha").is_not_null() & ~pl.col("tool").is_in(POLLERS))
    if calls.is_empty():
        yield NotApplicable("no tool was called")
        return
    for run in _runs(case, calls, least):
        yield _hit(case, run, many)


def _runs(case: Case, calls: pl.DataFrame, least: int) -> Iterator[pl.DataFrame]:
    """Yield the failing calls of each run, in order."""
    waits = pl.col("command").str.contains(WAITS).fill_null(value=False)
    # what a shell command is said to be for is no part of it; one that was cut when it was read is not whole
    whole = pl.col("command").str.len_chars() < COMMAND_KEPT
    same = pl.when(whole).then("command").otherwise("text_sha")
    who = ("agent_id", "tool", "same")
    often = calls.filter(~waits).with_columns(same=same).filter(pl.len().over(*who) >= least)
    if often.is_empty():
        return
    answers = case.of(K.TOOL_RESULT).select(
        "correlation_id", answer="event_id", said="message", outcome="status"
    )
    told = often.join(
        answers.unique("correlation_id", keep="first", maintain_order=True),
        on="correlation_id",
        maintain_order="left",
    )
    failed = pl.col("outcome") == "error"
    # a success of the same call, or a file that the agent wrote, begins a new run
    spelled = _with_writes(case, told).with_columns(spell=(~failed).cum_sum().over(*who)).filter(failed)
    for run in spelled.partition_by(*who, "spell", "written", maintain_order=True):
        if run.height >= least:
            yield run


def _with_writes(case: Case, calls: pl.DataFrame) -> pl.DataFrame:
    """Add to each call how many files its agent had ``written`` before it."""
    done = case.of(K.TOOL_RESULT).filter(pl.col("status") == "ok").select("correlation_id", answer="event_id")
    writes = case.of(K.TOOL_CALL).filter(pl.col("tool").is_in(WRITE_TOOLS)).join(done, on="correlation_id")
    place = case.events.select("event_id").with_row_index("place")
    counted = (
        writes.select("agent_id", event_id="answer")
        .join(place, on="event_id")
        .sort("place")
        .select(
            pl.col("agent_id").fill_null(""), "place", written=pl.int_range(1, pl.len() + 1).over("agent_id")
        )
    )
    placed = calls.join(place, on="event_id", maintain_order="left").sort("place")
    return (
        placed.with_columns(who=pl.col("agent_id").fill_null(""))
        .join_asof(counted, on="place", by_left="who", by_right="agent_id", check_sortedness=False)
        .with_columns(pl.col("written").fill_null(0))
    )


def _hit(case: Case, run: pl.DataFrame, many: int) -> Hit:
    first, last = run.row(0, named=True), run.row(-1, named=True)
    tool, agent, times = first["tool"], first["agent_id"], run.height
    name = agent_name(case, agent)
    shown = run if times <= SHOWN else pl.concat([run.head(SHOWN // 2), run.tail(SHOWN // 2)])
    pairs = zip(shown["event_id"], shown["answer"], strict=True)
    cites = tuple(e for pair in pairs for e in pair if e is not None)
    what = first["command"] or first["path"] or tool
    text = f"{name} called {tool} {times} times with the same input, from {clock_time(first['ts'])} to "
    text += f"{clock_time(last['ts'])}; each call failed, and the agent wrote no file in between"
    failures = run["said"].str.head(WORDS).unique(maintain_order=True)
    one = "each time" if failures.len() == 1 else f"in {failures.len()} wordings, the last"
    told = (last["answer"],)
    return Hit(
        subject=f"{tool}|{what}",
        apart=f"written {first['written']}",
        message=f"{name} made the same failing {tool} call {times} times",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in cites),
        facts={"tool": tool, "times": times, "agent": agent or "main", "wordings": failures.len()},
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, cites),
            Statement(Slot.WHY, Claim.OBSERVED, f"The failure said, {one}: “{failures[-1].strip()}”", told),
        ),
        severity=Severity.MEDIUM if times >= many else Severity.LOW,
        agent_id=agent,
    )

"""CCF406: nothing was written for long while a turn was open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import MACHINE_LOG
from forensics.schema import EventKind as K
from forensics.schema import Source, is_from
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    FactValue,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.model.case import Case
from forensics.session.model.names import agent_name, log_of
from forensics.session.turns.open_turns import Wait, WaitsFor, waits_during, waits_of
from forensics.session.turns.silences import Silence, silences_of
from forensics.table.order import ONE_WRITER, clock_steps
from forensics.text.clock_time import clock_time
from forensics.text.durations import duration

GOING = (WaitsFor.MODEL, WaitsFor.CALL)

GUIDANCE = Guidance(
    contract="While a turn is open, some source tells every few minutes that the session is alive.",
    immediate=(
        "Look for what the machine did in that time: suspend, a full disk, a lost network; its system log tells",
    ),
    this_week=(
        "Run with --debug: the client's own log shows requests, retries and stalls that a transcript leaves out",
        "Put a time limit around unattended runs, so that a hang ends by itself",
    ),
    avoid="Read a silence as work, or as a death",
    instead="Name it as a silence, and look for a source that was writing meanwhile",
    before=("Keep the machine awake while an agent works unattended",),
    during=("Look at a session that has shown nothing for five minutes",),
    after=("Supply the debug log and the MCP logs of that time as well",),
    metric="No open turn was silent for five minutes, and no clock went back",
)


@rule(
    code="CCF406",
    topic="4.5",
    name="silent-gap",
    title="Silence inside an open turn",
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    any_of=frozenset({Source.TRANSCRIPT, Source.ATIF, *ONE_WRITER}),
    guidance=GUIDANCE,
    related=("CCF901", "CCF405"),
)
def silent_gap(case: Case, *, least_s: float = 300.0) -> Iterator[Said]:
    """Find silences of all sources while an agent was at work, and clocks that go back.

    ## What it detects
    No record from any source for more than ``least_s`` seconds (300) while an agent's turn was open: it had been
    asked and the model had not answered, or it had made a call that nobody has to allow, and its record goes on
    behind the silence. The same between the last record of an open turn and a later record of another source,
    unless that begins a new run. Agents at work count: their records end a silence; where they have none, only the
    client's own log can tell, and without it nothing is said. Also a clock that goes back by more than a second
    inside one log and stays there.

    ## Why it matters
    What happened in that time is not known. A conclusion about the end that skips it (a death "after" the last
    error) may be wrong by minutes.

    ## How to fix
    Supply the sources that wrote meanwhile; keep a debug log of unattended runs.

    ## Known misses
    A call that a person may have to allow (Bash, Write, an MCP tool) is never judged: transcripts do not tell a
    permission wait from a slow tool. A machine that slept looks like a hang. The time between a finished turn and
    the next prompt is the user's, and no gap. Records without times (streams) cannot show a silence.
    """
    yield from _clocks(case)
    if Source.TRANSCRIPT not in case.sources and Source.ATIF not in case.sources:
        yield Insufficient("whether a turn was open, only a transcript would tell")
        return
    if case.span[0] is None:
        yield Insufficient("the records carry no times")
        return
    silences = silences_of(case, least_s)
    if not silences:
        return
    waits = list(waits_of(case, timedelta(seconds=least_s)))
    if case.of(K.USER_PROMPT, K.TOOL_CALL, K.ASSISTANT_MESSAGE).is_empty():
        yield NotApplicable("no turn is in the evidence")
        return
    undecided = 0
    for silence in silences:
        told = _told(case, silence, waits_during(case, silence, waits))
        if told:
            yield _hit(case, silence, told)
        elif told is None:
            undecided += 1
    if undecided:
        yield Insufficient(
            f"{undecided} silences lie inside calls of agents that left no records, and the client's log of that "
            "time is not here"
        )


def _told(case: Case, silence: Silence, meanwhile: Sequence[Wait]) -> list[Wait] | None:
    """Return the waits that nobody could end by answering; null where the evidence does not decide."""
    going = [w for w in meanwhile if w.what in GOING]
    waiting = [w for w in meanwhile if w.what is WaitsFor.AGENTS]
    if going or not waiting:
        return going
    if any(w.what is WaitsFor.OTHERS for w in meanwhile):
        return []
    return waiting if _is_logged(case, silence) else None


def _is_logged(case: Case, silence: Silence) -> bool:
    """Say whether the client's own log has records on both sides of a silence."""
    log = case.events.filter(is_from((Source.CLAUDE_DEBUG,)))["ts"]
    return bool((log <= silence.since).any() and (log >= silence.until).any())


def _hit(case: Case, silence: Silence, waits: Sequence[Wait]) -> Hit:
    seconds = round(silence.seconds, 3)
    who = " and ".join(agent_name(case, w.agent_id) for w in waits[:3])
    what = waits[0].what
    around = (silence.since_event, silence.until_event)
    opened = tuple(dict.fromkeys(e for w in waits for e in w.events))
    span = f"Between {clock_time(silence.since)} and {clock_time(silence.until)}"
    text = f"{span} no source has a record: {duration(seconds, digits=0)}"
    tools: list[FactValue] = list(dict.fromkeys(t for w in waits for t in w.tools))
    doing = f"{who} waited for {what}" + (f" ({', '.join(map(str, tools))})" if tools else "")
    settled_by = (
        f"{MACHINE_LOG}: a suspend, a resume or an interface that went down between {clock_time(silence.since)} and "
        f"{clock_time(silence.until)}; without any of these, the client and what it waited for are left"
    )
    return Hit(
        subject=f"{what}|{'|'.join(map(str, tools))}",
        apart="|".join(_asked(case, opened)),
        message=f"No source has a record for {duration(seconds, digits=0)} while {who} waited for {what}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys((*around, *opened))),
        facts={
            "from": silence.since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "to": silence.until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "seconds": seconds,
            "waited_for": what.value,
            "open": tools,
            "at_end": waits[0].until is None,
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, around),
            Statement(Slot.WHY, Claim.DERIVED, doing, opened),
            question("Was the machine suspended, the network gone, or the client hung?", settled_by, around),
        ),
        agent_id=waits[0].agent_id,
    )


def _asked(case: Case, events: Sequence[int]) -> Iterator[str]:
    """Yield the digests of what the open calls were asked to do."""
    asked = case.events.filter(pl.col("event_id").is_in(list(events)))["text_sha"]
    yield from asked.drop_nulls()


def _clocks(case: Case) -> Iterator[Hit]:
    """Yield one hit for each log whose clock was set back."""
    whole = case.events.filter(~pl.col("file").is_in(list(case.sifted)))
    steps = clock_steps(whole, case.excerpts).filter(~pl.col("is_late"))
    for part in steps.partition_by("file", maintain_order=True):
        first = part.row(0, named=True)
        most = part["step"].max().total_seconds()  # type: ignore[union-attr]
        times = "once" if part.height == 1 else f"{part.height} times"
        cites = (first["above_id"], first["event_id"])
        text = f"The clock of this log goes back {times}, by up to {duration(most)}, and goes on from there"
        yield Hit(
            subject=f"clock set back|{case.event(first['event_id'])['source']}",
            apart=log_of(case, first["file"]),
            message=f"The clock of a log goes back {times}, by up to {duration(most)}",
            claim=Claim.DERIVED,
            cites=tuple(Cite(e) for e in cites),
            facts={"seconds": -round(most, 3), "times": part.height, "waited_for": None},
            statements=(Statement(Slot.HAPPENED, Claim.DERIVED, text, cites),),
        )

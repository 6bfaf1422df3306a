"""CCF406: nothing was written for long while a turn was open. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.rulekit.names import agent_name, clock_time, log_of
from forensics.rulekit.whereabouts import MACHINE_LOG
from forensics.session.turns.open_turns import Wait
from forensics.session.turns.silent_turns import SilentTurn, has_turns, silent_turns
from forensics.session.turns.steps_back import StepsBack, clocks_set_back
from forensics.table.order import ONE_WRITER
from forensics.text.clock_time import format_utc
from forensics.text.durations import duration

NAMED = 3  # agents that are named where more of them waited
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF406",
    topic="4.5",
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    any_of=frozenset({Source.TRANSCRIPT, Source.ATIF, *ONE_WRITER}),
    reads=("turns",),
    related=("CCF901", "CCF405"),
)
def silent_gap(case: Case, *, least_s: float = 300.0) -> Iterator[Said]:
    """Find silences of all sources while an agent was at work, and clocks that go back."""
    yield from (_clock(case, steps) for steps in clocks_set_back(case))
    if Source.TRANSCRIPT not in case.sources and Source.ATIF not in case.sources:
        yield TEXT.insufficient("no-transcript")
        return
    if case.span[0] is None:
        yield TEXT.insufficient("no-times")
        return
    found = list(silent_turns(case, least_s))
    if found and not has_turns(case):
        yield TEXT.not_applicable("no-turn")
        return
    yield from (_hit(case, silent, silent.waits) for silent in found if silent.waits)
    undecided = sum(silent.waits is None for silent in found)
    if undecided:
        yield TEXT.insufficient("undecided", undecided=undecided)


def _hit(case: Case, silent: SilentTurn, waits: Sequence[Wait]) -> Hit:
    silence, tools, what = silent.silence, silent.tools, waits[0].what
    seconds = round(silence.seconds, 3)
    say = TEXT.saying(
        who=" and ".join(agent_name(case, w.agent_id) for w in waits[:NAMED]),
        what=what,
        tools=", ".join(tools),
        length=duration(seconds, digits=0),
        since=clock_time(silence.since),
        until=clock_time(silence.until),
        machine_log=MACHINE_LOG,
    )
    return say.hit(
        "silent",
        subject=f"{what}|{'|'.join(tools)}",
        apart="|".join(silent.asked(case)),
        agent_id=waits[0].agent_id,
        facts={
            "from": format_utc(silence.since),
            "to": format_utc(silence.until),
            "seconds": seconds,
            "waited_for": what.value,
            "open": [*tools],
            "at_end": waits[0].until is None,
        },
        cites=(*silent.around, *silent.opened),
        statements=(
            say.sentence("no-record", *silent.around),
            say.sentence("waited-inside" if tools else "waited", *silent.opened),
            say.sentence("machine", *silent.around),
        ),
    )


def _clock(case: Case, steps: StepsBack) -> Hit:
    """Make one finding of a log whose clock was set back."""
    say, is_one = TEXT.saying(times=steps.times, most=duration(steps.most_s)), steps.times == 1
    return say.hit(
        "clock-once" if is_one else "clock-often",
        subject=f"clock set back|{steps.source}",
        apart=log_of(case, steps.file),
        facts={"seconds": -round(steps.most_s, 3), "times": steps.times, "waited_for": None},
        cites=steps.events,
        statements=(say.sentence("goes-on-once" if is_one else "goes-on", *steps.events),),
    )

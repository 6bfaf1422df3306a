"""CCF405: a record stops inside a tool call. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import agent_name, clock_time
from forensics.rulekit.whereabouts import WORKING_TREE, around
from forensics.schema import CALLS, Row
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.work.possible_writes import writes_behind
from forensics.session.work.unanswered_calls import (
    Unanswered,
    answers_cut_off,
    in_short,
    unanswered_calls,
    unanswered_in_log,
)

SHOWN = 10  # calls of one agent that are named
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF405",
    topic="4.5",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.TRANSCRIPT, Source.CLAUDE_DEBUG}),
    reads=("tools",),
    related=("CCF403", "CCF901"),
)
def unanswered_tool_call(case: Case, *, recent_s: float = 600.0) -> Iterator[Said]:
    """Find the tool calls inside which an agent's record stops."""
    if case.of(*CALLS, K.TOOL_DISPATCH).is_empty():
        yield TEXT.not_applicable("no-calls")
        return
    recent = timedelta(seconds=recent_s)
    yield from (_hit(case, found) for found in unanswered_calls(case, recent))
    logged = unanswered_in_log(case, recent)
    if logged is not None:
        yield _hit_in_log(case, logged)
    if Source.TRANSCRIPT not in case.sources and case.of(K.TOOL_DONE).is_empty():
        yield TEXT.insufficient("no-ends")
    if cut_off := answers_cut_off(case):
        yield TEXT.insufficient("cut-off", calls=cut_off)


def _hit(case: Case, found: Unanswered) -> Hit:
    agent, who = found.agent_id, agent_name(case, found.agent_id)
    say = TEXT.saying(who=who, tools=", ".join(found.tools_once), calls=len(found.calls))
    return say.hit(
        "ends-inside-one" if len(found.calls) == 1 else "ends-inside",
        subject=f"{who if agent is None else who.removeprefix('agent ')}|{'|'.join(sorted(found.tools))}",
        agent_id=agent,
        severity=Severity.NOTE if found.may_still_run or found.is_run_elsewhere else Severity.LOW,
        facts={"agent": agent or "main", **found.facts},
        cites=found.first(SHOWN).events,
        statements=_statements(say, found),
        contract_held=None if found.may_still_run else False,
    )


def _statements(say: Saying, found: Unanswered) -> Iterator[Statement]:
    shown, changing = found.first(SHOWN), found.changing
    for call in shown.calls:
        is_dated = call["ts"] is not None
        say = say.also(call=in_short(call), at=clock_time(call["ts"]))
        yield say.sentence("called-at" if is_dated else "called", call["event_id"])
    if found.may_still_run:
        yield say.sentence("no-end", *shown.events)
    if changing.calls:
        say = say.also(tools=", ".join(changing.tools_once), calls=len(changing.calls))
        yield say.sentence("one-not-known" if len(changing.calls) == 1 else "not-known", *shown.events)
        yield say.sentence("took-effect", *shown.events, traces=_traces(shown.changing.calls))


def _traces(calls: Sequence[Row]) -> str:
    """Name what shows whether calls took effect."""
    return "; ".join(dict.fromkeys(_trace(call) for call in calls))


def _trace(call: Row) -> str:
    tool, when = str(call["tool"]), around(call["ts"])
    if tool in WRITE_TOOLS:
        return TEXT.part("trace-of-write", tool=tool, path=call["path"] or TEXT.part("some-file"))
    if tool == "Bash":
        return TEXT.part("trace-of-command", working_tree=WORKING_TREE, when=when)
    if tool.startswith("mcp__"):
        return TEXT.part("trace-of-server", server=tool.split("__")[1], when=when)
    return TEXT.part("trace-of-other", tool=tool, when=when)


def _hit_in_log(case: Case, found: Unanswered) -> Hit:
    call = found.calls[0]
    say = TEXT.saying(tool=call["tool"], at=clock_time(found.since), traces=_traces([call]))
    return say.hit(
        "log-ends-inside",
        subject=f"client log|{call['tool']}",
        severity=Severity.NOTE if found.may_still_run else Severity.LOW,
        confidence=Confidence.LOW,
        facts={"agent": None, **found.facts},
        cites=(call["event_id"], case.ending.last_event),
        statements=(
            say.sentence("began" if found.since is None else "began-at", call["event_id"]),
            say.sentence("in-log-only", call["event_id"]),
            *(
                say.sentence("whose-write", *file.lines, path=file.name, agent=file.agent.name)
                for file in writes_behind(case, call)
            ),
            say.sentence("took-effect", call["event_id"]),
        ),
        contract_held=None if found.may_still_run else False,
    )

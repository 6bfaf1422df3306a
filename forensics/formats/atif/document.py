"""ATIF trajectories (Harbor): one JSON document for a run, or one in each line.

A trajectory is a transcript in other clothes: its events have the transcript's source, so that rules ask for either
in one way. A document that is cut off is read up to the step in which it ends. Only the trajectories of Claude Code
carry its meanings; of another agent's, calls are calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

import msgspec
import polars as pl

from forensics.evidence.account import Damage, Reason
from forensics.evidence.file import Evidence
from forensics.formats.atif.trajectory import (
    CLAUDE_CODE,
    NOBODY,
    Agent,
    AgentExtra,
    Step,
    StepExtra,
    agents_of,
    answered,
    answered_at,
    called,
    said,
    shapes_of,
)
from forensics.formats.base import Parsed
from forensics.formats.claude.conversation import Conversation
from forensics.formats.claude.records import Record
from forensics.formats.jsonl import TORN, UNDECODABLE, UNEXPECTED, LineNumbers, Members, decoded, mend
from forensics.formats.reading import finish, problems_by_line, rows
from forensics.formats.shapes import Tally, known
from forensics.privacy.redact import cut
from forensics.schema import EVENTS, SPAWNS, TODOS, EventKind, Row, Source, TsQuality

VERSION = re.compile(rb'^\s*\{(?s:.*?)(?<!\\)"schema_version"\s*:\s*"ATIF-v')
WHO_KEPT = 200
DEEPEST = 16  # deeper than agents of agents go
TOO_DEEP = Reason("a trajectory that is embedded in too many others", Damage.NONE)
NO_STEPS = Reason("not a trajectory: it has no steps", Damage.NONE)
NO_DOCUMENT = Reason("text that is no trajectory", Damage.NONE)
# where a document is cut off inside of these, they are read as far as they go
NESTED = ("steps", "subagent_trajectories")
MEANINGS = (EventKind.AGENT_SPAWN, EventKind.TODO_SNAPSHOT, EventKind.TASK_CREATE, EventKind.TASK_UPDATE)

Places = dict[str, tuple[int, int]]  # key: where its value begins and ends


class Atif:
    """The parser of one file of trajectories."""

    source = Source.ATIF

    def sniff(self, place: str, head: bytes) -> bool:  # noqa: ARG002 - the content tells
        """Recognise a trajectory by the version of its schema."""
        return VERSION.search(head) is not None

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the documents in order, each as far as it is whole."""
        data, total = evidence.document()
        file = _File(mend(data).decode(), total)
        at, runs = file.next_document(0), count(1)
        while at is not None:
            # runs that name no session are several, where a file holds several
            name = f"log:{evidence.digest}" if (n := next(runs)) == 1 else f"log:{evidence.digest}-{n}"
            at = file.next_document(file.read(at, _Run(session=name)))
        heads = finish([rows(file.heads, EVENTS)], self.source, [], total).events
        # a trajectory is a transcript in other clothes: rules ask for either in one way
        parsed = finish(
            [rows(file.reader.events, EVENTS)],
            Source.TRANSCRIPT,
            problems_by_line(file.bad),
            total,
            todos=[rows(file.reader.todos, TODOS)],
            spawns=[rows(file.reader.spawns, SPAWNS)],
            tally=file.tally,
        )
        return replace(parsed, events=pl.concat([parsed.events, heads]).sort("line", "ordinal"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What the steps of one trajectory share."""

    session: str
    agent: str | None = None  # of an embedded trajectory: whose it is
    depth: int = 0  # how many trajectories it is embedded in
    name: str = ""  # tells its turns from another's
    schema: str = "?"
    who: str = "?"
    is_claude: bool = False
    version: str | None = None
    cwd: str | None = None


class _File:
    """One file's text and what was read of it."""

    def __init__(self, text: str, total: int) -> None:
        self.reader = Conversation(internal_agents=False)
        self.tally = Tally(known("atif").shapes)
        self.heads: list[Row] = []  # what only a trajectory says: that it is one, and whose
        self.bad: dict[int, Reason] = {}
        self._text = text
        self._total = total
        self._numbers = LineNumbers(text, total)
        self._ordinals: dict[int, int] = {}
        self._calls: dict[tuple[str, str], str] = {}  # the turn in which a call's id was used first

    def next_document(self, at: int) -> int | None:
        """Return where the next document begins; what stands there instead is no trajectory."""
        rest = self._text[at : at + 1] if at < len(self._text) else ""
        while rest.isspace():
            at += 1
            rest = self._text[at : at + 1]
        if rest == "{":
            return at
        if rest:
            self._spoil(self._line(at), self._total, NO_DOCUMENT)
        return None

    def read(self, at: int, outer: _Run) -> int:
        """Read the trajectory that begins at ``at``, and return the place behind it."""
        members = Members(self._text, at)
        places = {key or "": (begin, end) for key, begin, end in members}
        if members.torn is not None:
            if members.key in NESTED and self._is_list(members.torn_value):
                places[members.key] = (members.torn_value, len(self._text))
            else:
                self._cut(members.torn)
        end = len(self._text) if members.torn is not None else members.end
        if "steps" not in places or not self._is_list(places["steps"][0]):
            self._spoil(self._line(at), self._line(end - 1), NO_STEPS)
            return end
        run = self._run(places, outer)
        self._head(run, self._line(places.get("schema_version", (at, end))[0]))
        self._steps(run, places["steps"])
        for begin, last in self._items(places.get("subagent_trajectories"), descend=True):
            if run.depth < DEEPEST:
                self.read(begin, run)
            else:
                self._spoil(self._line(begin), self._line(last - 1), TOO_DEEP)
        return end

    def _run(self, places: Places, outer: _Run) -> _Run:
        session, name = (self._value(places, key) for key in ("session_id", "trajectory_id"))
        agent = decoded(self._slice(places.get("agent")), Agent)
        cwds = decoded(agent.extra, AgentExtra).cwds
        is_embedded = outer.name != ""
        return _Run(
            # an embedded trajectory is its parent's evidence, whatever run it names
            session=outer.session if is_embedded else session or name or outer.session,
            depth=outer.depth + is_embedded,
            agent=name or NOBODY if is_embedded else None,
            name=name or session or outer.session,
            schema=self._value(places, "schema_version") or "?",
            who=f"{agent.name} {agent.version or ''}".strip(),
            is_claude=agent.name == CLAUDE_CODE,
            version=agent.version,
            cwd=cwds[0] if len(cwds) == 1 else None,
        )

    def _steps(self, run: _Run, place: tuple[int, int]) -> None:
        steps: list[tuple[int, Step]] = []
        for begin, end in self._items(place):
            try:
                step = msgspec.json.decode(self._text[begin:end].encode(), type=Step, strict=False)
            except UNDECODABLE:
                self._spoil(self._line(begin), self._line(end - 1), UNEXPECTED)
            else:
                steps.append((begin, step))
        bare = [step for _, step in steps]
        agents = agents_of(bare, run.agent)
        times = answered_at(bare, agents)
        for number, (begin, step) in enumerate(steps, 1):
            self._step(run, number, step, begin, (agents[number - 1], times[number - 1]))

    def _step(
        self, run: _Run, number: int, step: Step, at: int, told: tuple[str | None, datetime | None]
    ) -> None:
        """Add the events of a step: its words, its calls and their results, each at its own line."""
        agent, by = told
        line, turn = self._line(at), f"{run.name}:{number}"
        self.tally.see(line, [run.schema, *shapes_of(step)])
        base = Record(
            session_id=run.session,
            agent_id=agent,
            timestamp=step.timestamp,
            version=run.version if run.is_claude else None,
            cwd=decoded(step.extra, StepExtra).cwd or run.cwd,
        )
        if step.is_copied_context:
            self._add(run, line, msgspec.structs.replace(base, type="copied step"))
            return
        places = {key or "": (begin, end) for key, begin, end in Members(self._text, at)}
        words = self._line(places["message"][0]) if "message" in places else line
        self._add(run, words, said(step, turn, base))
        for call, (begin, _) in zip(
            step.tool_calls or (), self._items(places.get("tool_calls")), strict=True
        ):
            self._add(run, self._line(begin), called(call, turn, base), turn)
        if step.observation is None:
            return
        within = {
            key or "": (begin, end) for key, begin, end in Members(self._text, places["observation"][0])
        }
        for result, (begin, _) in zip(
            step.observation.results, self._items(within.get("results")), strict=True
        ):
            self._add(run, self._line(begin), answered(result, step, by, base), turn, TsQuality.INFERRED)

    def _call_id(self, run: _Run, name: str, turn: str) -> str:
        """Tell calls apart that share an id: other agents count theirs anew in each step."""
        return name if self._calls.setdefault((run.session, name), turn) == turn else f"{name} of {turn}"

    def _add(
        self, run: _Run, line: int, record: Record, turn: str = "", quality: TsQuality | None = None
    ) -> None:
        """Add a record's events, and take from them what a trajectory does not tell."""
        events, before = self.reader.events, len(self.reader.events)
        lists, spawns = len(self.reader.todos), len(self.reader.spawns)
        self.reader.read(line, record, self._ordinals.get(line, 0))
        for event in events[before:]:
            event["record_id"] = None
            if event.get("correlation_id") and not run.is_claude:
                event["correlation_id"] = self._call_id(run, event["correlation_id"], turn)
            if quality is not None and event["ts"] is not None:
                event["ts_quality"] = quality.value
            if record.agent_id == NOBODY:
                event["text_sha"] = None
            if not run.is_claude:
                _make_plain(event)
        if not run.is_claude:
            del self.reader.todos[lists:], self.reader.spawns[spawns:]
        self._ordinals[line] = self._ordinals.get(line, 0) + len(events) - before

    def _head(self, run: _Run, line: int) -> None:
        ordinal = self._ordinals.get(line, 0)
        self._ordinals[line] = ordinal + 1
        head = {
            "line": line,
            "ordinal": ordinal,
            "session_id": run.session,
            "agent_id": run.agent,
            "ts_quality": TsQuality.MISSING.value,
            "kind": EventKind.OTHER.value,
            "status": run.schema,
            "message": cut(f"{run.schema} trajectory of {run.who}", WHO_KEPT),
        }
        self.heads.append(head)

    def _items(self, place: tuple[int, int] | None, *, descend: bool = False) -> list[tuple[int, int]]:
        """Return where the members of an array stand; with ``descend``, one that is cut off, too."""
        if place is None or not self._is_list(place[0]):
            return []
        members = Members(self._text, place[0])
        found = [(begin, end) for _, begin, end in members]
        if members.torn is None:
            return found
        if descend and self._text[members.torn : members.torn + 1] == "{":
            return [*found, (members.torn, len(self._text))]
        self._cut(members.torn)
        return found

    def _is_list(self, at: int) -> bool:
        return self._text.startswith("[", at)

    def _value(self, places: Places, key: str) -> str | None:
        return decoded(self._slice(places.get(key)), str) or None

    def _slice(self, place: tuple[int, int] | None) -> bytes:
        return b"" if place is None else self._text[place[0] : place[1]].encode()

    def _line(self, at: int) -> int:
        return self._numbers.line_of_member(self._text, at)

    def _cut(self, at: int) -> None:
        self._spoil(self._line(at), self._total, TORN)

    def _spoil(self, first: int, last: int, reason: Reason) -> None:
        for line in range(first, last + 1):
            self.bad.setdefault(line, reason)


def _make_plain(event: Row) -> None:
    """Take away what only a tool of Claude Code means: another agent's tool may share its name."""
    if event["kind"] in MEANINGS:
        event |= {"kind": EventKind.TOOL_CALL.value, "message": f"{event['tool']} called", "count": None}
    if event["kind"] == EventKind.TOOL_CALL:
        event |= {"path": None, "component": None, "text_sha": None, "status": None}
    if event["kind"] == EventKind.TOOL_RESULT:
        event["status"] = None

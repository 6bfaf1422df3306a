"""The files that an agent without a result may have written: its brief names one that is written by nobody's record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from forensics.schema import Row
from forensics.session.agents.overlap import horizon
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case, per_case
from forensics.session.model.files import WRITE_TOOLS
from forensics.session.work.open_work import agents_out, unexplained_writes

# what may be a file's name in a brief, with its folders or without; a sentence's last dot is none of it
WORD = re.compile(r"[\w.~@+-]+(?:[\\/][\w.~@+-]+)*")


@dataclass(frozen=True, slots=True)
class PossibleWrite:
    """A file that a brief names and that the client's log shows written, while its agent was out."""

    agent: AgentLife
    path: str
    brief: int  # the record of the spawn
    write: int  # the last record of the write
    at: datetime

    @property
    def name(self) -> str:
        """Return the file's name without its folders."""
        return self.path.rpartition("/")[2]

    @property
    def lines(self) -> tuple[int, int]:
        """Return the two records that it rests on: the brief and the write."""
        return self.brief, self.write


@per_case
def possible_writes(case: Case) -> tuple[PossibleWrite, ...]:
    """Return them for all agents without a result, in order of their briefs. Whether it was so, no record tells."""
    called = {access.path for access in case.file_accesses if access.tool in WRITE_TOOLS}
    written = {path: event for path, event in unexplained_writes(case).items() if path not in called}
    return tuple(found for agent in agents_out(case) for found in _of(case, agent, written))


def writes_behind(case: Case, call: Row) -> list[PossibleWrite]:
    """Return those behind a call of a write tool that the client's log leaves open: the call may be an agent's."""
    if call["tool"] not in WRITE_TOOLS:
        return []
    begun = (call["file"], call["line"])
    rows = [(file, case.event(file.write)) for file in possible_writes(case)]
    return [file for file, row in rows if row["file"] == begun[0] and row["line"] > begun[1]]


def _of(case: Case, agent: AgentLife, written: dict[str, int]) -> Iterator[PossibleWrite]:
    if agent.spawn_event is None or agent.start is None:
        return
    named = [word.rstrip(".").replace("\\", "/") for word in WORD.findall(agent.prompt)]
    until = agent.alive_until(horizon(case))
    for path, event in written.items():
        at = case.event(event)["ts"]
        if at is not None and agent.start <= at <= until and any(_is_named(path, word) for word in named):
            yield PossibleWrite(agent, path, agent.spawn_event, event, at)


def _is_named(path: str, word: str) -> bool:
    """Say whether a word of a brief is this file: a plain word without a dot or a capital may be any word."""
    plain = word.removeprefix("./").lstrip("~/")
    is_a_name = any(mark in word for mark in "./") or not word.islower()
    return bool(plain) and is_a_name and (path == word or path.endswith(f"/{plain}"))

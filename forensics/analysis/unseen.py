"""What of a session's logs a rule has not seen, though it reads such records: then it cannot say that all is clear.

Said once for all rules: a rule only declares which sources and which families of records it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forensics.evidence.account import Damage, InputFile
from forensics.rulekit.rule import Rule
from forensics.schema import ANSWERS, CALLS, EventKind, Source
from forensics.session.agents.counted import run_counts, untold_ends
from forensics.session.model.case import Case
from forensics.text.numbers import counted

NAMED = 2  # places that one reason names
PRINTED = {Source.TRANSCRIPT, Source.STREAM_JSON, Source.CONSOLE}  # what a headless run may have printed
HAPPENED = (EventKind.SESSION_START, EventKind.USER_PROMPT, EventKind.ASSISTANT_MESSAGE, *CALLS, *ANSWERS)


@dataclass(frozen=True, slots=True)
class Unseen:
    """The accounts of one session's files, each with the sources that the session's records in it are of."""

    files: tuple[tuple[InputFile, frozenset[Source]], ...]
    only_the_end: str = ""  # where it stands how the run ended, if nothing of what happened in it is there
    counted_ends: str = ""  # what a run's result counts of its agents' ends and no record tells
    counted_agents: str = ""  # the same of agents

    def untold_to(self, rule: Rule) -> str | None:
        """Return why a rule saw nothing, or not all, of what it reads: a result tells the end, and counts agents."""
        if self.only_the_end and not rule.reads <= {"ending"}:
            place = self.only_the_end
            return f"{place} tells how the run ended, and not what happened in it; its transcript would tell"
        return self.counted_ends if self.counted_ends and "agents" in rule.reads else None

    def denies_absence_to(self, rule: Rule) -> str | None:
        """Return why a rule may not say that there was nothing to judge: a result counts what no record tells."""
        return self.counted_agents if self.counted_agents and "agents" in rule.reads else None

    def reason_for(self, rule: Rule) -> str | None:
        """Return what a rule has not understood, at which lines; null where it has seen everything that it reads."""
        read = [file for file, sources in self.files if rule.any_of & sources]
        told = [words for file in read for words in (*_lines(file), *_records(file, rule))]
        more = f", and {len(told) - NAMED} more" if len(told) > NAMED else ""
        return f"not understood: {', '.join(told[:NAMED])}{more}" if told else None


def unseen_of(case: Case, accounts: Mapping[int, InputFile]) -> Unseen:
    """Return what was not understood of a session, by the files that hold its records."""
    held: dict[int, set[Source]] = {}
    for file, source in case.events.select("file", "source").unique().sort("file", "source").iter_rows():
        held.setdefault(file, set()).add(Source(source))
    files = tuple((accounts[file], frozenset(sources)) for file, sources in held.items())
    return Unseen(
        files, _only_the_end(case, accounts), _counted_ends(case, accounts), _counted_agents(case, accounts)
    )


def _counted_ends(case: Case, accounts: Mapping[int, InputFile]) -> str:
    """Say what results count of agents that failed or were killed where no record tells which, nor how."""
    untold = untold_ends(case)
    if untold is None:
        return ""
    where = _place(case, accounts, untold.events[-1])
    told = "that end of one of them" if untold.agents == 1 else f"those ends of {untold.agents} of them"
    return f"the run's result counts agents that did not complete: {untold.words} ({where}); no record tells {told}"


def _counted_agents(case: Case, accounts: Mapping[int, InputFile]) -> str:
    """Say how many agents results count where records tell of fewer."""
    counts = run_counts(case)
    total, known = sum(run.spawned for run in counts), len(case.agents)
    if total <= known:
        return ""
    where = _place(case, accounts, counts[-1].event)
    return (
        f"the run's result counts {counted(total, 'agent')} ({where}), and records tell of {known or 'none'}"
    )


def _place(case: Case, accounts: Mapping[int, InputFile], event: int) -> str:
    row = case.event(event)
    return f"{accounts[row['file']].evidence.name}:{row['line']}"


def _only_the_end(case: Case, accounts: Mapping[int, InputFile]) -> str:
    """Return the place of a result that stands alone, as ``--output-format json`` and text print it; else nothing."""
    results = case.of(EventKind.RESULT)
    if results.is_empty() or not case.sources <= PRINTED or not case.of(*HAPPENED).is_empty():
        return ""
    file, line = results.row(0, named=True)["file"], results["line"][0]
    return f"{accounts[file].evidence.name}:{line}"


def _lines(file: InputFile) -> Iterator[str]:
    """Tell of damaged lines, and of lines beside the records that read as ours."""
    damaged = [p for p in file.problems if p.reason.damage is not Damage.NONE]
    if damaged:
        lines = counted(sum(p.count for p in damaged), "line")
        yield f"{lines}, {damaged[0].reason} ({file.evidence.name}:{damaged[0].line})"
    elif file.missed is not None:
        lost = file.missed
        yield f"{counted(lost.count, 'line')}, {lost.likeness} ({file.evidence.name}:{lost.line})"


def _records(file: InputFile, rule: Rule) -> Iterator[str]:
    for shape in file.unknown:
        if rule.reads.intersection(shape.families):
            records = counted(shape.count, "record")
            yield f"{records} of unknown shape “{shape.text}” ({file.evidence.name}:{shape.line})"

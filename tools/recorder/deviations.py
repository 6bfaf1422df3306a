"""Where a recording is not what its scenario was meant to show: the client changed, or the scenario failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.recorder.request_log import Answered, Asked, Entry
from tools.recorder.requests import STRANGER
from tools.recorder.scenarios.model import Scenario, Start
from tools.recorder.truth import Ending

SHOWN = 60  # characters of an unknown request


def deviations_of(
    scenario: Scenario, labels: Mapping[str, Any], entries: Sequence[Entry], endings: Sequence[Ending]
) -> list[str]:
    """Return one sentence for each thing that is otherwise than intended."""
    return [
        *_of_requests(entries),
        *_of_conversations(scenario, entries),
        *_of_runs(scenario, labels, endings),
        *_of_labels(scenario, labels),
    ]


def _of_requests(entries: Sequence[Entry]) -> Iterator[str]:
    strangers = [e.text for e in entries if isinstance(e, Asked) and e.agent == STRANGER]
    if strangers:
        yield f"{len(strangers)} requests that no script knows, the first: {strangers[0][:SHOWN]!r}"
    lacking = {tool for e in entries if isinstance(e, Answered) for tool in e.lacking}
    if lacking:
        yield f"the client lacks {', '.join(sorted(lacking))}"


def _of_runs(scenario: Scenario, labels: Mapping[str, Any], endings: Sequence[Ending]) -> Iterator[str]:
    for number, (run, ending) in enumerate(zip(scenario.runs, endings, strict=True)):
        meant = "exit" if run.kill is None else run.kill.signal.name
        if ending.how != meant:
            yield f"run {number} ended by {ending.how}, not {meant}"
    if scenario.intent.finishes and labels["unfinished_agents"]:
        yield f"without a last answer: {', '.join(labels['unfinished_agents'])}"
    if scenario.intent.finishes and any(labels["exit_codes"]):
        yield f"exit codes {labels['exit_codes']}, where all should be 0"


def _of_conversations(scenario: Scenario, entries: Sequence[Entry]) -> Iterator[str]:
    """Look whether the runs that should go on with a session did: their requests then contain it."""
    names = {script.prompt: name for name, script in scenario.scripts.items()}
    for number, run in enumerate(scenario.runs):
        asked = [e for e in entries if isinstance(e, Asked) and e.agent == names.get(run.prompt)]
        if run.start is not Start.NEW and asked and not asked[0].earlier:
            yield f"run {number} began a new session, and was to go on with one ({run.start.value})"


def _of_labels(scenario: Scenario, labels: Mapping[str, Any]) -> Iterator[str]:
    intent = scenario.intent
    meant = {
        "spawns_total": intent.parallel_spawns + intent.sequential_spawns,
        "max_simultaneous_subagents": intent.parallel_spawns or min(1, intent.sequential_spawns),
        "max_in_progress_main": intent.max_in_progress,
        "max_in_progress": intent.max_in_progress,
        "same_file_written_by": set(intent.same_file),
        "compactions": intent.compactions,
        "api_faults": set(intent.api_faults),
    }
    for name, wanted in meant.items():
        found = set(labels[name]) if isinstance(wanted, set) else labels[name]
        if found != wanted:
            yield f"{name} is {_shown(found)}, meant was {_shown(wanted)}"


def _shown(value: object) -> str:
    return ", ".join(sorted(value)) or "none" if isinstance(value, set) else str(value)

"""Compares what the program finds in recordings with their truth, rule by rule."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.accuracy.expectations import of_client

CHECKOUT = Path(__file__).parents[2]
FORENSICS = (sys.executable, "-m", "forensics")
TIMEOUT_S = 300
FRAME = " │╭╮╰╯─"

ENDING = "ending"  # no rule: the verdict on how the session ended
CLEAN, UNKNOWN, ERROR_RESULT, INSUFFICIENT = "CLEAN", "UNKNOWN", "ERROR_RESULT", "insufficient"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question to one recording: what the truth says, and what the program says."""

    scenario: str
    rule: str
    expected: bool
    found: bool
    said: str = ""  # what the program says of itself where it found nothing
    open: bool = False  # it says that it cannot judge
    counted: bool = False  # the question is how many; what is expected is the right number

    @property
    def right(self) -> bool:
        """Say whether the program agrees with the truth."""
        return self.expected == self.found

    def sentence(self) -> str:
        """Say what is wrong, or not known."""
        wrong = "missing" if self.expected else "found wrongly"
        what = "left open" if self.right else "counted wrongly" if self.counted else wrong
        return f"{self.scenario}: {self.rule} {what}" + (f" ({self.said})" if self.said else "")


def judgements_of(truth: Mapping[str, Any], output: Mapping[str, Any]) -> Iterator[Judgement]:
    """Compare the truth of one recording with what ``check`` printed about it."""
    scenario, found = truth["scenario"], {finding["rule"] for finding in output["findings"]}
    for rule, expected in of_client(truth, scenario).items():
        outcomes = [o for o in output["outcomes"] if o["rule"] == rule]
        said = "; ".join(sorted({o["reason"] for o in outcomes if o["reason"]}))
        unsure = rule not in found and any(o["outcome"] == INSUFFICIENT for o in outcomes)
        yield Judgement(scenario, rule, expected, rule in found, said, open=unsure)
    yield from _counts(truth, output)
    yield _ending(truth, output)


def _counts(truth: Mapping[str, Any], output: Mapping[str, Any]) -> Iterator[Judgement]:
    """Compare numbers where the truth knows them: a rule may find the right thing for a wrong reason."""
    labels, findings = truth["labels"], output["findings"]
    agents = {a["agent_id"] for s in output["sessions"] for a in s["agents"]}
    yield _count(truth, "agents", {len(agents)}, {labels["spawns_total"]})
    todos = {f["facts"]["in_progress"] for f in findings if f["rule"] == "CCF102"}
    if todos:
        right = {labels["max_in_progress"], labels["max_in_progress_main"]}
        yield _count(truth, "CCF102 items", todos, right)
    orphans = sum(f["rule"] == "CCF403" for f in findings)
    if orphans:
        yield _count(truth, "CCF403 agents", {orphans}, {len(labels["orphaned_subagents"])})


def _count(truth: Mapping[str, Any], name: str, said: set[int], right: set[int]) -> Judgement:
    words = f"said {_shown(said)}, true is {_shown(right)}"
    found = bool(said & right)
    return Judgement(truth["scenario"], name, expected=True, found=found, said=words, counted=True)


def _shown(numbers: set[int]) -> str:
    return " or ".join(str(number) for number in sorted(numbers))


def _ending(truth: Mapping[str, Any], output: Mapping[str, Any]) -> Judgement:
    """Judge the verdict; an end that is not known is neither right nor wrong of a run that ended well."""
    labels = truth["labels"]
    abnormal = any(labels["exit_codes"]) or any(how.startswith("SIG") for how in labels["ended_by"])
    sessions = [s for s in output["sessions"] if s["session_id"] == truth["session_id"]]
    said = (
        "; ".join(f"{s['verdict']}: {s['proof']}" for s in sessions) or "the session is not among those found"
    )
    quiet = {CLEAN} if abnormal else {CLEAN, UNKNOWN}
    if not abnormal and not truth["scripted"].get("finishes", True):
        quiet.add(ERROR_RESULT)  # 2.0.24 exits with 0 where a run's turns are spent
    found = any(s["verdict"] not in quiet for s in sessions)
    if not sessions:
        found = not abnormal
    unsure = any(s["verdict"] == UNKNOWN for s in sessions)
    return Judgement(truth["scenario"], ENDING, abnormal, found, said, open=unsure)


def judge(folders: Sequence[Path]) -> tuple[list[Judgement], list[str]]:
    """Judge recordings; return the judgements, and a sentence for each that the program could not read."""
    judgements: list[Judgement] = []
    errors: list[str] = []
    for folder in folders:
        truth = json.loads((folder / "TRUTH.json").read_text(encoding="utf-8"))
        done = _run("check", "--format", "json", "--exit-zero", str(folder / "input"))
        if done.returncode:
            errors.append(f"{folder.name}: check ended with {done.returncode}: {_last_line(done.stderr)}")
            continue
        output = json.loads(done.stdout)
        judgements += judgements_of(truth, output)
        errors += [f"{folder.name}: {e['rule']} failed: {e['error']}" for e in output["errors"]]
        errors += [
            f"{folder.name}: {f['rule']} cites no line" for f in output["findings"] if not f["evidence"]
        ]
    return judgements, errors


def table(judgements: Sequence[Judgement]) -> str:
    """Return one line for each rule: how often it had to find something, and how often it did."""
    lines = [f"{'':14}{'expected':>9}{'found':>7}{'missing':>9}{'wrongly':>9}{'open':>6}{'recordings':>12}"]
    for rule in sorted({j.rule for j in judgements}):
        these = [j for j in judgements if j.rule == rule]
        expected, found = sum(j.expected for j in these), sum(j.found for j in these)
        missing = sum(j.expected and not j.found for j in these)
        wrongly = sum(j.found and not j.expected for j in these)
        unsure = sum(j.open for j in these)
        lines.append(f"{rule:14}{expected:9}{found:7}{missing:9}{wrongly:9}{unsure:6}{len(these):12}")
    return "\n".join(lines)


def doctor(folders: Sequence[Path]) -> str:
    """Return what ``doctor`` says about the recordings: the share understood, and the shapes that are unknown."""
    done = _run("doctor", *(str(folder) for folder in folders))
    if done.returncode:
        return f"{done.stdout}forensics doctor ended with {done.returncode}: {_last_line(done.stderr)}\n"
    return done.stdout


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FORENSICS, *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def _last_line(text: str) -> str:
    """Return the last line that says something; errors of the command line come in a frame."""
    lines = [line.strip(FRAME) for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "no message")

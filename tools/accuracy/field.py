"""Inputs from the field, each with what an expert reader concludes from it: which of them the program reads rightly.

A case holds ``EXPECT.toml`` with a ``[[run]]`` for each input that is judged by itself. What it says of severities,
verdicts, exit codes and of the report's words is checked here as the program prints it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.schema.finding import Severity

FORENSICS = (sys.executable, "-m", "forensics")
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class FieldRun:
    """One input, and what of it is read wrongly."""

    name: str
    wrong: tuple[str, ...]


def runs_of(folder: Path) -> Iterator[FieldRun]:
    """Judge every input below a folder."""
    for spec in sorted(folder.rglob("EXPECT.toml")):
        for run in tomllib.loads(spec.read_text(encoding="utf-8"))["run"]:
            where = run.get("in", "input")
            name = spec.parent.name + ("" if where == "input" else f" {where.removeprefix('input/')}")
            yield FieldRun(name, tuple(_wrong(spec.parent / where, run)))


def _wrong(path: Path, run: Mapping[str, Any]) -> Iterator[str]:
    done = _call("check", "--format", "json", str(path))
    if done.returncode not in run.get("exit", [done.returncode]):
        yield f"check ends with {done.returncode}"
    if done.stdout.startswith("{"):
        yield from _of_findings(json.loads(done.stdout), run)
    elif run.keys() - {"in", "exit", "never", "check_says"}:
        yield "nothing of it is read"
    if run.get("says") or run.get("never"):
        yield from _of_words(_call("report", str(path)).stdout, run.get("says", []), run.get("never", []))
    if run.get("check_says"):
        told = _call("check", str(path))
        yield from _of_words(told.stdout + told.stderr, run["check_says"], [])


def _of_findings(said: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[str]:
    worst: dict[str, int] = {}
    for finding in said["findings"]:
        worst[finding["rule"]] = max(worst.get(finding["rule"], 0), Severity(finding["severity"]).rank)
    yield from (f"{code} is missing" for code in run.get("fires", []) if code not in worst)
    yield from (f"{code} fires" for code in run.get("silent", []) if code in worst)
    for code, least in run.get("at_least", {}).items():
        if worst.get(code, -1) < Severity(least).rank:
            yield f"{code} is less than {least}"
    for code, most in run.get("at_most", {}).items():
        if worst.get(code, -1) > Severity(most).rank:
            yield f"{code} is more than {most}"
    verdicts = {session["verdict"] for session in said["sessions"]}
    if "verdict" in run and not (verdicts and verdicts <= set(run["verdict"])):
        yield f"the verdict is {' and '.join(sorted(verdicts)) or 'missing'}"
    if len(said["sessions"]) != run.get("sessions", len(said["sessions"])):
        yield f"{len(said['sessions'])} sessions are found"
    total, understood = (sum(i[key] for i in said["inputs"]) for key in ("lines_total", "lines_understood"))
    if total and understood / total < run.get("understood", 0):
        yield "too few lines are understood"


def _of_words(text: str, says: list[str], never: list[str]) -> Iterator[str]:
    plain = " ".join(text.split()).replace("\\", "")
    yield from (f"/{words}/ is not said" for words in says if not re.search(words, plain, re.IGNORECASE))
    yield from (f"/{words}/ is said" for words in never if re.search(words, plain, re.IGNORECASE))


def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FORENSICS, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )

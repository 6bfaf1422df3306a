"""Mermaid text against the grammar that we mean to write, and against Mermaid's own parser where there is one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.places import CHECKOUT

BLOCK = re.compile(r"^```mermaid\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
TEXT = r"[^\s:;,#&$\\`\"<>{}\x00-\x1f\x7f][^:;,#&$\\`\"<>{}\n\x00-\x1f\x7f]*"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}"
HEAD = re.compile(
    r'%%\{init: \{"gantt": \{("\w+": \d+(, )?)+\}\}\}%%\ngantt\n'
    rf"    title {TEXT}\n    dateFormat YYYY-MM-DDTHH:mm:ss\.SSS\n    axisFormat [%HMSmd: -]+\n    todayMarker off\n"
)
SECTION = re.compile(rf"    section ({TEXT})")
TASK = re.compile(rf"    ({TEXT}) :((?:(?:crit|done|active|milestone), )*)(t\d+), ({TIME}), ({TIME})")
KEYWORDS = re.compile(
    r"(?i)section|title|click|call|href|axisFormat|dateFormat|includes|excludes|inclusiveEndDates|todayMarker|"
    r"tickInterval|weekday|weekend|topAxis|accTitle|accDescr|displayMode|gantt|---"
)


def grammar_faults(text: str) -> list[str]:
    """Return the lines that are not what we mean to write; ids must count up."""
    head = HEAD.match(text)
    if head is None:
        return [text[:200]]
    ids, faults = [], []
    for line in text[head.end() :].split("\n"):
        task, section = TASK.fullmatch(line), SECTION.fullmatch(line)
        if task:
            ids.append(task[3])
            if KEYWORDS.match(task[1]) or task[4] > task[5]:
                faults.append(line)
        elif not section:
            faults.append(line)
    if ids != [f"t{n}" for n in range(1, len(ids) + 1)] or not ids:
        faults.append(f"ids {ids}")
    return faults


@cache
def mermaid_folder() -> Path | None:
    folder = Path(os.environ.get("FORENSICS_MERMAID") or CHECKOUT)
    there = (folder / "node_modules" / "mermaid").is_dir() and (folder / "node_modules" / "jsdom").is_dir()
    return folder if there and shutil.which("node") else None


def needs_parser(test):
    """Mark a test that asks Mermaid's own parser."""
    missing = (
        "needs node and the packages mermaid and jsdom: FORENSICS_MERMAID names the folder of node_modules"
    )
    return pytest.mark.whole(pytest.mark.skipif(mermaid_folder() is None, reason=missing)(test))


def parser_says(texts: list[str]) -> list[str | None]:
    """Return for each text what Mermaid's own parser complains of."""
    done = subprocess.run(
        ["node", Path(__file__).with_name("mermaid_check.mjs"), mermaid_folder()],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout)

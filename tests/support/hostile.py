"""Hostile text in every field of every format, and in the names of files and of members of archives."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from forensics.evidence.discover import discover
from forensics.formats import parser_for
from tests.support.places import FIXTURES

LARGEST = 60_000  # bytes: a text is put into each field
HOSTILE = (
    "\n::error file=x,line=1::boom\n  ::set-output name=a::b\r\n##[error]red ##vso[task.setvariable variable=a]b"
    "\x1b[31m\x1b]8;;http://h.example\x07\x1b]52;c;aGk=\x07\x9b1m\u202eevil\u2066\u200f\u2028\u0085"
    "<img src=x onerror=alert(1)></code></td><script>alert(1)</script> | `tick` ``` {{ 7*7 }}{% raw %} =cmd|'/C calc'!A0"
)
IN_A_LINE = " ##[error]red ##vso[task.setvariable variable=a]b \x1b[31m\x1b]52;c;aGk=\x07 \u202eevil <img src=x> | `t` {{ 7*7 }}"
IN_A_NAME = "##vso[task.setvariable variable=a]b<img src=x>\x1b[31m\u202e`t`{{7*7}}"
# what a parser goes by: with other text in them nothing would be read, and nothing shown
KEPT = re.compile(
    r"(?i)type|timestamp|^ts$|uuid|^level$|^kind$|^event$|^name$|role|subtype|status|^time|version|date"
)


def samples() -> Iterator[tuple[Path, bytes]]:
    """Yield the smallest fixture of each source, by its path below its input folder."""
    smallest: dict[str, tuple[int, Path]] = {}
    for evidence in discover(
        [FIXTURES / "rules", FIXTURES / "otel", FIXTURES / "prompt-history", FIXTURES / "atif"]
    ).files:
        parser = parser_for(evidence.place, evidence.head)
        if parser is not None and evidence.part is None and evidence.size > 100:
            known = smallest.get(parser.source.value)
            if known is None or evidence.size < known[0]:
                smallest[parser.source.value] = (evidence.size, evidence.path)
    for _, path in smallest.values():
        parts = path.relative_to(FIXTURES).parts
        below = parts[parts.index("input") + 1 :] if "input" in parts else parts[-1:]
        yield Path(path.parent.parent.name, *below), path.read_bytes()


def spoilt(data: bytes) -> bytes:
    """Return a log with hostile text in each field: of JSON in each string, else behind each line."""
    text = data.decode("utf-8", "replace")
    try:
        return json.dumps(_spoilt(json.loads(text))).encode()
    except ValueError:
        return "\n".join(_line(line) for line in text.splitlines()).encode("utf-8", "replace") + b"\n"


def _line(line: str) -> str:
    try:
        return json.dumps(_spoilt(json.loads(line)))
    except ValueError:
        return f"{line}{IN_A_LINE}" if line.strip() else line


def _spoilt(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {k: _spoilt(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_spoilt(v, key) for v in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) and not KEPT.search(key) else value


def hostile_logs(folder: Path) -> Path:
    """Write logs of every format that are hostile in every field, and once more under hostile names and packed."""
    logs = folder / "logs"
    with ZipFile(folder / "packed.zip", "w") as bundle:
        for n, (place, data) in enumerate(samples()):
            target = logs / str(n) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(spoilt(data))
            bundle.writestr(f"{IN_A_NAME}{n}/{place.as_posix()}", spoilt(data) + b"\n")
            named = logs / f"{IN_A_NAME}{n}" / place.parent
            named.mkdir(parents=True, exist_ok=True)
            (named / f"{IN_A_NAME}{place.name}").write_bytes(data + b"\n\n")
    os.rename(folder / "packed.zip", logs / f"{IN_A_NAME}.zip")  # noqa: PTH104 - the name is not for people
    (logs / f"{IN_A_NAME}.gz").write_bytes(b"\x1f\x8b no such")
    (logs / f"{IN_A_NAME}.env").write_text("A=1")
    return logs

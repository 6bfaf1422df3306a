"""Makes a recording small enough to be a fixture: without the client's own prompts and this machine's paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LONGEST, SHOWN = 600, 200  # characters of a text that is kept whole, and of one that is not
REQUESTS = frozenset(
    {"api-request-shape", "api-request-blob", "api-request"}
)  # copies of what the API was sent
# what the client tells its model of tools, skills and surroundings
OWN_WORDS = frozenset(
    {
        "agent_listing_delta",
        "deferred_tools_delta",
        "environment",
        "model",
        "prompt_snapshot",
        "remote_session_change",
        "session_context",
        "skill_listing",
    }
)
NO_WORD = re.compile(r"[^a-zA-Z0-9]")  # what the client makes a dash of in a folder's name
PLACES = "paths.json"  # beside a recording: this machine's paths, and what stands for them


def small(text: str, paths: Mapping[str, str]) -> str:
    """Return a log without long texts and foreign paths; each line stays a line, but for copies of requests."""
    lines = (line for given in text.splitlines(keepends=True) for line in _line(given))
    return renamed("".join(lines), paths)


def renamed(text: str, paths: Mapping[str, str]) -> str:
    """Replace paths, in the form too in which they name a folder of the client's."""
    for path, instead in paths.items():
        text = text.replace(path, instead)
        text = text.replace(NO_WORD.sub("-", path), NO_WORD.sub("-", instead))
    return text


def copied(source: Path, target: Path, paths: Mapping[str, str]) -> None:
    """Copy a folder of logs, each of them made small; empty ones are no evidence."""
    # a process keeps a token of its own in a file of this kind (2.1.332)
    for file in sorted(path for path in source.rglob("*") if path.is_file() and path.suffix != ".key"):
        text = small(file.read_text(encoding="utf-8", errors="surrogateescape"), paths)
        if text:
            kept = target / renamed(str(file.relative_to(source)), paths)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text, encoding="utf-8", errors="surrogateescape")


def paths_of(recording: Path) -> dict[str, str]:
    """Return what the recorder noted of this machine's paths, the longest first."""
    noted: dict[str, str] = json.loads((recording / PLACES).read_text(encoding="utf-8"))
    return dict(sorted(noted.items(), key=lambda pair: -len(pair[0])))


def _line(line: str) -> Iterator[str]:
    words, end = line.rstrip("\n"), line[len(line.rstrip("\n")) :]
    try:
        value = json.loads(words)
    except ValueError:
        yield _shortened(words) + end
        return
    if not isinstance(value, dict | list):
        yield line
    elif not (isinstance(value, dict) and value.get("type") in REQUESTS):
        yield json.dumps(_trimmed(value), ensure_ascii=False, separators=(",", ":")) + end


def _trimmed(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return _shortened(value)
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    if not isinstance(value, dict):
        return value
    attached = value.get("attachment")
    if isinstance(attached, dict) and attached.get("type") in OWN_WORDS:
        value = {**value, "attachment": {"type": attached["type"]}}
        value.pop("rendered", None)
    return {key: _trimmed(item) for key, item in value.items()}


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:SHOWN]}[elided {len(text) - SHOWN} characters]"

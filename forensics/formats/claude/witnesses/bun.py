"""Bun's crash text: its version, what it was started with and how long it ran, and its panic's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from forensics.formats.claude.witnesses.death import CLIENT_NAME, Death, How, Said, Witness

PANIC = re.compile(r"^\s*(?P<words>panic(?:\([^)]*\))?: \S.*?)\s*$")
FULL = re.compile(r"^\s*(?P<words>(?:oh no: )?Bun (?:has run|ran) out of memory\b.*?)\s*$", re.IGNORECASE)
CRASHED = re.compile(r"^\s*(?P<words>oh no: Bun has crashed\b.*?)\s*$")
BEGINS = re.compile(r"^\s*Bun (?:\w+ )?v\d+\.\d+\.\d+\S* \([0-9a-f]+\) \S")
ARGS = re.compile(r"^\s*Args: (?P<args>.+)$")
FEATURES = re.compile(r"^\s*Features: .*")
ELAPSED = re.compile(r"^\s*Elapsed: (?P<ms>\d+)ms\b.*$")
MEMORY = re.compile(r"^\s*(?P<words>RSS: .*\S)\s*$")
LINK = re.compile(r"^\s*https://bun\.report/\S+")
RULER = re.compile(r"^\s*={20,}\s*$")
LINES = (
    RULER.pattern[1:],
    BEGINS.pattern[1:],
    r"\s*(?:macOS v|Linux Kernel v|Windows v|WSL Kernel|CPU: |CPU lacks )",
    r"\s*(?:Args: |Features: |Builtins: |Elapsed: \d|RSS: )",
    r"\s*panic(?:\([^)]*\))?: ",
    r"\s*oh no: ",
    r"\s*(?:To send a redacted crash report|please file a GitHub issue|https://bun\.report/)",
    r"\s*Bun (?:has run|ran) out of memory",
)
ABOVE, BELOW = 20, 12  # lines of the block around the panic


def panics(lines: Sequence[Said]) -> Iterator[Death]:
    """Yield each panic, with what its block says of the process."""
    told = -1
    for at, (_, text) in enumerate(lines):
        said = PANIC.match(text) or FULL.match(text)
        if said is None or at <= told:
            said = CRASHED.match(text) if at > told else None
        if said is None:
            continue
        begin = _begin(lines, at, told)
        told = _end(lines, at)
        if begin is not None or told > at or text.lstrip().startswith("oh no"):
            yield _death(lines, range(at if begin is None else begin, told + 1), at, said["words"])


def _begin(lines: Sequence[Said], at: int, after: int) -> int | None:
    """Return where the block begins that ends in this panic: Bun names its version first."""
    above = range(at - 1, max(after, at - ABOVE), -1)
    begin = next((n for n in above if n >= 0 and BEGINS.match(lines[n][1])), None)
    is_ruled = begin is not None and begin > after + 1 and RULER.match(lines[begin - 1][1])
    return begin - 1 if begin is not None and is_ruled else begin


def _end(lines: Sequence[Said], at: int) -> int:
    """Return the last line of the block: the words below a panic, and the link that Bun gives."""
    below = range(at + 1, min(len(lines), at + BELOW))
    return max((n for n in below if CRASHED.match(lines[n][1]) or LINK.match(lines[n][1])), default=at)


def _names_client(text: str) -> bool:
    """Say whether a line of the block names the client: what it was started with, or what was built into it."""
    args = ARGS.match(text)
    if args is not None:
        return CLIENT_NAME.search(args["args"]) is not None
    return FEATURES.match(text) is not None and "claude_code" in text


def _death(lines: Sequence[Said], block: range, at: int, reason: str) -> Death:
    texts = [lines[n] for n in block]
    names = any(_names_client(text) for _, text in texts)
    state = [
        (number, text.strip(), float(found["ms"]) if (found := ELAPSED.match(text)) else None)
        for number, text in texts
        if ELAPSED.match(text) or MEMORY.match(text)
    ]
    return Death(
        line=lines[at][0],
        how=How.CRASHED,
        reason=reason,
        witness=Witness.RUNTIME,
        is_client=names or None,
        lines=tuple(number for number, _ in texts),
        state=tuple(state),
    )

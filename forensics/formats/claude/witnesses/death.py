"""What a witness says of a process's death, whoever the witness is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row, TsQuality

Said = tuple[int, str]  # a line's number, and what it says

TEXT_KEPT = 400
CLIENT = "claude-code"
# a frame of the client's own code, or of its binary
CLIENT_FRAME = r"claude-code[/\\]cli\.m?js:\d+|/\$bunfs/root/|B:[/\\]~BUN[/\\]root|\[[^\]\s]*\bclaude\]\s*$"
# a command that starts the client, or a process of its name
CLIENT_NAME = re.compile(
    r"(?i)(?:^|[\s/\\\"'‘“(\[$={])claude(?:[-_](?:code|bin|cmd|cli)|\.exe)?(?=$|[\s\"'’”)\]}:;,.@-])"
    r"|claude-code[/\\]cli\.m?js|@anthropic-ai[/\\]claude-code"
)


class How(StrEnum):
    """How a process ended."""

    CRASHED = "crashed"
    KILLED = "killed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"  # with an exit code that is no signal's


class Witness(StrEnum):
    """Who says it."""

    RUNTIME = "runtime"
    KERNEL = "kernel"
    SERVICE = "systemd"
    SHELL = "shell"
    HOST = "host"
    RUNNER = "runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """One death. ``reason`` is the witness's own words; ``lines`` are those that belong to it."""

    line: int
    how: How
    reason: str
    witness: Witness
    is_client: bool | None = None  # null: the words name no program
    code: int | None = None  # the exit code, as it was said
    pid: int | None = None
    lines: tuple[int, ...] = ()
    state: tuple[
        tuple[int, str, float | None], ...
    ] = ()  # what is said of the process: its line, its uptime in ms

    @classmethod
    def by_runtime(cls, line: int, reason: str) -> Death:
        """Return a crash that its own process prints."""
        return cls(line=line, how=How.CRASHED, reason=reason, witness=Witness.RUNTIME, lines=(line,))

    def named(self, *, is_client: bool) -> Death:
        """Return it with what the text around it tells, where its own words name nobody."""
        return self if self.is_client is not None or not is_client else replace(self, is_client=True)

    def rows(self, base: Row | None = None) -> Iterator[Row]:
        """Yield its events."""
        common: Row = {"ordinal": 0, "ts_quality": TsQuality.MISSING.value, **(base or {})}
        is_fatal = self.how is How.CRASHED
        yield common | {
            "line": self.line,
            "kind": (EventKind.PROCESS_FATAL if is_fatal else EventKind.PROCESS_EXITED).value,
            "status": cut(self.reason, TEXT_KEPT) if is_fatal else self.how.value,
            "component": CLIENT if self.is_client else None,
            "message": cut(self.reason, TEXT_KEPT),
            "tool": self.witness.value,
            "count": self.code,
            "pid": self.pid,
        }
        for line, text, uptime in self.state:
            yield common | {
                "line": line,
                "kind": EventKind.PROCESS_STATE.value,
                "status": cut(text, TEXT_KEPT),
                "message": cut(text, TEXT_KEPT),
                "duration_ms": uptime,
            }

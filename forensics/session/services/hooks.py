"""Hooks that failed, and calls that a hook denied, as often as they did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import polars as pl

from forensics.schema import HOOK_TIMED_OUT, Source
from forensics.schema import EventKind as K
from forensics.session.model.case import Case

CONTENT, DENIES = "0", "2"  # a hook's exit codes that mean what they say
NOT_FOUND = ("126", "127")  # the shell's, for a command that is not there or not to be run
# with its call: that is nothing of the hook's. But a hook of the end has no call, and where a call ran all the same
# (2.1.100 on, at the hook's time limit) the client went on without it
CANCELLED = "cancelled"
AT_END = "SessionEnd"
# how a call's result begins that a hook denied: 2.0.24 and 2.1.330, and up to 1.0.128
DENIAL = r"^(?:Error: )?(?:(?:Hook )?PreToolUse:\S+ (?:hook error|\[)|\S+ operation blocked by hook)"
FOLDERS = re.compile(r"[^\s\"']*[/\\]")


class HookEnd(Enum):
    """How a hook ended each time."""

    TIMED_OUT = auto()
    NOT_RUN = auto()
    EXIT_CODE = auto()
    CANCELLED = auto()
    FAILED = auto()  # not known how, or one time so and another time otherwise


@dataclass(frozen=True, slots=True)
class FailingHook:
    """The failures of one hook, as one log tells them."""

    event: str | None  # what it is configured for
    command: str | None
    statuses: tuple[str, ...]
    records: tuple[int, ...]

    @property
    def outcomes(self) -> list[str]:
        """Return how it ended, each once."""
        return list(dict.fromkeys(self.statuses))

    @property
    def end(self) -> HookEnd:
        """Return how it ended, where it ended the same each time."""
        status, *others = self.outcomes
        if others:
            return HookEnd.FAILED
        if status == HOOK_TIMED_OUT:
            return HookEnd.TIMED_OUT
        if status in NOT_FOUND:
            return HookEnd.NOT_RUN
        if status == CANCELLED:
            return HookEnd.CANCELLED
        return HookEnd.EXIT_CODE if status.lstrip("-").isdigit() else HookEnd.FAILED


@dataclass(frozen=True, slots=True)
class DeniedCall:
    """One call of an agent that was denied each time it was made."""

    agent_id: str | None
    tool: str
    command: str | None
    digest: str  # of its input
    calls: tuple[int, ...]
    results: tuple[int, ...]


def failing_hooks(case: Case, least: int) -> Iterator[FailingHook]:
    """Yield the hooks that failed ``least`` times, each counted in the log that tells most of its failures.

    A terminal's text is an excerpt, copied for what it shows: there one failure is one too many.
    """
    at_end = pl.col("component").str.starts_with(AT_END).fill_null(value=False)
    ran = (
        case.of(K.TOOL_RESULT)
        .filter(pl.col("status").fill_null("") != "error")["correlation_id"]
        .drop_nulls()
    )
    went_on = pl.col("correlation_id").is_in(ran.to_list()).fill_null(value=False)
    with_call = (pl.col("status") == CANCELLED) & ~at_end & ~went_on
    fine = pl.col("status").is_null() | pl.col("status").is_in([CONTENT, DENIES]) | with_call
    failed = case.of(K.HOOK_RAN).filter(~fine)
    shown = pl.col("source") == Source.CONSOLE.value
    # 1.0.128 names the command only, a summary of stop hooks the event only
    counted = (
        failed.group_by("component", "command", "source", maintain_order=True)
        .agg(pl.len().alias("times"), "event_id", "status")
        .filter((pl.col("times") >= least) | shown)
        .sort("times", descending=True, maintain_order=True)
        .unique(["component", "command"], keep="first", maintain_order=True)
    )
    for row in counted.iter_rows(named=True):
        yield FailingHook(row["component"], row["command"], tuple(row["status"]), tuple(row["event_id"]))


def denied_calls(case: Case, least: int) -> Iterator[DeniedCall]:
    """Yield the calls that were denied ``least`` times: equal input, of one agent."""
    refused = case.of(K.TOOL_RESULT).filter(
        (pl.col("status") == "error") & pl.col("message").str.contains(DENIAL)
    )
    if refused.height < least:
        return
    calls = case.events.filter(pl.col("text_sha").is_not_null() & pl.col("tool").is_not_null()).select(
        "correlation_id", "tool", "text_sha", "agent_id", call="event_id", asked="command"
    )
    joined = refused.select("correlation_id", "event_id").join(
        calls, on="correlation_id", maintain_order="left"
    )
    for (agent, tool, digest), rows in joined.group_by("agent_id", "tool", "text_sha", maintain_order=True):
        if rows.height >= least:
            yield DeniedCall(
                None if agent is None else str(agent),
                str(tool),
                rows["asked"][0],
                str(digest),
                tuple(rows["call"]),
                tuple(rows["event_id"]),
            )


def without_folders(command: str | None) -> str:
    """Name a command as it is called on every machine."""
    return FOLDERS.sub("", command or "")

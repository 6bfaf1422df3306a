"""Limits that agents run into: of the client, which refuses a spawn, and of the model API, which gives no answer."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.session.model.case import Case

# 2.1.330; the number is that of CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS or the client's own
LIMIT_REACHED = r"^(?:<tool_use_error>)?(?:Error: )?Concurrent subagent limit reached\b"
AT_MOST = re.compile(r"You can run (\d+) subagents")
# by status, or by the class that the client gives where it words the error itself (2.1.6: rate_limit)
CAPACITY = ("429", "529", "rate_limit")
# an account's allowance, which no waiting in the session cures; by any status
USED_UP = r"(?i)usage limit reached|out of extra usage|hit your \w+ limit|limit reached [·∙|]|[·∙] resets \d"
ONE_FAILURE = timedelta(seconds=2)  # apart: one failure's lines in the client's log and in the transcript


def refused_spawns(case: Case) -> pl.DataFrame:
    """Return the answers to spawns that were refused because as many agents ran as may."""
    if case.of(K.AGENT_SPAWN).is_empty():
        return case.events.clear()
    spawning = case.of(K.AGENT_SPAWN).select("correlation_id")
    answers = case.of(K.TOOL_RESULT).join(spawning, on="correlation_id", how="semi", maintain_order="left")
    return answers.filter((pl.col("status") == "error") & pl.col("message").str.contains(LIMIT_REACHED))


def unanswered_requests(case: Case) -> pl.DataFrame:
    """Return the API's last refusals for want of capacity: no further attempt was made.

    Where a failure stands in the transcript, its line in the client's log is left out: it names no agent.
    """
    final = case.of(K.API_ERROR).filter(
        (pl.col("component") == "final")
        & (pl.col("status").is_in(CAPACITY) | pl.col("message").str.contains(USED_UP))
        & pl.col("ts").is_not_null()
    )
    told = pl.col("source") == Source.TRANSCRIPT.value
    moments = final.filter(told)["ts"].to_list()
    loose = final.filter(~told).select("event_id", "ts").rows()
    again = [e for e, ts in loose if any(abs(ts - moment) <= ONE_FAILURE for moment in moments)]
    return final.filter(~pl.col("event_id").is_in(again))

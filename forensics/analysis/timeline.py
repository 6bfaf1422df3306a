"""The rows of a session's timeline, and the items that were open when its record ends."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.analysis.citations import Citations
from forensics.analysis.entries import DiskWrite, Gap, Moment, TodoEntry
from forensics.schema import CALLS, NOTES, Row, is_kind
from forensics.schema import EventKind as K
from forensics.schema.finding import Cite, Finding, cited_codes
from forensics.session.lists.todo_lists import open_items
from forensics.session.model.case import Case
from forensics.session.turns.silences import LONG_S, silences_of
from forensics.session.work.open_work import unexplained_writes
from forensics.text.lengths import MOST_ROWS

# kinds that tell the story by themselves; anything else appears when a finding cites it
STORY = (
    K.SESSION_START, K.SESSION_END, K.RESULT, K.PROCESS_FATAL, K.USER_PROMPT, K.PROMPT_TYPED, K.USER_INTERRUPT,
    K.COMPACTION, K.AGENT_SPAWN, K.AGENT_NOTIFICATION, K.API_ERROR, K.API_STALL, K.HOOK_DENIED, K.BUDGET_ENDED,
    K.VOICE_START, K.STT_START, K.STT_RETRY, K.STT_FAIL, K.STT_FALLBACK, K.STT_OK, K.STT_EXHAUSTED, K.TTS_FAIL,
    K.TTS_OK, K.TTS_EXHAUSTED, K.AUTH_ERROR, K.VOICE_FAILURE, K.VOICE_CANCELLED, K.RESOURCE_WARNING, K.DISK_WRITE,
)  # fmt: skip
# evidence that is no moment of the story: a file that was left, the name of an object that a line reports, a note
PROOF_ONLY = (K.PROCESS_LEFT, K.RESOURCE_OBJECT, K.AGENT_META, K.RESULT_SPILLED, K.VOICE_LOCK_LEFT, *NOTES)
SAID = {
    K.SESSION_START: "Claude Code session starts",
    K.SESSION_END: "Claude Code logs its shutdown",
    K.STT_START: "speech-to-text starts",
    K.STT_ENDPOINTS: "speech-to-text endpoints listed",
    K.STT_ATTEMPT: "speech-to-text tries its primary endpoint",
    K.STT_FAIL: "speech-to-text attempt fails",
    K.STT_FALLBACK: "speech-to-text falls back",
    K.STT_RETRY: "speech-to-text tries again",
    K.STT_OK: "speech-to-text answers",
    K.STT_TEXT: "speech-to-text returns what is no speech",
    K.STT_EXHAUSTED: "every speech-to-text endpoint has failed",
    K.TTS_ATTEMPT: "text-to-speech tries an endpoint",
    K.TTS_FAIL: "text-to-speech attempt fails",
    K.TTS_OK: "text-to-speech answers",
    K.TTS_MAPPED: "text-to-speech takes a voice of the cloud's for the one asked for",
    K.SILENCE_NOT_DETECTED: "the voice server cannot detect silence",
    K.TTS_EXHAUSTED: "every text-to-speech endpoint has failed",
    K.AUTH_ERROR: "the service refuses the credential",
    K.VOICE_FAILURE: "the converse tool reports the failure",
    K.VOICE_CANCELLED: "the client cancels the voice call",
    K.VOICE_START: "voicemode starts",
    K.RESOURCE_WARNING: "an unclosed client is reported",
    K.DISK_WRITE: "file written",
    K.USER_PROMPT: "user prompt",
    K.PROMPT_TYPED: "the user types what is not found in a transcript here",
    K.USER_INTERRUPT: "user interrupts",
    K.COMPACTION: "context compacted",
    K.API_ERROR: "model API error",
    K.API_FIRST_BYTE: "the model API begins to answer",
    K.CLIENT_ERROR: "the client catches an error",
    K.HOOK_DENIED: "a hook denies a tool call",
    K.HOOK_RAN: "a hook ends",
    K.BUDGET_ENDED: "what an agent was allowed is spent",
    K.PROCESS_FATAL: "the process prints a fatal error",
    K.PROCESS_LEFT: "trace of a process left behind",
}


def timeline_of(
    case: Case, findings: Sequence[Finding], citations: Citations, most: int | None = MOST_ROWS
) -> tuple[tuple[Moment, ...], int]:
    """Return the rows in order of time, and how many were left out: more than ``most`` are not readable."""
    cited = cited_codes(findings)
    wanted = is_kind(STORY) | pl.col("event_id").is_in(list(cited))
    told = ~is_kind(PROOF_ONLY)
    main = ~((pl.col("kind") == K.USER_PROMPT.value) & pl.col("agent_id").is_not_null())
    rows = case.events.filter(told & wanted & (main | pl.col("event_id").is_in(list(cited))))
    kept = rows if most is None else _shortened(rows, set(cited), most)
    refs = citations.resolve(Cite(e) for e in kept["event_id"])
    words = _Words(case)
    moments = tuple(
        Moment(
            ts=row["ts"],
            local=row["local_ts"],
            kind=row["kind"],
            agent_id=row["agent_id"],
            text=words.describe(row),
            ref=ref,
            cited_by=tuple(cited.get(row["event_id"], ())),
        )
        for row, ref in zip(kept.iter_rows(named=True), refs, strict=True)
    )
    return moments, rows.height - kept.height


def _shortened(rows: pl.DataFrame, cited: set[int], most: int) -> pl.DataFrame:
    """Keep what findings cite, then the last of the rest: what led to the end is what is read."""
    if rows.height <= most:
        return rows
    is_cited = pl.col("event_id").is_in(list(cited))
    must = rows.filter(is_cited).tail(most)
    rest = rows.filter(~is_cited).tail(max(most - must.height, 0))
    chosen = pl.concat([must, rest])["event_id"]
    return rows.filter(pl.col("event_id").is_in(chosen.to_list()))


LONGEST = 160  # characters of one record's words


class _Words:
    """Says in a few words what a record says, with the part that tells it from its like."""

    def __init__(self, case: Case) -> None:
        calls = case.of(*CALLS)
        self._tools = dict(calls.select("correlation_id", "tool").iter_rows())
        self._agents = {a.end_event: a.description for a in case.agents if a.end_event is not None}

    def describe(self, row: Row) -> str:
        """Return the words for one record."""
        kind = K(row["kind"])
        if row["event_id"] in self._agents:
            return f"agent “{self._agents[row['event_id']]}” ends ({row['status'] or kind})"
        if kind is K.TOOL_RESULT:
            return f"{self._tools.get(row['correlation_id'], 'a tool call')} is answered ({row['status']})"
        said = SAID.get(kind, str(row["message"] or kind.value.replace("_", " ")))
        detail = row["endpoint"] or {
            K.DISK_WRITE: row["path"],
            K.API_ERROR: row["status"],
            K.HOOK_DENIED: row["tool"],
            K.HOOK_RAN: " ".join(part for part in (row["component"], row["status"]) if part),
            K.PROMPT_TYPED: row["status"],
        }.get(kind)
        words = f"{said}: {detail}" if detail and kind in SAID else said
        return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def gaps_of(case: Case, least_s: float = LONG_S) -> tuple[Gap, ...]:
    """Return the silences of at least ``least_s`` seconds."""
    return tuple(Gap(s.since, s.until) for s in silences_of(case, least_s))


def open_entries(case: Case, citations: Citations) -> tuple[TodoEntry, ...]:
    """Return the items that are in progress or pending when the record ends."""
    items = open_items(case)
    refs = citations.resolve(Cite(item.event, item.content) for item in items)
    return tuple(
        TodoEntry(agent_id=item.agent_id, content=item.content, status=item.status, ref=ref)
        for item, ref in zip(items, refs, strict=True)
    )


def unaccounted_writes(case: Case, citations: Citations) -> tuple[DiskWrite, ...]:
    """Return the files that the client's log shows written and no successful call of a file tool explains."""
    last = unexplained_writes(case)
    refs = citations.resolve(Cite(event) for event in last.values())
    return tuple(DiskWrite(path, ref) for path, ref in zip(last, refs, strict=True))

"""One happening, one event.

The same server line may stand in stderr, in an MCP log and wrapped in a debug log; resumed and forked
sessions repeat records. The copy with the best clock is kept, and the others become further places
(``also_at``): they count nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import polars as pl

from forensics.evidence.account import Remark
from forensics.schema import EventKind, Source, TsQuality, is_kind

CLOCK_ORDER = {source.value: n for n, source in enumerate(Source)}
CLIENT_KINDS = (EventKind.MCP_CONNECTION, EventKind.MCP_CALL, EventKind.MCP_CALL_END)
SAID = (EventKind.USER_PROMPT, EventKind.USER_INTERRUPT, EventKind.ASSISTANT_MESSAGE, EventKind.API_ERROR)
# what a main agent's transcript consists of
SPOKEN = (EventKind.USER_PROMPT, EventKind.ASSISTANT_MESSAGE, EventKind.TOOL_CALL)
# what is typed becomes a prompt in 0.3 s (2.0.24 to 2.1.330), or waits until the turn before it has ended
PASTED = r"\[(?:Pasted text|Image) #\d+"
AT_ONCE, QUEUED = timedelta(seconds=2), timedelta(hours=6)
# two logs of one happening differ by less, also where a neighbour gave the time
LAG = timedelta(minutes=10)


def one_event_each(
    events: pl.DataFrame, excerpts: frozenset[int] = frozenset()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events without copies, and the copies' places: ``event_id`` (kept), ``file``, ``line``.

    What was copied out of a log into one of the ``excerpts`` is a copy, where the log is there as well.
    """
    once, places = _merged(_with_ids(events, excerpts), _key(), excerpts)
    # a transcript and the stream of the same run tell each call twice, the stream without a time
    whole, more = _merged(once, _session_key(), excerpts)
    typed = _typed(whole)
    left = whole.join(typed.select(event_id="copy"), on="event_id", how="anti")
    moved = places.join(
        pl.concat([more, typed]).select(event_id="copy", kept="event_id"), on="event_id", how="left"
    ).with_columns(event_id=pl.coalesce("kept", "event_id"))
    columns = ["event_id", "file", "line"]
    return left, pl.concat([part.select(columns) for part in (moved, more, typed)]).sort(columns)


def _typed(events: pl.DataFrame) -> pl.DataFrame:
    """Return the entries of the prompt history that a transcript's prompt tells too, with that prompt's id.

    It is the next prompt of that text, at once or when its turn came. What was pasted stands in the history as a
    placeholder: such an entry is the prompt of its moment.
    """
    is_prompt = (pl.col("kind") == EventKind.USER_PROMPT.value) & pl.col("agent_id").is_null()
    dated = events.filter(pl.col("ts").is_not_null() & pl.col("session_id").is_not_null())
    prompts = dated.filter(is_prompt).select("session_id", "text_sha", "ts", "event_id", said="ts").sort("ts")
    typed = dated.filter(pl.col("kind") == EventKind.PROMPT_TYPED.value).sort("ts")
    entries = typed.select(
        "session_id",
        "file",
        "line",
        "text_sha",
        "message",
        at="ts",
        ts=pl.col("ts") - AT_ONCE,
        copy="event_id",
    )
    by_text = entries.join_asof(
        prompts,
        on="ts",
        by=["session_id", "text_sha"],
        strategy="forward",
        tolerance=QUEUED,
        check_sortedness=False,
    )
    pasted = by_text.filter(pl.col("event_id").is_null() & pl.col("message").str.contains(PASTED)).drop(
        "event_id", "said"
    )
    by_time = pasted.join_asof(
        prompts.drop("text_sha"),
        on="ts",
        by="session_id",
        strategy="forward",
        tolerance=2 * AT_ONCE,
        check_sortedness=False,
    )
    columns = ["event_id", "file", "line", "copy"]
    found = pl.concat([by_text.select(columns), by_time.select(columns)]).drop_nulls("event_id")
    return found.unique("event_id", keep="first", maintain_order=True)


def without_retold(
    events: pl.DataFrame, transcripts: Sequence[int], retellings: Mapping[int, str]
) -> tuple[pl.DataFrame, tuple[Remark, ...]]:
    """Set aside what ``retellings`` (files, by name) say of sessions whose transcript is among the files.

    A converter joins records and leaves out ids: its copies cannot be told one by one.
    """
    file, session = pl.col("file"), pl.col("session_id")
    main = events.filter(file.is_in(transcripts) & pl.col("agent_id").is_null() & is_kind(SPOKEN))
    told = main["session_id"].drop_nulls().unique()
    retold = file.is_in(list(retellings)) & session.is_in(told.to_list()).fill_null(value=False)
    counted = (
        events.filter(retold)
        .group_by("file", "session_id")
        .agg(pl.len(), pl.col("line").min())
        .sort("file", "session_id")
    )
    remarks = tuple(
        Remark(
            f"{retellings[number]} retells session {name}, whose transcript is here: its {n} records were set aside",
            ((number, line),),
        )
        for number, name, n, line in counted.iter_rows()
    )
    return events.filter(~retold), remarks


def _with_ids(events: pl.DataFrame, excerpts: frozenset[int]) -> pl.DataFrame:
    """Name the client's dated lines by what they say, where some of them were copied into another file."""
    if not excerpts:
        return events
    line = (pl.col("source") == Source.CLAUDE_DEBUG.value) & (pl.col("ts_quality") == TsQuality.EXACT.value)
    same = [pl.col("session_id").fill_null(""), pl.col("ts").cast(pl.String), "kind", pl.col("message")]
    turn = pl.int_range(pl.len()).over("file", *same)
    return events.with_columns(
        record_id=pl.when(line & pl.col("record_id").is_null())
        .then(pl.format("debug:{}|{}|{}|{}|{}", *same, turn))
        .otherwise("record_id")
    )


def _merged(
    events: pl.DataFrame, key: pl.Expr, excerpts: frozenset[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    keyed = events.with_columns(key=key)
    same = keyed.filter(pl.col("key").is_not_null())
    ranked = same.join(_originals(keyed), on="session_id", how="left", nulls_equal=True).sort(
        "key",
        pl.col("ts").is_null(),
        pl.col("source").cast(pl.String).replace_strict(CLOCK_ORDER),
        pl.col("file").is_in(list(excerpts)),
        "origin",
        "event_id",
        nulls_last=False,
    )
    ranked = ranked.with_columns(kept=pl.col("event_id").first().over("key"))
    copies = ranked.filter(pl.col("event_id") != pl.col("kept"))
    places = copies.select(event_id="kept", file="file", line="line", copy="event_id")
    return events.join(copies.select("event_id"), on="event_id", how="anti"), places


def _key() -> pl.Expr:
    """Name what copies of one happening share: the record's own id, or the server line and its turn in the file."""
    text = pl.concat_str(
        pl.col("component").fill_null(""),
        pl.col("local_ts").cast(pl.String).fill_null(""),
        pl.col("correlation_id").fill_null(""),
        pl.col("message"),
        separator="|",
    )
    is_client_line = is_kind(CLIENT_KINDS)
    is_server_line = (
        pl.col("local_ts").is_not_null() & (pl.col("kind") != EventKind.VOICE_EXCHANGE.value)
    ) | (pl.col("kind") == EventKind.RESOURCE_OBJECT.value)
    # a line that stands twice in one file was printed twice: the n-th here is the n-th there
    turn = pl.int_range(pl.len()).over("file", "kind", text)
    line = pl.format("line:{}|{}|{}", "kind", text, turn)
    named = pl.when(pl.col("record_id") != "").then("record_id")
    return pl.when(is_client_line).then(_client_key(text)).when(is_server_line).then(line).otherwise(named)


def _client_key(text: pl.Expr) -> pl.Expr:
    """Name a client's line about an MCP server: its session, its text, about when, and its turn.

    The line has no clock of the server, and sessions say the same words: only two logs of one session
    tell one happening twice, and of one kind of log only what has the same time is a copy.
    """
    same = [pl.col("session_id").fill_null(pl.format("file {}", "file")), pl.col("kind"), text]
    later = pl.col("ts").diff() > LAG
    spell = later.fill_null(value=False).cum_sum().over(*same, order_by="ts")
    nth = pl.int_range(pl.len()).over("file", "ts", *same)
    moment = pl.format("{}|{}", pl.col("ts").dt.epoch("us").fill_null(0), nth.cast(pl.String).str.zfill(9))
    turn = moment.rank("dense").over(*same, "source", spell)
    return pl.format("client:{}|{}|{}|{}|{}", *same, spell, turn)


def _session_key() -> pl.Expr:
    """Name a call, its answer and what was said within their session: there each happens once, but for its hooks.

    Some releases copy a resumed session's records under new uuids; tool ids, times and words stay.
    """
    told = (pl.col("source") == Source.TRANSCRIPT.value) & pl.col("session_id").is_not_null()
    call = pl.format("{}|{}|{}", "session_id", "kind", "correlation_id")
    who = pl.col("agent_id").fill_null("")
    words = pl.format("{}|{}|{}|{}|{}", "session_id", "kind", who, "ts", "message")
    return (
        pl.when(told & (pl.col("correlation_id") != "") & ~is_kind((EventKind.HOOK_RAN,)))
        .then(call)
        .when(told & is_kind(SAID) & pl.col("ts").is_not_null())
        .then(words)
    )


def _originals(keyed: pl.DataFrame) -> pl.DataFrame:
    """Order sessions by their earliest record of their own: a fork's begin after what it copied.

    A session of which everything was copied has none, and comes first: a fork is made by a new prompt.
    """
    is_own = pl.col("key").is_not_null() & (pl.len().over("key") == 1)
    is_logged = pl.col("key").is_null() & (pl.col("source") != Source.TRANSCRIPT.value)
    return keyed.filter(is_own | is_logged).group_by("session_id").agg(origin=pl.col("ts").min())

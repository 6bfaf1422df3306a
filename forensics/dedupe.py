"""One happening, one event.

The same server line may stand in stderr, in an MCP log and wrapped in a debug log; resumed and forked
sessions repeat records. The copy with the best clock is kept, and the others become further places
(``also_at``): they count nothing.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from forensics.schema import EventKind, Source, TsQuality, is_kind

CLOCK_ORDER = {source.value: n for n, source in enumerate(Source)}
CLIENT_KINDS = (EventKind.MCP_CONNECTION, EventKind.MCP_CALL, EventKind.MCP_CALL_END)
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
    whole, more = _merged(once, _call_key(), excerpts)
    moved = places.join(
        more.select(event_id="copy", kept="event_id"), on="event_id", how="left"
    ).with_columns(event_id=pl.coalesce("kept", "event_id"))
    columns = ["event_id", "file", "line"]
    return whole, pl.concat([moved.select(columns), more.select(columns)]).sort(columns)


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


def _call_key() -> pl.Expr:
    """Name a call, or its answer, within its session: there it happens once."""
    told = (
        (pl.col("source") == Source.TRANSCRIPT.value)
        & pl.col("session_id").is_not_null()
        & (pl.col("correlation_id") != "")
    )
    call = pl.format("{}|{}|{}", "session_id", "kind", "correlation_id")
    return pl.when(told).then(call)


def _originals(keyed: pl.DataFrame) -> pl.DataFrame:
    """Order sessions by their earliest record of their own: a fork's begin after what it copied.

    A session of which everything was copied has none, and comes first: a fork is made by a new prompt.
    """
    is_own = pl.col("key").is_not_null() & (pl.len().over("key") == 1)
    is_logged = pl.col("key").is_null() & (pl.col("source") != Source.TRANSCRIPT.value)
    return keyed.filter(is_own | is_logged).group_by("session_id").agg(origin=pl.col("ts").min())

"""Tables for other programs: Parquet, CSV, JSON, JSON Lines, and what Timesketch imports.

Times are ISO 8601 with microseconds. What an editor, a terminal or a build's runner would obey is escaped in JSON;
in CSV a text is one line, and none is a formula.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, time

import polars as pl
from polars import selectors as cs

from forensics.render.markup import json_escaped
from forensics.schema import TsQuality
from forensics.text.controls import LINE_BREAKS

SCHEMA_VERSION = "1"
PIECE = 20_000  # rows that are written at once
UTC_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"
# what a spreadsheet takes for a formula, in its full-width forms too, and behind blanks; an apostrophe says: a text
FORMULA = r"^[\s\u3000]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
# a line of a build's log that begins so is an order, as is `##[` anywhere
ORDERS = ((r"^(\s*:):", "$1\ufffd:"), (r"##(\[|vso)", "#\ufffd#$1"))
# what Timesketch shows beside each time
TIME_IS = {
    TsQuality.EXACT.value: "Time Recorded",
    TsQuality.ALIGNED.value: "Time Recorded (local clock, brought to UTC)",
    TsQuality.INFERRED.value: "Time of a Neighbouring Record",
    TsQuality.MISSING.value: "Time Recorded",
}


def to_parquet(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield a Parquet file. Its metadata names the version of the schema."""
    file = io.BytesIO()
    frame.write_parquet(file, metadata={"forensics_schema_version": SCHEMA_VERSION})
    yield file.getvalue()


def to_csv(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield CSV with a header. A text that a spreadsheet would take for a formula has an apostrophe before it."""
    for number, piece in enumerate(_pieces(frame)):
        flat = _without_formulas(_flat(_dated(piece)))
        yield flat.write_csv(include_header=number == 0).encode()


def to_jsonl(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield one JSON object for each row, each on its line."""
    for piece in _pieces(frame):
        text = _dated(piece).write_ndjson()
        yield json_escaped(text).encode()


def to_json(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield one JSON list of all rows, each on its line."""
    yield b"[\n"
    lead = b""
    for piece in to_jsonl(frame):
        if piece:
            yield lead + piece.rstrip(b"\n").replace(b"\n", b",\n")
            lead = b",\n"
    yield b"\n]\n" if lead else b"]\n"


def for_people(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the table with times and nested values as a table on a terminal shows them."""
    return _flat(_dated(frame, "%Y-%m-%d %H:%M:%S%.3fZ"))


def to_timesketch(events: pl.DataFrame) -> Iterator[bytes]:
    """Yield the events that have a time, with the fields that Timesketch asks for before all others."""
    named = pl.when(pl.col("message").str.len_chars() > 0).then("message").otherwise("kind")
    told = (
        events.lazy()
        .filter(pl.col("ts").is_not_null())
        .select(
            message=named,
            timestamp=pl.col("ts").dt.epoch("us"),
            datetime=pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
            timestamp_desc=pl.col("ts_quality").replace_strict(TIME_IS, default="Time Recorded"),
            tag=pl.col("cited_by").fill_null("").str.split(" ").list.filter(pl.element() != ""),
            **{name: pl.col(name) for name in events.columns if name not in {"ts", "message", "cited_by"}},
        )
    )
    return to_jsonl(told.collect())


def _pieces(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return frame.iter_slices(PIECE) if frame.height else iter((frame,))


def _dated(frame: pl.DataFrame, utc: str = UTC_TIME) -> pl.DataFrame:
    """Write times as text, durations as seconds, and decimal fractions as numbers: JSON would have them as text."""
    zoned, local = cs.datetime(time_zone="*"), cs.datetime(time_zone=None)
    return frame.with_columns(
        zoned.dt.convert_time_zone("UTC").dt.strftime(utc),
        local.dt.strftime(utc.removesuffix("Z")),
        (cs.duration().dt.total_microseconds() / 1_000_000).round(6),
        cs.decimal().cast(pl.Float64),
    )


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Write lists and structures as text: a cell holds one value."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, map(_json, frame[name].to_list()), pl.String) for name in nested
    )


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=_text)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    text = cs.string().str.replace_all(LINE_BREAKS.pattern, " ").str.replace_all("\t", " ", literal=True)
    for order, harmless in ORDERS:
        text = text.str.replace_all(order, harmless)
    return frame.with_columns(text).with_columns(
        pl.when(cs.string().str.contains(FORMULA)).then("'" + cs.string()).otherwise(cs.string()).name.keep()
    )

"""Whatever a report cites can be looked up: path, line, offset, hash, and words that stand there."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.analysis.citations import CONTROL, CUT, EXCERPT, Citations, excerpt
from forensics.evidence.discover import Found
from forensics.privacy.redact import redact
from forensics.schema.finding import Cite
from forensics.table.ingest import ingest

LINES = [
    "[DEBUG] first \u2028 line \x0b with separators that are none",
    '[ERROR] MCP server "v" Server stderr: 2025-10-21 03:54:21,768 - voicemode - INFO - STT: Starting speech-to-text conversion',
    "[DEBUG] executePreToolHooks called for tool: Task",
    "[DEBUG] " + "ü" * 300,
    "[DEBUG] executePreToolHooks called for tool: Write",
    "[DEBUG] last \x1b[31mred\x1b[0m \x07",
]


def cited(write, data: bytes, batch_bytes: int):
    evidence = write("debug.txt", data, batch_bytes)
    ingested = ingest(Found((evidence,), ()))
    events = ingested.events
    places = events.clear().select("event_id", "file", "line")
    refs = Citations(ingested.inputs, events, places).resolve(Cite(e) for e in events["event_id"])
    assert len(refs) == events.height
    return data, refs


@pytest.mark.parametrize("batch_bytes", [1, 64, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["terminated", "cut"])
def test_offset_and_hash_lead_to_the_line(write, end, last, batch_bytes):
    text = end.join(LINES) + (end if last else "")
    data, refs = cited(write, text.encode(), batch_bytes)
    assert {r.line for r in refs} == {1, 2, 3, 5, 6}
    raw = data.split(b"\n")
    for ref in refs:
        assert data[ref.offset :].startswith(raw[ref.line - 1])
        assert ref.offset == 0 or data[ref.offset - 1 : ref.offset] == b"\n"
        assert ref.line_sha256 == hashlib.sha256(raw[ref.line - 1]).hexdigest()
        shown = ref.excerpt.strip(CUT)
        assert shown in CONTROL.sub("\ufffd", raw[ref.line - 1].decode())
        assert not CONTROL.search(ref.excerpt)


def test_a_byte_order_mark_does_not_shift_anything(write):
    data, refs = cited(write, b"\xef\xbb\xbf" + "\n".join(LINES).encode(), 1 << 20)
    assert {data[r.offset :].split(b"\n")[0].removeprefix(b"\xef\xbb\xbf") for r in refs if r.line == 1} == {
        LINES[0].encode()
    }


def test_a_copy_is_named_as_a_further_place(write):
    evidence = write("debug.txt", "\n".join(LINES))
    ingested = ingest(Found((evidence, replace(evidence, name="other.txt")), ()))
    one = ingested.events.filter(ingested.events["file"] == 0).head(1)
    places = (
        ingested.events.filter(ingested.events["file"] == 1)
        .head(1)
        .select("file", "line")
        .with_columns(one["event_id"])
    )
    (ref,) = Citations(ingested.inputs, ingested.events, places).resolve([Cite(one["event_id"][0])])
    assert ref.also_at == (f"other.txt:{ref.line}",)


def test_an_event_that_is_not_there_is_a_mistake(write):
    ingested = ingest(Found((write("debug.txt", LINES[2]),), ()))
    with pytest.raises(KeyError):
        Citations(ingested.inputs, ingested.events, ingested.events.clear()).resolve([Cite(7)])


@given(st.text(max_size=900), st.text(max_size=30))
def test_an_excerpt_is_a_part_of_the_line(line, needle):
    shown = excerpt(line, needle)
    assert len(shown) <= EXCERPT + 2
    assert not CONTROL.search(shown)
    plain = CONTROL.sub("\ufffd", line)
    body = shown.removeprefix(CUT) if not plain.startswith(shown.removesuffix(CUT)) else shown
    body = body if body in plain else body.removesuffix(CUT)
    assert body in plain or redact(plain) != plain


@given(st.text("ab ", max_size=600), st.text("xy", min_size=1, max_size=20), st.text("ab ", max_size=600))
def test_what_was_looked_for_is_shown(before, needle, after):
    assert needle in excerpt(before + needle + after, needle)


def test_a_secret_does_not_escape_through_a_cut():
    secret = "sk-ant-" + "Ab3dE5gH" * 5
    for start in range(180, 260):
        line = "x" * start + " " + secret + " " + "y" * 50
        assert "Ab3dE5gHAb3dE5gH" not in excerpt(line)
        assert "Ab3dE5gHAb3dE5gH" not in excerpt(line, "Ab3dE5gH")
        assert "Ab3dE5gHAb3dE5gH" not in excerpt(line, "y" * 10)


def test_a_line_of_many_megabytes_is_not_searched_whole():
    line = "[DEBUG] " + "x" * 20_000_000 + " Ab " + "y" * 20_000_000
    assert excerpt(line).startswith("[DEBUG] xx")
    assert " Ab y" in excerpt(line, " Ab ")

"""What a new version of a program brings is counted, and nothing that is known is called new."""

from __future__ import annotations

from importlib.resources import files

import pytest

from forensics.evidence.account import Shape
from forensics.formats.shapes import DISTINCT, Tally, known, nothing_known, shape_of

NEW = "2026-11-22T10:00:00.000Z [INFO] [Quantum] entanglement lost after 12ms\n"
OLD = "2026-11-22T10:00:01.000Z [DEBUG] Writing to temp file: /home/dev/a.json.tmp.17.1763000000000\n"


@pytest.mark.parametrize(
    ("message", "shape"),
    [
        ("Writing to temp file: /home/dev/x.tmp.1.2", "Writing to temp file:"),
        ("[API:timing] first byte after 2508ms", "[API:timing] first byte after …"),
        ("Stream started - received first chunk", "Stream started - received first …"),
        ("Executing hooks for PreToolUse:Bash", "Executing hooks for PreToolUse:"),
        ('MCP server "voice": Calling MCP tool: converse', "MCP server … Calling MCP tool:"),
        (r'"MCP server \"voice\" Server stderr: x\ny"', "MCP server … Server stderr:"),
        ('"Hook PreToolUse:Bash (PreToolUse) error"', "Hook PreToolUse:"),
        ("STT failed for http://127.0.0.1:2022/v1 (whisper): no", "STT failed for …"),
        ("17 apples", "…"),
        ("", ""),
    ],
)
def test_a_shape_is_what_does_not_differ_from_record_to_record(message, shape):
    assert shape_of(message) == shape


def test_words_of_people_are_not_in_a_shape():
    assert shape_of("Bash tool description: Deploy for Alice Example") == "Bash tool description:"


def test_a_debug_log_counts_what_was_never_recorded(read):
    parsed = read("debug/x.txt", OLD + NEW + "a continuation\n" + NEW + OLD)
    assert parsed.records == 4
    assert parsed.unknown == (Shape("[Quantum] entanglement lost after …", 2, 2),)
    assert parsed.lines_understood == 5


def test_a_short_known_shape_does_not_hide_a_longer_new_one(read):
    # "Found …" is known, and stands in the middle of this message only
    parsed = read("debug/x.txt", OLD + "[DEBUG] Lost and Found 3 items\n")
    assert [s.text for s in parsed.unknown] == ["Lost and Found …"]


def test_a_transcript_counts_types_parts_and_subtypes(read):
    lines = [
        '{"type":"user","sessionId":"s","message":{"role":"user","content":"go"}}',
        '{"type":"hologram","sessionId":"s"}',
        '{"type":"system","subtype":"teleported","sessionId":"s"}',
        '{"type":"assistant","sessionId":"s","message":{"content":[{"type":"text"},{"type":"smell"}]}}',
        '{"type":"hologram","sessionId":"s"}',
    ]
    parsed = read("projects/p/x.jsonl", "\n".join(lines))
    assert parsed.records == 5
    assert parsed.unknown == (
        Shape("hologram", 2, 2),
        Shape("system teleported", 3, 1),
        Shape("assistant smell", 4, 1),
    )


def test_a_servers_stderr_counts_what_no_release_prints(read):
    head = "2026-11-22 01:00:00,000 - voicemode - INFO - "
    parsed = read("stderr.log", f"{head}STT: Starting speech-to-text conversion\n{head}Brewing coffee now\n")
    assert parsed.records == 2
    assert parsed.unknown == (Shape("Brewing coffee now", 2, 1),)


def test_an_mcp_log_counts_what_the_client_never_said(read):
    item = '{{"debug":"{}","timestamp":"2026-11-22T10:00:00.000Z","sessionId":"s","cwd":"/p"}}\n'
    said = ["Calling MCP tool: converse", "Tunnelling to the moon"]
    parsed = read("mcp-logs-x/1.jsonl", "".join(item.format(text) for text in said))
    assert parsed.records == 2
    assert parsed.unknown == (Shape("MCP server … Tunnelling to the moon", 2, 1),)


def test_the_number_of_shapes_is_bounded():
    tally = Tally()
    for n in range(DISTINCT + 10):
        tally.add(n + 1, f"shape {n}")
    assert len(tally.unknown) == DISTINCT + 1
    assert tally.unknown[0] == Shape("…", DISTINCT + 1, 10)


def test_while_learning_nothing_is_known(read):
    with nothing_known():
        assert [s.text for s in read("debug/x.txt", OLD).unknown] == ["Writing to temp file:"]
    assert read("debug/x.txt", OLD).unknown == ()


@pytest.mark.parametrize(
    "name", ["claude-debug", "transcript", "voice-events", "voice-exchanges", "voice-stderr"]
)
def test_a_table_of_shapes_is_sorted_and_each_row_names_its_versions(name):
    text = (files("forensics") / "formats" / "known" / f"{name}.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.split("\n")[1:] if line]
    assert rows == sorted(rows)
    assert all(len(row) == 2 and row[1] for row in rows)
    assert {row[0] for row in rows} == known(name).shapes


def test_a_format_that_nobody_recorded_has_no_known_shape():
    assert known("nobody-recorded-it").shapes == frozenset()

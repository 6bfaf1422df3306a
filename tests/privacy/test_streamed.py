"""No piece of a streamed text is shown: a secret over two of them has no shape in either."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.citations import excerpt
from forensics.evidence.near_lines import near_lines
from forensics.privacy.redact import unredacted
from forensics.privacy.streamed import without_pieces

FIRST, SECOND = "key gh" + "p_ptgUzEjfebzJ6s", "ZWdoHIxrXl0gqn87b1PZqZ"


def delta(text, kind="text", name="text", *, turned=False, **more):
    told = {name: text, "type": f"{kind}_delta"} if turned else {"type": f"{kind}_delta", name: text}
    return json.dumps({"type": "stream_event", "event": {"type": "content_block_delta", "index": 0, "delta": told}, **more})  # fmt: skip


PIECES = [
    delta(SECOND),
    delta(SECOND, turned=True),
    delta(SECOND, "thinking", "thinking"),
    delta(f'{{"a": "{SECOND}', "input_json", "partial_json"),
    delta(SECOND, "input_json", "partial_json", turned=True),
    delta(SECOND).replace(" ", ""),
    json.dumps({"wrapped": delta(SECOND)}),
    f"2025-10-21T07:00:00Z [DEBUG] data: {delta(SECOND)}",
    delta(SECOND)[: -len('"}}}') - 3],
]


@pytest.mark.parametrize("line", PIECES)
def test_a_piece_is_not_shown(line):
    shown = without_pieces(line)
    assert SECOND[:12] not in shown
    assert "a piece of a streamed text" in shown
    assert without_pieces(shown) == shown
    assert SECOND[:12] not in excerpt(line, SECOND[:8])


def test_lines_around_show_no_half_of_a_secret():
    lines = list(enumerate([delta(FIRST), delta(SECOND), '{"type":"result","result":"failed"}'], start=1))
    shown = "".join(line.text for line in near_lines(lines, 2))
    assert SECOND[:12] not in shown
    assert "failed" in shown


def test_who_wants_all_sees_all():
    with unredacted():
        assert without_pieces(PIECES[0]) == PIECES[0]


@pytest.mark.parametrize(
    "line", ['{"delta": 3}', '{"type":"text","text":"delta"}', "delta", '{"delta":{"text":""}}']
)
def test_other_lines_stay(line):
    assert without_pieces(line) == line

"""JSON values to lines: where they begin, and which lines they account for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.evidence.containers.values import has_records, is_laid_out, is_record, values_of

INIT = '{"type":"system","subtype":"init","session_id":"s"}'
OPENED = '{\n  "type": "assistant",\n  "session_id": "s",\n  "message": {\n'


def told(text):
    return [(v.line, v.lines, v.data.decode()) for v in values_of(enumerate(text.encode().split(b"\n"), 1))]


def test_a_value_stands_on_its_first_line_and_accounts_for_all_of_its_lines():
    assert told('x\n{\n  "type": "a",\n  "b": [1,\n  2]\n}\ny') == [
        (1, 1, "x"),
        (2, 5, '{"type": "a","b": [1,2]}'),
        (7, 1, "y"),
    ]


def test_values_of_one_line_account_for_it_once_and_say_where_they_begin():
    line = f"[{INIT}, {INIT}]"
    found = list(values_of([(7, line.encode())]))
    assert [(v.line, v.lines) for v in found] == [(7, 1), (7, 0)]
    assert all(line.encode()[-v.before_end :].startswith(v.data) for v in found)


def test_brackets_in_texts_are_no_brackets():
    assert told('{\n "type": "a }\\"{",\n "b": "]"\n}')[0][:2] == (1, 4)


def test_a_value_that_other_output_breaks_is_given_as_far_as_it_goes():
    assert told(f"{OPENED}npm warn\n{INIT}") == [
        (1, 4, '{"type": "assistant","session_id": "s","message": {'),
        (5, 1, "npm warn"),
        (6, 1, INIT),
    ]


@pytest.mark.parametrize("after", [INIT, '{\n  "type": "system",\n  "subtype": "init"\n}'])
def test_a_record_that_begins_inside_of_a_cut_one_is_a_record_of_its_own(after):
    found = told(OPENED + after)
    assert [(line, lines) for line, lines, _ in found] == [(1, 4), (5, after.count("\n") + 1)]
    assert is_record(found[1][2].encode())


def test_other_json_stays_the_lines_that_it_is():
    text = (
        'options: {\n  "a": [\n    "b"\n  ]\n}\n[\n  "c"\n]\nsending {\n  method: \'post\',\n}\n[DEBUG] x {'
    )
    assert told(text) == [(n, 1, line) for n, line in enumerate(text.split("\n"), 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[{INIT}]", True),
        (f"[\n{INIT}\n]", False),  # one on a line, but for the brackets, which are no record
        (f"{INIT}\n{INIT}\n", False),
        (f"{INIT} {INIT}\n", True),
        ('[{"type":"object"}]', False),
        ('[{"content":"a","status":"pending"}]', False),
    ],
)
def test_only_records_that_do_not_stand_one_on_a_line_are_laid_out(text, expected):
    assert is_laid_out(text.encode()) == expected


def test_what_is_a_record():
    assert has_records(b'x\n{"message":{},"type":"user"}')
    assert not has_records(b'{"type":"object","message":{}}\n{"type":"user"}\n{"type":')


PIECES = st.sampled_from(
    ["{", "}", "[", "]", ",", '"', "\\", "\n", " ", "x", '"type": "user"', INIT, OPENED, "\n{\n", "\r\n", "é"]
)


@given(st.lists(PIECES, max_size=30))
@settings(max_examples=300, deadline=None)
def test_every_line_is_accounted_for_once_and_in_order(pieces):
    lines = "".join(pieces).encode().split(b"\n")
    found = list(values_of(enumerate(lines, 1)))
    assert sum(v.lines for v in found) == len(lines)
    assert [v.line for v in found] == sorted(v.line for v in found)
    covered = [n for v in found for n in range(v.line + (v.lines == 0), v.line + v.lines)]
    assert set(covered) <= set(range(1, len(lines) + 1))


HELD = {
    "on one line": '{"cost": 1, "messages": [' + f"{INIT}, {INIT}" + '], "n": 2}',
    "opened on a line": '{"messages": [\n' + f"{INIT},\n{INIT}\n" + "]}",
    "printed": json.dumps({"cost": {"usd": 1}, "messages": [json.loads(INIT)] * 2, "n": [3]}, indent=2),
}


@pytest.mark.parametrize("layout", HELD)
def test_records_that_an_object_holds_in_a_list_are_records(layout):
    text = HELD[layout]
    found = told(text)
    records = [(line, json.loads(data)) for line, _, data in found if is_record(data.encode())]
    assert [record for _, record in records] == [json.loads(INIT)] * 2
    lines = text.split("\n")
    assert all(("{" in lines[line - 1]) for line, _ in records)
    assert sum(n for _, n, _ in found) == len(lines)
    assert is_laid_out(text.encode())


def test_a_record_that_has_a_list_of_its_own_is_one_record():
    inner = {"type": "text", "uuid": "u"}
    for record in (
        {"message": {}, "toolUseResult": [inner], "type": "user", "uuid": "v"},
        {"mcp_servers": [{"name": "x"}], "session_id": "s", "subtype": "init", "type": "system"},
    ):
        for indent in (None, 2):
            found = told(json.dumps(record, indent=indent))
            assert [json.loads(data) for _, _, data in found] == [record]

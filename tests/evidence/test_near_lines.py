"""Lines around evidence: which they are, and that no secret comes with them."""

from __future__ import annotations

import shutil

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.near_lines import HELD, LONGEST, near_lines
from forensics.privacy.redact import unredacted
from tests.support.analyses import analysis_of

BODY = "MIIEowIBAAKCAQEAx7Qk2mVb9dNw3hRzJpTf8LsYc1Ga5UoEi0Wn6KtBvXqZrMyD"
REST = "Hj4PlCeSgFuA=="


def shown(*lines: str, before: int = 0) -> list[str]:
    numbered = list(enumerate(lines, 1))
    return [line.text for line in near_lines(numbered, before + 1)]


def test_lines_keep_their_numbers():
    near = near_lines([(7, "a"), (8, "b"), (9, "c")], 8)
    assert [(line.number, line.text) for line in near] == [(8, "b"), (9, "c")]


def test_a_private_key_over_several_lines_is_taken_out_whole():
    text = shown(
        "start", "-----BEGIN RSA PRIVATE KEY-----", BODY, REST, "-----END RSA PRIVATE KEY-----", "end"
    )
    assert (text[0], text[-1]) == ("start", "end")
    assert len(text) == 6
    assert not any(part in line for line in text for part in (BODY, REST.rstrip("=")))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((BODY, BODY, REST, "-----END PRIVATE KEY-----", "after"), id="its beginning outside"),
        pytest.param(("before", "-----BEGIN PRIVATE KEY-----", BODY, BODY), id="its end outside"),
        pytest.param((BODY, BODY, REST), id="both outside"),
        pytest.param((f'    "{BODY}",', f"| {BODY}", f"  {REST}"), id="quoted and indented"),
        pytest.param((f"2025-10-21 03:54:21 [DEBUG] {BODY}", "x"), id="behind a log's own words"),
        pytest.param((REST, "-----END OPENSSH PRIVATE KEY-----"), id="its last line alone"),
    ],
)
def test_a_part_of_a_key_is_taken_out(lines):
    told = "\n".join(shown(*lines))
    assert BODY[:20] not in told
    assert REST[:8] not in told


def test_who_wants_secrets_sees_key_material_too():
    with unredacted():
        assert shown(BODY, REST, "-----END PRIVATE KEY-----") == [BODY, REST, "-----END PRIVATE KEY-----"]
    assert BODY not in shown(BODY)


@pytest.mark.parametrize("redacting", [True, False])
def test_a_run_that_redacts_nothing_shows_the_lines_around_as_they_are(redacting, incident, tmp_path):
    log = next(incident.rglob("c4f74656*.txt"))
    failed = "STT service connection failed:"
    copy = tmp_path / log.name
    copy.write_text(log.read_text(encoding="utf-8").replace(failed, f"{failed}\n{BODY}"), encoding="utf-8")
    analysis = analyse(Request([copy], around=2, redacting=redacting))
    told = [line.text for lines in analysis.around.values() for line in lines]
    assert told
    assert (BODY in told) != redacting


@pytest.mark.parametrize(
    "line",
    [
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "/home/dev/liv-hana/src/components/authentication/providers/session/index/handlers.py",
        "nothing of note happens here",
    ],
)
def test_a_digest_a_path_and_words_stay(line):
    assert shown("before", line, "after") == ["before", line, "after"]


def test_a_secret_named_on_the_line_before_the_window_is_taken_out():
    value = "q9Zr4Tn7Wb2Kx5Vd"
    assert value not in "\n".join(shown('"api_key":', f'    "{value}"', "x", before=1))


def test_a_secret_at_the_cut_is_taken_out():
    key = "sk-ant-" + "a1B2" * 12
    assert "sk-ant-a1" not in shown("x" * (LONGEST - 12) + " " + key)[0]


@pytest.mark.parametrize("at", range(HELD - 60, HELD + 1, 7))
@pytest.mark.parametrize(
    "before", ["x ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.", '{"a":"b","message":"']
)
def test_a_secret_at_the_end_of_what_is_looked_at_is_not_shown_in_part(before, at):
    key = "sk-ant-api03-" + "a1B2" * 12
    line = (before + "J" * (at - len(before) - 1) if before.startswith("eyJ") else before * at)[: at - 1]
    assert "sk-ant-api" not in shown(line + " " + key + " " + "x" * 5000)[0]


def test_a_long_line_is_cut_and_says_so():
    (text,) = shown("yes " * 100_000)
    assert text == ("yes " * 100)[:LONGEST] + "…"


def test_of_a_long_record_the_message_is_shown():
    line = '{"parentUuid":"' + "f" * 200 + '","message":{"role":"user","content":"' + "hello " * 80 + '"}}'
    (text,) = shown(line)
    assert text.startswith('…"message":{"role":"user"')
    assert text.endswith("…")


def test_control_characters_are_replaced():
    assert shown("a\x1b[31mb\u202ec\x00") == ["a\ufffd[31mb\ufffdc\ufffd"]


def test_nothing_is_read_around_where_nobody_asks(incident):
    assert analysis_of(incident).around == {}


def test_each_cited_line_has_the_lines_around_it(incident):
    analysis = analysis_of(incident, around=2)
    for finding in analysis.findings:
        for ref in finding.evidence:
            numbers = [line.number for line in analysis.around[ref.path, ref.line]]
            last = (incident / ref.path).read_bytes().count(b"\n")
            assert numbers == list(range(max(1, ref.line - 2), min(last, ref.line + 2) + 1))


def test_a_line_around_stands_in_its_file(incident):
    for (path, _), window in analysis_of(incident, around=3).around.items():
        lines = (incident / path).read_bytes().decode("utf-8", "replace").split("\n")
        for line in window:
            for piece in line.text.replace("�", "…").replace("[redacted", "…").split("…"):
                assert piece in lines[line.number - 1] or "characters]" in piece


def test_lines_around_are_kept_for_packed_logs(incident, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "logs"), "gztar", incident)
    (_, line), window = next(iter(analyse(Request([tmp_path / packed], around=1)).around.items()))
    assert line in [near.number for near in window]

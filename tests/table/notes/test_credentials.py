"""What of a credential is seen: kind, place and length, whatever stands around it. All of them are made up."""

from __future__ import annotations

import gzip
import hashlib
import json
import string
import time

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.batch import Batch
from forensics.evidence.discover import Found
from forensics.evidence.file import open_evidence
from forensics.privacy.secret_kinds import ISSUED
from forensics.render.answers.json_report import to_json
from forensics.render.report.markdown import to_markdown
from forensics.schema import EventKind
from forensics.table.ingest import ingest
from forensics.table.notes.credentials import LEAST, Scanner

SESSION = "5e551011-0000-4000-8000-000000000001"


def body(length, alphabet=string.ascii_letters + string.digits):
    drawn = (b for n in range(99) for b in hashlib.sha512(f"made up {n}".encode()).digest())
    return "".join(alphabet[next(drawn) % len(alphabet)] for _ in range(length))


def block(end="\n"):
    lines = [body(64), body(640)[64:128], body(640)[128:192]]
    begin, last = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
    return end.join([begin, *lines, last])


HEAD = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
# put together at run time: no scanner should take this file for a leak
KEYS = {
    "private key": block(),
    "anthropic key": "sk-ant-" + "api03-" + body(95),
    "openai key": "sk-" + "proj-" + body(48),
    "github token": "ghp" + "_" + body(36),
    "aws key id": "AK" + "IA" + body(16, string.ascii_uppercase + "234567"),
    "google key": "AI" + "za" + body(35),
    "slack token": "xo" + "xb-" + body(24, string.digits + string.ascii_letters),
    "perplexity key": "pplx" + "-" + body(48),
    "jwt": HEAD + "eyJzdWIiOiJhYjEyIn0." + body(43),
    "hugging face token": "hf" + "_" + body(34, string.ascii_letters),
    "gitlab token": "glpat" + "-" + body(20),
    "npm token": "npm" + "_" + body(36),
    "groq key": "gsk" + "_" + body(52),
    "xai key": "xai" + "-" + body(80),
    "stripe key": "sk" + "_live_" + body(24),
    "elevenlabs key": "sk" + "_" + body(48, "0123456789abcdef"),
}


def looked(data, *, size=None):
    scanner = Scanner()
    lines = data.splitlines(keepends=True) if size else [data]
    number = 1
    for n in range(0, len(lines), size or 1):
        piece = b"".join(lines[n : n + (size or 1)])
        scanner.look(Batch(number, piece))
        number += piece.count(b"\n")
    return [(r["component"], r["line"], r["count"]) for r in scanner.rows]


def test_every_kind_of_issuer_is_tried():
    assert set(KEYS) == {kind.name for kind in ISSUED}
    assert set(LEAST) == set(KEYS) - {"private key", "jwt"}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "frame", ["{}", "key={} and", '{{"key":"{}"}}', "see\\n{}\\nthere", "\x1b[31m{}\x1b[0m", "é {} ü"]
)
def test_a_key_is_seen_wherever_it_stands(kind, frame):
    found = looked(b"first\n" + frame.format(KEYS[kind]).encode() + b"\nlast\n")
    assert [(k, line) for k, line, _ in found] == [(kind, 2)]


@pytest.mark.parametrize("kind", ["openai key", "github token", "google key", "npm token"])
def test_one_that_lacks_a_character_is_none(kind):
    begin = KEYS[kind].rpartition("-")[0] + "-" if kind == "openai key" else KEYS[kind][:4]
    assert looked((begin + body(LEAST[kind])).encode())
    assert not looked((begin + body(LEAST[kind] - 1)).encode())


def test_a_private_key_may_be_escaped_or_cut_off():
    assert [k for k, *_ in looked(block("\\n").encode())] == ["private key"]
    assert [k for k, *_ in looked(block("\\\\n").encode())] == ["private key"]
    assert [k for k, *_ in looked(block().partition("-----END")[0].encode())] == ["private key"]
    assert (
        looked(b"-----BEGIN RSA " + b"PRIVATE KEY----- is how it begins, and then there are many words\n")
        == []
    )


def test_a_private_key_is_seen_over_the_end_of_a_piece():
    data = b"one\ntwo\n" + block().encode() + b"\nlast\n"
    assert looked(data, size=3) == looked(data)
    assert [(k, line) for k, line, _ in looked(data)] == [("private key", 3)]


def test_a_key_that_a_terminal_wrapped_is_seen_where_it_begins():
    key = KEYS["anthropic key"]
    assert looked(f"a\n{key[:80]}\n{key[80:]}\n".encode()) == [("anthropic key", 2, 80)]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pieces_change_nothing(size):
    data = "".join(
        f"{n} {key}\n" for n, (kind, key) in enumerate(KEYS.items()) if kind != "private key"
    ).encode()
    assert looked(data, size=size) == looked(data)


def test_bytes_that_are_no_text_change_no_place():
    data = b"\xff\xfe \xc3\n" + KEYS["github token"].encode() + b" \xff\n"
    assert looked(data) == [("github token", 2, 40)]


def test_a_mark_over_the_edge_of_what_is_searched_at_once():
    for before in range(2**20 - 60, 2**20 + 4):
        data = b"x" * (before - 1) + b" " + KEYS["github token"].encode() + b"\n"
        assert looked(data) == [("github token", 1, 40)], before


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-api03-your-api-key-goes-here-and-nothing-else-0123",
        "sk-" + "x" * 48,
        "sk-" + "Ab3d" * 12,
        "AKIA" + "IOSFODNN7EXAMPLE",
        "sk-abcdefghijklmnopqrstuvwxyz0123456789abcd",
        "sk-spinner-fading-circle-animation-12",
        "hf_someLongNameOfAFunctionThatLoadsModels",
        "a_task-" + body(48),
        HEAD + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + body(43),
        HEAD + "eyJyb2xlIjoiYW5vbiJ9." + body(43),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhYjEyIn0.",
        "PUBLISHABLE_KEY=" + body(40),
        "SESSION_TOKEN=c4f74656-68ad-4973-8f53-0b862ed16d5d",
        "TOKEN=" + "a" * 30,
        "Authorization: Basic dXNlcjpleGFtcGxlLXBhc3N3b3Jk",
        "Basic understanding of Bearer authentication1234",
    ],
)
def test_what_is_no_credential(text):
    assert looked(text.encode()) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SPEECH_API_KEY=" + body(40), "secret variable"),
        ('\\"SPEECH_API_KEY\\": \\"' + body(40) + '\\"', "secret variable"),
        ("export DB_PASSWORD='" + body(24) + "'", "secret variable"),
        ("Authorization: Bearer " + body(48), "bearer token"),
        ("authorization: basic YWxpY2U6aDduMlFkODJsUHE=", "basic credential"),
    ],
)
def test_what_its_surroundings_tell(text, kind):
    assert [k for k, *_ in looked(text.encode())] == [kind]


def transcript(text):
    record = {"type": "user", "uuid": "u1", "sessionId": SESSION, "timestamp": "2026-03-02T10:00:00.000Z"}
    return json.dumps(record | {"message": {"role": "user", "content": text}}) + "\n"


def test_a_key_becomes_an_event_of_its_line_and_session(tmp_path):
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_text(
        transcript("hello")
        + transcript(f"twice {KEYS['openai key']} {KEYS['openai key']} {KEYS['npm token']}")
    )
    evidence = open_evidence(path, path.name)
    events = ingest(Found((evidence,), ())).events
    seen = events.filter(events["kind"] == EventKind.CREDENTIAL_SEEN.value)
    assert seen["line"].to_list() == [2, 2]
    assert events["event_id"].is_unique().all()
    again = ingest(Found((evidence,), ())).events
    assert again.equals(events)


@pytest.mark.parametrize("pack", [lambda b: b, gzip.compress], ids=["plain", "gzip"])
def test_no_output_holds_a_character_of_it(tmp_path, pack):
    path = tmp_path / (f"{SESSION}.jsonl" if pack(b"") == b"" else f"{SESSION}.jsonl.gz")
    far = "word " * 9000
    keys = [key for kind, key in KEYS.items() if kind != "jwt"]
    path.write_bytes(pack("".join(transcript(f"{far} {key} after") for key in keys).encode()))
    analysis = analyse(Request([path]))
    found = [f for f in analysis.findings if f.rule == "CCF410"]
    assert len(found) == len(keys)
    assert all("[redacted: " in e.excerpt for f in found for e in f.evidence)
    for text in (to_markdown(analysis), to_json(analysis)):
        for key in keys:
            for start in range(8, len(key) - 8, 8):
                assert key[-start:][:8] not in text or "PRIVATE" in key[-start:]


@pytest.mark.parametrize(
    "text",
    [
        "sk-" * 100_000,
        " ghp_" * 80_000,
        "ghp_" + "a1B2" * 100_000,
        "-----BEGIN " + "PRIVATE KEY-----" * 20_000,
        ("-----BEGIN RSA " + "PRIVATE KEY-----" + "A" * 500) * 500,
        "KEY=" * 100_000,
        "Bearer " * 60_000,
        "eyJaaaaaaaa." * 40_000,
    ],
    ids=range(8),
)
def test_it_takes_time_in_proportion(text):
    began = time.process_time()
    looked(text.encode())
    assert time.process_time() - began < 5

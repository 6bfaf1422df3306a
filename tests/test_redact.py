"""Secrets go whole, and ordinary text stays. All secrets here are made up."""

from __future__ import annotations

import json
import re
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.discover import Found
from forensics.ingest import ingest
from forensics.redact import SHAPES, cut, redact, redact_columns

# put together at run time: no scanner should take this file for a leak
BODY = "Ab3dE5gH" * 5
SECRETS = {
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow" + BODY + "\n-----END RSA PRIVATE KEY-----",
    "anthropic key": "sk-ant-" + "api03-" + BODY,
    "openai key": "sk-" + "proj-" + BODY,
    "github token": "ghp_" + BODY[:36],
    "aws key id": "AKIA" + "Z7Q2" * 4,
    "google key": "AIza" + BODY[:35],
    "slack token": "xoxb-" + "123456789012-" + BODY[:24],
    "perplexity key": "pplx-" + BODY,
    "jwt": "eyJ" + BODY[:20] + ".eyJ" + BODY[:30] + "." + BODY[:20],
    "hugging face token": "hf_" + BODY[:34],
    "gitlab token": "glpat-" + BODY[:20],
    "npm token": "npm_" + BODY[:36],
    "groq key": "gsk_" + BODY,
    "xai key": "xai-" + BODY,
    "stripe key": "sk_" + "live_" + BODY[:24],
    "elevenlabs key": "sk_" + "ab3de5fb" * 6,
    "option": "run --api-key " + BODY,
    "secret": "MY_SERVICE_TOKEN=" + "abcdefgh" * 3,
    "password": "password=" + BODY[:8],
    "authorization": "Authorization: Bearer " + BODY,
    "password in url": "postgres://user:" + "hunter2secret" + "@db.example/x",
    "environment secret": "export MY_SERVICE_API_KEY=" + BODY,
}
VALUES = {
    "authorization": BODY,
    "option": BODY,
    "password": BODY[:8],
    "password in url": "hunter2secret",
    "environment secret": BODY,
}
NAMED = [
    '"ELEVENLABS_API_KEY": "{}"',
    '\\"ELEVENLABS_API_KEY\\":\\"{}\\"',
    '\\\\\\"apiKey\\\\\\": \\\\\\"{}\\\\\\"',
    "'client_secret': '{}'",
    "https://host/v1?api_key={}",
    "x-api-key: {}",
    'api_key: "{}"',
    "curl --api-key {} http://h",
    '["--token", "{}"]',
    "password={}",
    "Authorization: token {}",
    '\\"Authorization\\": \\"Bearer {}\\"',
    "OPENAI_API_KEY={}",
]
MASKED = "sk-abc" + "*" * 20 + "wxyz"
ORDINARY = [
    "c4f74656-68ad-4973-8f53-0b862ed16d5d",
    "toolu_01HqVt7XcYzKw9mPqRsTuVwX",
    "msg_01sf4aeje8WCPs8UYA7GYUU9",
    "req_011CUKzRsTuVwXyZ12345678",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "claude-haiku-4-5-20251001 and claude-opus-4-1-20250805",
    "/home/dev/.claude/todos/c4f74656-68ad-4973-8f53-0b862ed16d5d-agent-d242a562.json",
    "/home/dev/liv-hana/src/task-runner/disk-space-checker-2025.py",
    "Writing to temp file: /home/dev/.claude.json.tmp.48213.1761030003412",
    "http://127.0.0.1:2022/v1/audio/transcriptions",
    "https://api.openai.com/v1 (openai)",
    "git@github.com:example/repo.git and ssh://git@github.com/example/repo.git",
    "2026-11-22T07:50:12.519Z [DEBUG] autocompact: tokens=48213 level=ok effectiveWindow=980000",
    "tokens: 12345678901234567890",
    "the bearer of bad news is a basic requirement",
    "MAX_THINKING_TOKENS=31999",
    "ANTHROPIC_API_KEY is not set, nor is OPENAI_API_KEY",
    "OPENAI_API_KEY=${OPENAI_API_KEY}",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS=64000",
    "client_session: <aiohttp.client.ClientSession object at 0x7f0012345678>",
    "ask-for-permission-before-writing-the-file",
    "risk-assessment-of-the-deployment-plan",
    "{'error': {'message': \"You didn't provide an API key.\", 'code': None}}",
    "{'message': 'Incorrect API key', 'type': 'invalid_request_error', 'code': 'invalid_api_key', 'param': None}",
    "set OPENAI_API_KEY to a valid key",
    "The api_key client option must be set either by passing api_key to the client or by setting the OPENAI_API_KEY environment variable",
    "api_key=None, password: string, token: str | None = None",
    'the header "x-api-key": "${ANTHROPIC_API_KEY}" and api_key=os.environ["OPENAI_API_KEY"]',
    "export OPENAI_API_KEY=<your key> and --api-key KEY",
    '{"input_tokens": 1234567890123456, "cache_creation_input_tokens":12345678901234}',
    "hf_hub_download, npm_config_registry and npm_lifecycle_event",
]


@pytest.mark.parametrize("kind", [kind for kind, _ in SHAPES])
def test_a_secret_goes_whole(kind):
    text = f"before {SECRETS[kind]} after"
    shown = redact(text)
    assert VALUES.get(kind, SECRETS[kind]) not in shown
    assert not re.search(r"[A-Za-z0-9]*" + re.escape(BODY[4:16]), shown), "a part of it is left"
    assert f"[redacted: {kind}, " in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after") or kind == "password in url"


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize(
    "frame", ['{{"key": "{}"}}', "'{}'", "key={},", "({})", "{}\\nnext", 'say \\"{}\\" twice']
)
def test_wherever_it_stands(kind, frame):
    shown = redact(frame.format(SECRETS[kind]))
    assert BODY[4:16] not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("frame", NAMED)
def test_a_named_secret_goes_however_it_is_written(frame):
    shown = redact(frame.format(BODY))
    assert BODY[4:16] not in shown
    assert f"[redacted: environment secret, {len(BODY)} ch" in shown.replace("option", "environment secret").replace("authorization", "environment secret")  # fmt: skip
    assert redact(shown) == shown


@pytest.mark.parametrize("frame", ["OPENAI_API_KEY={}", '"ELEVENLABS_API_KEY": "{}"', "--api-key {}"])
def test_a_secret_without_a_digit_goes_too(frame):
    assert redact(frame.format("abcdefghijklmnopqrst")).endswith(("20 characters]", '20 characters]"'))


def test_a_masked_key_goes_too():
    assert redact(f"Incorrect API key provided: {MASKED}. You can") == "Incorrect API key provided: [redacted: openai key, 30 characters]. You can"  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize("kind", SECRETS)
def test_redacting_twice_changes_nothing(kind):
    once = redact(f"a {SECRETS[kind]} b {SECRETS[kind]} c")
    assert redact(once) == once


@given(
    st.lists(
        st.sampled_from(
            [
                *SECRETS.values(),
                *ORDINARY,
                *NAMED,
                MASKED,
                "password",
                "--token",
                "=",
                " ",
                '"',
                ":",
                "\n",
                "Bearer ",
                "KEY=",
                "@",
            ]
        ),
        max_size=6,
    ).map("".join)
)
def test_redacting_any_mixture_twice_changes_nothing(text):
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("before", [395, 380, 360])
def test_a_cut_leaves_no_part_of_a_secret(kind, before):
    shown = redact(cut("x" * (before - 1) + " " + SECRETS[kind] + " after" * 100, 400))
    assert len(shown) <= 400
    assert not re.search("Ab3|MIIE|hunter|api03|Z7Q2Z7|abcdefgh", shown)


def test_columns_and_single_texts_agree():
    texts = [*SECRETS.values(), *ORDINARY, MASKED, None, ""]
    frame = redact_columns(pl.DataFrame({"message": texts, "other": texts}), "message")
    assert frame["message"].to_list() == [None if t is None else redact(t) for t in texts]
    assert frame["other"].to_list() == texts
    assert (
        redact_columns(
            pl.DataFrame({"message": [None, None]}, schema={"message": pl.String}), "message"
        ).height
        == 2
    )


def test_no_column_keeps_a_secret(write):
    url = "http://user:hunter2secret@127.0.0.1:2022/v1"
    chain = (
        f"2025-10-21 03:54:21,770 - voicemode - INFO - STT: Attempting primary endpoint: {url} (whisper)\n"
        f"2025-10-21 03:54:51,800 - voicemode - WARNING - STT failed for {url} (whisper): Request timed out.\n"
    )
    item = json.dumps([{"content": f"call {url}", "status": "pending"}])
    files = (write("stderr.log", chain), write(f"todos/{'a' * 36}-agent-{'a' * 36}.json", item))
    ingested = ingest(Found(files, ()))
    assert "hunter2" not in str([*ingested.events.rows(), *ingested.todos.rows()])
    assert ingested.events["endpoint"].drop_nulls().to_list() == ["http://user:[redacted: password in url, 13 characters]@127.0.0.1:2022/v1"] * 2  # fmt: skip


def test_a_long_text_takes_no_long_time():
    for piece in (
        "a" * 100_000,
        "KEY" * 30_000,
        "-" * 100_000,
        "eyJ" * 30_000,
        "A_" * 50_000,
        "a:" * 50_000,
        "://" * 30_000,
        "bearer " * 15_000,
        "token=" * 15_000,
        "api_key-" * 12_000,
        "--a-" * 25_000,
        "token" + "\\" * 100_000,
        "password: " + " " * 100_000,
        "--token " + " " * 100_000,
    ):
        assert redact(piece) == piece


@pytest.mark.parametrize(
    "text",
    [
        r"see\nghp_QZQZQZQZ1234QZQZQZQZ5678QZQZQZQZ9012",
        r"see\tAKIAZ7Q2Z7Q2Z7Q2Z7Q2",
        "\x1b[31msk-proj-Ab3dE5gHAb3dE5gHAb3dE5gH",
        r"at https:\/\/user:hunter2pw@example.org\/x",
        "at HTTPS://user:hunter2pw@example.org/x",
    ],
)
def test_a_secret_behind_an_escape_or_in_capitals_is_one(text):
    assert "[redacted: " in redact(text)


@pytest.mark.parametrize("text", ["a." * 40_000 + "://", "eyJ" + "aaaaaaaa-eyJ" * 8_000])
def test_redacting_takes_time_in_proportion(text):
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 3

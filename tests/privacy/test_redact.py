"""Secrets go whole, and ordinary text stays. All secrets here are made up."""

from __future__ import annotations

import json
import re
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.analysis.citations import excerpt
from forensics.evidence.discover import Found
from forensics.privacy.redact import SHAPES, cut, redact, redact_columns
from forensics.table.ingest import ingest

# put together at run time: no scanner should take this file for a leak
BODY = "Ab3dE5gH" * 5
UUID = "ab3de5fb-ab3d-e5fb-ab3d-e5fbab3de5fb"
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
    "openrouter key": "sk-" + "or-v1-" + "ab3de5fb" * 8,
    "age key": "AGE-SECRET-" + "KEY-1" + "Z7Q2" * 14,
    "sendgrid key": "SG" + "." + BODY[:22] + "." + BODY,
    "twilio key": "twilio SK" + "ab3de5fb" * 4,
    "google refresh token": "1/" + "/0" + BODY * 2,
    "facebook token": "1234567890" + "12345|" + BODY[:30],
    "fal key": UUID + ":" + "ab3de5fb" * 4,
    "plaid token": "access-" + "sandbox-" + UUID,
    "checkout key": "sk" + "_" + UUID,
    "mailchimp key": "ab3de5fb" * 4 + "-us" + "12",
    "clickup key": "pk" + "_12345678_" + BODY[:32],
    "authress key": "sc" + "_ab3de5fb.ab3de.acc-ab3de5fbab3d." + BODY,
    "tableau token": BODY[:22] + "=" + "=:" + BODY[:32],
    "z.ai key": "ab3de5fb" * 4 + "." + BODY[:16],
    "vendor key": "datadog: " + "ab3de5fb" * 4,
    "azure secret": "Ab3" + "8Q" + "~" + BODY[:34],
    "terraform token": BODY[:14] + ".atlas" + "v1." + BODY * 2,
    "airtable token": "pat" + BODY[:14] + "." + "ab3de5fb" * 8,
    "maxmind key": BODY[:6] + "_" + BODY[:29] + "_m" + "mk",
    "ebay key": "Shop-Ab3dE5-P" + "RD-" + "ab3de5fba-ab3de5fb",
    "salesforce token": "00" + BODY[:13] + "!" + BODY * 3,
    "vault token": "s" + "." + BODY[:24],
    "gitlab mail token": "incoming" + "+group-name-42-" + BODY[:24] + "-issue@incoming.gitlab.com",
    "telegram token": "123456789:" + "AA" + BODY[:33],
    "discord token": "the discord bot, M" + BODY[:23] + "." + BODY[:6] + "." + BODY[:30],
    "webhook": "https://hooks.slack.com/" + "services/T01AB2CD3/B01AB2CD3/" + BODY[:24],
    "token in url": "https://" + BODY[:36] + "@github.com/x/y.git",
    "azure key": "AccountName=x;" + "AccountKey=" + BODY * 2 + "==;EndpointSuffix=core.windows.net",
    "parameter of url": "https://host/v1?user=x&sig=" + BODY + "&next=1",
    "cookie": '"Cookie: sid=' + BODY + '; theme=dark"',
    "credential of npm": "//registry.example/:_auth=" + BODY,
    "option": "run --api-key " + BODY,
    "secret": "MY_SERVICE_TOKEN=" + "abcdefgh" * 3,
    "password": "password=" + BODY[:8],
    "authorization": "Authorization: Bearer " + BODY,
    "password in url": "postgres://user:" + "hunter2secret" + "@db.example/x",
    "account": '{"key": "user.email", "value": {"stringValue": "ann.lee@' + 'shop.io"}}',
    "environment secret": "export MY_SERVICE_API_KEY=" + BODY,
}
# the part that goes, where it is not the whole
VALUES = {
    "discord token": BODY[:23],
    "twilio key": "ab3de5fb" * 4,
    "webhook": "T01AB2CD3/B01AB2CD3",
    "token in url": BODY[:36],
    "azure key": BODY * 2,
    "gitlab mail token": BODY[:24],
    "vendor key": "ab3de5fb" * 4,
    "parameter of url": BODY,
    "cookie": BODY,
    "credential of npm": BODY,
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
    "token: string, apiKey?: string; password: str = Field(min_length=8)",
    "const token = await getToken(request, { secret: process.env.NEXTAUTH_SECRET })",
    "password = request.form.get('password') or getpass.getpass()",
    '{"password": "Your password is incorrect"} and {"password":"string"}',
    'password: "must be at least eight characters"',
    "PASSWORD=$DB_PASSWORD DB_PASS=${DB_PASS} PGPASSWORD=<password> DB_PASSWORD=your-password",
    "PWD=/home/dev/project and OLDPWD=/home/dev, BYPASS=yes, COMPASS_PATH=north, PASS=12 FAIL=0",
    "Authorization: Bearer YOUR_TOKEN, Authorization: Bearer ${TOKEN}, Authorization: Bearer <token>",
    "authorization: basic authentication is used; Authorization: Bearer token",
    "mysql -u root -p shop; mysql -uroot -p$PASS; mysql -u root -p<password> -pYOUR_PASSWORD; mysql -u a && mkdir -pv x",
    "docker run mysql -port 3306; docker run -d mysql:8 -p3306:3306; brew install mysql && mkdir -parents",
    "docker login -u alice --password-stdin, redis-cli -a $PW, docker login -u a -p ${PW}",
    "db_pass = os.environ['DB_PASS2'], db_pass=get_pass(x1), by_pass=1234567a, user_pass: string",
    "docker run -u 1000:1000 image; curl -s https://h.example:8443/x; ps -u root",
    "curl -fsSL https://h.example | sh -s -- -u alice",
    "curl -u $USER:$PASS https://h.example",
    "cookie: none; cookies=3; set-cookie is a header",
    "https://h.example/?page=2&key=name&code=404&sort=asc",
    "cache_key=ab3de5fbab3de5fb, CACHE_KEY=ab3de5fbab3de5fb, PUBLIC_KEY: ab3de5fbab3de5fb, SORT_KEY=ab3de5fbab3de5fb",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 dev",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n",
    '"data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="',
    "integrity sha512-9tzNGmZs2cCwsmLpYmYJ7Gx2pZ9Yv1Z4cJxQm0N8JmHkqV3nXo1w7TtB5sRrC6dPpLfUuEeAaGgIiKkMmOoQqSs==",
    "disk0, task1, asked, desk4: SKIP",
    "msg.content.message.identifier.of.something.long.enough.to.be.one",
    "login: alice, please enter the password for sudo",
    '"sessionId":"c4f74656-68ad-4973-8f53-0b862ed16d5d","session_id":"c4f74656-68ad-4973-8f53-0b862ed16d5d"',
    "https://github.com/example/repo/blob/9fceb02d0ae598e95dc970b74767f19372d61af8/x.py",
    '"AWS::ApiGateway::ApiKey": "48205d4ffd7feba3", "AWS::Config::AggregationAuthorization": "283bee55be96a8f1"',
    '"AWS::EKS::AccessEntry": "6eb6ba186799e7f3", "AWS::MediaPackage::PackagingGroup": "73516c13f6ecdd30"',
    "client(secret_key=aws_secret_access_key, api_key_required=api_key_required, token=self.session.oauth2_token)",
    "RETRY_KEY = 'fs.s3.consistent.retryCount' and sk-ecdsa-sha2-nistp256@openssh.com",
    "token = Base64EncodeUrl(x2), secret: process.env.NEXTAUTH_SECRET2, password = hashlib.sha256(value).hexdigest()",
    "http://{RPC_USER}:{RPC_PASSWORD}@{RPC_HOST} and https://${USER}:${PASSWORD}@h.example",
    "OPENAI_API_KEY=your-key-here; GITHUB_TOKEN=ghp_xxxxxxxxxxxx; rpcpassword=your_secure_password_here",
    "datadog: agent 7.32.1 and sentry_sha=9fceb02d0ae598e95dc970b74767f19372d61af8, heroku_url: https://h.example/x1",
    "X-Api-Key: authentication, token_expires_at=2025-10-21T07:00:00Z, secret_name=my-secret-2024-name",
    "set -x; set -e TOKEN; zip -r a.zip b; openssl x509 -in a -out b; sudo -S ls; az login -t x; gpg --verify a",
    "hf_hub_download, npm_config_registry and npm_lifecycle_event",
]


def test_every_kind_has_an_example():
    assert {kind for kind, _ in SHAPES} == set(SECRETS)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_goes_whole(kind):
    text = f"before {SECRETS[kind]} after"
    shown = redact(text)
    assert VALUES.get(kind, SECRETS[kind]) not in shown
    assert not re.search(r"[A-Za-z0-9]*" + re.escape(BODY[4:16]), shown), "a part of it is left"
    assert f"[redacted: {kind}, " in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize(
    "frame", ['{{"key": "{}"}}', "'{}'", "key={},", "({})", "{}\\nnext", 'say \\"{}\\" twice']
)
def test_wherever_it_stands(kind, frame):
    shown = redact(frame.format(SECRETS[kind]))
    assert BODY[4:16] not in shown
    assert "hunter2" not in shown


WORD = "correcthorse"
# how secrets stand in the logs of agents: what goes, and the text around it
STANDS = {
    "curl": ("hunter2pw", "curl -s -u alice:{} https://h.example/x"),
    "curl in json": ("hunter2pw", '{{"command":"curl -sSL -u \\"alice:{}\\" https://h.example"}}'),
    "curl, long option": (WORD, "curl --user alice:{} https://h.example"),
    "curl as a list": (WORD, '["curl", "-u", "alice:{}"]'),
    "shell variable": (WORD, "DB_PASS={} make migrate"),
    "postgres": (WORD, "PGPASSWORD={} psql -h db"),
    "mysql": (WORD, 'export MYSQL_PWD="{}"'),
    "variable in json": (WORD, '{{"env":{{"DB_PASSWORD":"{}"}}}}'),
    "variable in escaped json": (WORD, '\\"DB_PASSWORD\\": \\"{}\\"'),
    "env dump": (WORD, "HOME=/root\nSMTP_PASSWORD={}\nPATH=/bin"),
    "bearer of letters": (WORD, 'curl -H "Authorization: Bearer {}" h'),
    "bearer in json": (WORD, '{{"Authorization": "Bearer {}"}}'),
    "bearer in escaped json": (WORD, '{{\\"authorization\\":\\"Bearer {}\\"}}'),
    "basic": ("YWxpY2U6aHVudGVy", "Authorization: Basic {}"),
    "raw authorization": (BODY, "authorization: {}"),
    "several words": ("correct horse battery staple", 'password: "{}"'),
    "several words in json": ("correct horse battery staple", '{{"password":"{}"}}'),
    "several words in escaped json": ("correct horse battery staple", '{{\\"passphrase\\":\\"{}\\"}}'),
    "short, with a sign": ("let-me!in", '{{"password": "{}"}}'),
    "camel case": (BODY, '{{"apiKey":"{}"}}'),
    "lower case": (BODY, "apikey={}"),
    "client secret": (BODY, "client_secret={}"),
    "client secret, camel case": (BODY, 'clientSecret: "{}"'),
    "aws secret": ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz", "aws_secret_access_key = {}"),
    "aws secret in json": ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz", '{{"SecretAccessKey": "{}"}}'),
    "aws session": (BODY * 3, 'export AWS_SESSION_TOKEN="{}"'),
    "azure storage": (BODY * 2 + "==", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x"),
    "azure bus": (BODY, "Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey={}"),
    "azure sas": (BODY, "https://a.blob.core.windows.net/c?sv=2022-11-02&sp=r&sig={}"),
    "azure openai": ("ab3de5fb" * 4, "AZURE_OPENAI_KEY={}"),
    "azure subscription": ("ab3de5fb" * 4, "Ocp-Apim-Subscription-Key: {}"),
    "twilio": ("ab3de5fb" * 4, "TWILIO_AUTH_TOKEN={}"),
    "anthropic": (BODY, "ANTHROPIC_AUTH_TOKEN={}"),
    "npm": (BODY, "//registry.npmjs.org/:_authToken={}"),
    "pip": ("hunter2secret", "pip install --index-url https://alice:{}@pypi.example/simple x"),
    "git": ("ghs" + BODY[:30], "git clone https://{}@github.com/a/b.git"),
    "kubeconfig": (BODY, "users:\\n- name: a\\n  user:\\n    token: {}"),
    "kubeconfig key": (BODY * 3, "client-key-data: {}"),
    "any key": (BODY, 'export SOME_SERVICE_KEY="{}"'),
    "netrc": (WORD, "machine h.example login alice password {}"),
    "netrc, lines": (WORD, "machine h.example\n  login alice\n  password {}\n"),
    "query": (BODY, "GET /v1/models?key={} HTTP/1.1"),
    "query in json": (BODY, "https:\\/\\/h.example\\/v1?a=1\\u0026key={}"),
    "query, url-encoded": (BODY, "next=%2Fv1%3Ftoken%3D{}"),
    "amazon url": (BODY, "https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature={}"),
    "oauth": (BODY, "http://localhost:8080/callback?code={}&state=x"),
    "set-cookie": (BODY, "< Set-Cookie: session={}; Path=/; HttpOnly"),
    "cookie in json": (BODY, '{{"headers":{{"cookie":"a={}"}}}}'),
    "x-api-key": (BODY, 'curl -H "X-Api-Key: {}" h'),
    "discord webhook": (BODY, "https://discord.com/api/webhooks/123456789012345678/{}"),
    "discord webhook in json": (BODY, "https:\\/\\/discord.com\\/api\\/webhooks\\/1234567890\\/{}"),
    "telegram url": ("123456789:AA" + BODY[:33], "https://api.telegram.org/bot{}/getMe"),
    "sshpass": (WORD, "sshpass -p '{}' ssh alice@h"),
    "mysql with a user": (WORD, "mysql -u root -p{} shop"),
    "mysql, quoted": (WORD, "/usr/bin/mysqldump --host h --user=root -p'{}' shop"),
    "mysql, a digit": (WORD + "7", "mysql -p{} shop"),
    "mysql in json": (WORD, '{{"command":"cd x\\nmysql -uroot -p\\"{}\\" shop"}}'),
    "mariadb": (WORD, "docker exec db mariadb -h h -uroot -p{}"),
    "docker login": (WORD, "docker login -u alice -p {} registry.example"),
    "redis": (WORD, "redis-cli -h h -a {} ping"),
    "variable in small letters": (WORD + "7", "db_pass={}"),
    "field in small letters": (WORD + "7", 'smtp_pass: "{}"'),
    "connection string": (WORD, "Server=db;Uid=sa;Pwd={};"),
    "block in json": ("MIIEow" + BODY, '"-----BEGIN RSA PRIV' + "ATE KEY-----\\n{}\\n-----END RSA PRIV" + 'ATE KEY-----\\n"'),
    "first lines of a block": ("MIIEowIBAAKCAQEA" + BODY, "cut here\n{}\n" + BODY + BODY + "\nand so on"),
    "last lines of a block": (BODY, "cut here\n{}\n-----END RSA PRIV" + "ATE KEY-----\n"),
    "block in base64": (BODY, "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo{}=="),
    "openssh block": (BODY, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ{}"),
    "url-encoded": ("ghp_" + BODY[:36], "q=a%20{}%20b"),
}  # fmt: skip


@pytest.mark.parametrize("where", STANDS)
def test_a_secret_goes_where_it_stands(where):
    value, text = STANDS[where]
    shown = redact(text.format(value))
    assert value not in shown
    assert "[redacted: " in shown
    assert redact(shown) == shown
    assert shown[:3] == text.format(value)[:3] or where.endswith(("base64", "block", "in json"))


@pytest.mark.parametrize("where", STANDS)
@pytest.mark.parametrize("most", [60, 120, 240])
def test_an_excerpt_cuts_no_secret_open(where, most):
    value, text = STANDS[where]
    line = "x" * (most - 20) + " " + text.format(value) + " and the rest of the line" * 20
    shown = excerpt(line.replace("\n", "\\n"), None, most)
    pieces = [value[n : n + 6] for n in range(len(value) - 5)]
    assert not any(piece in shown for piece in pieces)


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
        "login " * 15_000,
        "curl -u " * 12_000,
        "mysql -u " * 10_000,
        "mysql" + " -u" * 30_000,
        "redis-cli " * 9_000,
        "docker login " * 8_000,
        "MII" * 30_000,
        "cookie: " * 12_000,
        "https://" + "a" * 100_000,
        "_KEY=" * 20_000,
        'password: "' * 9_000,
        "client-key-data:" * 6_000,
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

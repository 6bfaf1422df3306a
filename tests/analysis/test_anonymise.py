"""People, hosts and home folders go from every output; what is nobody's stays. All names here are made up."""

from __future__ import annotations

import json
from functools import cache

import pytest

from forensics.analysis.anonymise import Names, _Pseudonyms, anonymise
from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.privacy.people import WORDS
from tests.support.outputs import ANALYSED, output_of

SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
PERSONAL = (
    "zofia",
    "quimby",
    "bartholo",
    "wanda",
    "kowalska",
    "zofias-laptop",
    "acme-corp",
    "10.11.12.13",
    "buildbox",
)
SAID = [
    "zofia@zofias-laptop:~/work$ ls -la /home/zofia/work",
    "Author: Wanda Kowalska <wanda.k@acme-corp.com>",
    r"open C:\Users\Bartholo\notes.txt, says Zofia's colleague",
    "-rw-r--r-- 1 quimby staff 12 Oct 21 07:00 a.txt",
    "ask wanda.k@acme-corp.com or kowalska; curl http://10.11.12.13:8080/x; quimby knows",
    "scp a.txt quimby@buildbox:/tmp; HOSTNAME=buildbox",
]


def names_of(*texts):
    names = Names()
    for text in texts:
        names.learn(text)
    return _Pseudonyms(names, WORDS | {"session"})


def put(*texts):
    pseudonyms = names_of(*texts)
    return [pseudonyms(text) for text in texts]


def record(number, **more):
    return {"uuid": f"u{number}", "parentUuid": None, "sessionId": SESSION, "version": "2.0.24", "cwd": "/home/zofia/work", "timestamp": f"2025-10-21T07:00:{number:02}.000Z"} | more  # fmt: skip


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    place = tmp_path_factory.mktemp("home-zofia")
    folder = place / "in" / "projects" / "-home-zofia-work"
    folder.mkdir(parents=True)
    lines = [record(n, type="user", message={"role": "user", "content": text}) for n, text in enumerate(SAID)]
    todo = {"content": "write to quimby", "status": "in_progress", "activeForm": "writing to quimby"}
    plan = {"type": "tool_use", "id": "toolu_01", "name": "TodoWrite", "input": {"todos": [todo, {**todo, "content": "ask Wanda Kowalska"}]}}  # fmt: skip
    call = {"type": "tool_use", "id": "toolu_02", "name": "Bash", "input": {"command": "ssh quimby@buildbox ls /Users/Bartholo"}}  # fmt: skip
    spawn = {"type": "tool_use", "id": "toolu_03", "name": "Task", "input": {"description": "help zofia and quimby", "prompt": "mail wanda.k@acme-corp.com", "subagent_type": "general-purpose"}}  # fmt: skip
    for number, part in enumerate((plan, call, spawn), len(lines)):
        lines.append(record(number, type="assistant", message={"id": f"m{number}", "role": "assistant", "model": "m", "content": [part]}))  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"{SESSION}.jsonl").write_text(text)
    (place / "in" / "notes-of-zofia.txt").write_text("milk")
    return place / "in"


@pytest.fixture(scope="module")
def plain(logs, tmp_path_factory):
    """Return what an output says with all names."""
    return cache(lambda name: output_of(name, logs, tmp_path_factory.mktemp("plain"))[0])


@pytest.mark.parametrize("name", ANALYSED)
@pytest.mark.parametrize("option", ["--anonymise", "--anonymize"])
def test_no_output_names_a_person_or_a_host(name, option, logs, plain, tmp_path):
    shown, _ = output_of(name, logs, tmp_path, option)
    assert "zofia" in plain(name).casefold(), "the test would prove nothing"
    shown = shown.casefold()
    for word in PERSONAL:
        assert word not in shown, word
    assert "user-" in shown
    assert SESSION[:8] in shown


def test_the_same_analysis_gives_the_same_pseudonyms_and_fingerprints(logs):
    one, other = anonymise(analyse(Request([logs]))), anonymise(analyse(Request([logs])))
    assert one.sessions[0].case.events.equals(other.sessions[0].case.events)
    assert [f.message for f in one.findings] == [f.message for f in other.findings]
    assert [f.fingerprint for f in one.findings] == [f.fingerprint for f in analyse(Request([logs])).findings]
    assert one.anonymised
    assert [e.line_sha256 for f in one.findings for e in f.evidence] == [
        e.line_sha256 for f in analyse(Request([logs])).findings for e in f.evidence
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/zofia/a and /home/quimby/b", "/home/user-2/a and /home/user-1/b"),
        ("/Users/zofia/a, said Zofia", "/Users/user-1/a, said user-1"),
        (r"C:\Users\Zofia\a", r"C:\Users\user-1\a"),
        (r"C:\\Users\\Zofia\\a", r"C:\\Users\\user-1\\a"),
        (r"C:\Users\Zofia Nowak\a", r"C:\Users\user-1\a"),
        ("projects/-home-zofia-work/x", "projects/-home-user-1-work/x"),
        ("projects/-Users-zofia/x", "projects/-Users-user-1/x"),
        (r"/home/zofia/a\nzofia said", r"/home/user-1/a\nuser-1 said"),
        ("file=%2Fhome%2Fzofia%2Fa", "file=%2Fhome%2Fuser-1%2Fa"),
        (r"\/home\/zofia\/a", r"\/home\/user-1\/a"),
        ("/home/dev/a for every dev", "/home/user-1/a for every dev"),
        ("/home/session/a of a session", "/home/user-1/a of a session"),
        ("dev@zofias-mac:~/a$ on zofias-mac", "user-1@host-1:~/a$ on host-1"),
        ("mail zofia.nowak@acme.org", "mail [redacted: e-mail, 20 characters]"),
        ("Zofia Nowak <zn@acme.org> and Nowak", "user-1 <[redacted: e-mail, 11 characters]> and user-1"),
        ("http://nas.local:8080/x on nas.local", "http://host-1:8080/x on host-1"),
        ("http://whisper:2022/v1 (whisper)", "http://host-1:2022/v1 (whisper)"),
        ("/home/zofia/a then /home/zof…", "/home/user-1/a then /home/user…"),
        ("/mnt/c/Users/zofia/a", "/mnt/c/Users/user-1/a"),
        ("home/zofia/.claude/x.jsonl", "home/user-1/.claude/x.jsonl"),
        ("at 192.168.1.7:80", "at host-1:80"),
        ("/home/zofia/a, ssh://zofia@nas.local/b", "/home/user-1/a, ssh://user-1@host-1/b"),
        ("/home/zofia/a, https://zofia:@nas.local/b", "/home/user-1/a, https://user-1:@host-1/b"),
    ],
)
def test_a_name_goes_where_it_stands(text, shown):
    assert put(text) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "/root/x, ~/x, /home/",
        "src/home/page.tsx and pages/home/Header, app/Users/list.py",
        "Co-Authored-By: Claude, git push origin main",
        "http://localhost:8080 http://127.0.0.1:2022/v1 http://0.0.0.0:1",
        "https://api.openai.com/v1 https://api.anthropic.com https://github.com/a/b",
        "git@github.com:example/repo.git",
        "@anthropic-ai/claude-code@1.0.128 and icon@2x.png",
        f"{SESSION} toolu_01HqVt7XcYzKw9mPqRsTuVwX",
        "[redacted: openai key, 40 characters]",
        "an agent and its session have no person in them",
    ],
)
def test_what_is_nobodys_stays(text):
    assert put(text) == [text]


def test_one_person_has_one_pseudonym_over_all_texts():
    shown = put("/home/zofia/a", "C:\\Users\\ZOFIA\\b", "zofia wrote", "/home/quimby/c")
    assert shown == ["/home/user-2/a", "C:\\Users\\user-2\\b", "user-2 wrote", "/home/user-1/c"]


def test_an_id_that_looks_like_a_name_stays():
    assert put("/home/abed/x", "00000000-abed-4000-8000-000000000000")[1].endswith("-8000-000000000000")
    assert "abed" in put("/home/abed/x", "00000000-abed-4000-8000-000000000000")[1]

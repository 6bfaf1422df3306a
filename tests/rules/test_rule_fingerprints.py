"""A finding's fingerprint says what it is about: another subject has another one, whatever else is found.

A rule that is added later is covered by its own fixture. Where a law cannot hold for a rule, the rule stands in one
of the lists below with the reason.
"""

from __future__ import annotations

import json
import re
from zlib import crc32

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.rules import RULES
from forensics.schema.finding import Hit
from tests.support.places import RULE_FIXTURES
from tests.support.rule_cases import CASES, copied, every_case, plain

# the cases in which another name is looked for, where the smallest ones have none
NAMED = {
    "CCF101": "two-groups-of-one-description",
    "CCF103": "blocker-by-addBlocks",
    "CCF201": "timeout-then-empty-key",
    "CCF204": "mcp-tool",
    "CCF210": "first-failed-second-empty",
    "CCF212": "spoken-by-the-http-log",
    "CCF305": "agent-without-result",
    "CCF405": "agent-silent-for-600-seconds",
    "CCF407": "fails-after-each-write-1.0.128",
    "CCF408": "reads-in-between",
}

# rules of which a session has one finding, whatever it says
NAMELESS = {
    "CCF203": "the lines that it counts name one library, and neither the client that was left open nor its owner",
    "CCF903": "a run of a session has a number and no name",
    "CCF215": "that a request was too large is one thing, whatever made it so; its agent stands beside it",
    "CCF213": "it judges all recordings of a session together: one that ends at silence clears them all",
}

# rules whose finding is about a kind of thing and not about a name: a case, and what is put there for which pattern to
# make it one of another kind
ANOTHER_KIND = {
    "CCF107": ("recorded-overload-2.0.24", "API Error: 529", "API Error: 429"),
    "CCF206": ("debug-log-only", r": 529 (?=\{)", ": 503 "),
    "CCF207": ("debug-log-only", r": 401 (?=\{)", ": 403 "),
    "CCF211": ("json-error-in-a-result", r"(?<=Voice response: )\{", "<html>{"),
    "CCF214": ("credit-too-low", "Credit balance is too low", "Weekly limit reached ∙ resets 3pm"),
    "CCF303": ("max-turns-2.0.24", "error_max_turns", "error_max_budget_usd"),
    "CCF304": ("list-301-seconds-old", '"name":"TodoWrite"', '"name":"ExitPlanMode"'),
    "CCF404": ("answer-lost", '"subagent_type":"general-purpose"', '"depth":1'),
    "CCF406": ("read-that-hung", '"name":"Read"', '"name":"Grep"'),
    "CCF409": ("cut-off-while-it-was-written", r"\Z", "\n"),
    "CCF410": ("masked-but-mostly-shown", "Q91K4wRvLBGd44UW", "vLBGd44UWQ91K4wR"),
    "CCF411": ("found-dead-by-the-next-server", "25718", "25719"),
    "CCF901": ("interrupted", r"\[Request interrupted by user\]", "Thanks."),
}


NAMES = re.compile(
    r"(?P<port>:(?:2022|8880|8890|4000)(?=/))"
    r"|(?P<host>api\.openai\.com)"
    r"|(?P<file>(?<=[\w-])(?=\.(?:md|py|txt|json|ts|js)\b))"
    r'|(?P<said>(?<="content":")(?=[^"]*","(?:status|activeForm)")|(?<="description":")|(?<="subject":"))'
    r'|(?P<server>(?<=mcp__)(?=[a-z])|(?<=MCP server ")|(?<=MCP server \\"))'
)


def renamed(text):
    """Give what a finding may be about another name: endpoints, files, items, agents, servers."""
    return NAMES.sub(lambda m: ":2999" if m["port"] else "api.example.org" if m["host"] else "other", text)


def findings(folder, code):
    """Return what one rule finds. The others are run only where it builds on their findings."""
    rule = next(r for r in RULES if r.code == code)
    analysis = analyse(Request([folder], rules=RULES if rule.reads_findings else (rule,)))
    assert not analysis.errors
    return [f for f in analysis.findings if f.rule == code]


def with_another_subject(code, target):
    """Return a case of a rule, and the same in which the rule finds something else."""
    name, this, other = ANOTHER_KIND.get(code, (NAMED.get(code), "", ""))
    folder = RULE_FIXTURES / code / "fires" / name / "input" if name else CASES[code]
    return folder, copied(folder, target, (lambda text: re.sub(this, other, text)) if this else renamed)


@pytest.mark.parametrize("code", [code for code in CASES if code not in NAMELESS])
def test_another_subject_has_another_fingerprint(code, tmp_path):
    """A rule may also find what has no name (a line of a debug log, the model API): one named case is enough."""
    folder, other = with_another_subject(code, tmp_path)
    before, after = ({f.fingerprint for f in findings(place, code)} for place in (folder, other))
    assert before
    assert after
    assert not before & after, "one fingerprint of two subjects, or NAMES does not know what it is about"


def test_every_exception_has_a_code_and_a_reason():
    codes = {rule.code for rule in RULES}
    assert NAMELESS.keys() | ANOTHER_KIND.keys() <= codes
    assert NAMED.keys() <= codes
    assert len({*NAMELESS, *ANOTHER_KIND, *NAMED}) == len([*NAMELESS, *ANOTHER_KIND, *NAMED])
    assert all(NAMELESS.values())


# --- several findings of one rule ----------------------------------------------------------------

PROJECT = ".claude/projects/-home-dev-project"
SESSION = "5e551011-0000-4000-8000-000000000001"


def record(minute, kind, content, agent=None, **message):
    own = {"agentId": agent} if agent else {}
    head = {
        "isSidechain": agent is not None,
        "cwd": "/home/dev/project",
        "sessionId": SESSION,
        "version": "2.1.19",
    }
    role = "assistant" if kind == "assistant" else "user"
    said = {"type": kind, "message": {"role": role, "content": content} | message}
    at = {
        "uuid": f"{crc32(repr((minute, agent, content)).encode()):08x}",
        "timestamp": f"2026-03-02T10:{minute:02}:00.000Z",
    }
    return json.dumps(head | own | said | at)


def call(minute, tool, asked, answer, until):
    asks = {"type": "tool_use", "id": f"toolu_{minute}", "name": tool, "input": asked}
    answers = {"type": "tool_result", "tool_use_id": f"toolu_{minute}", "content": answer}
    return [record(minute, "assistant", [asks], id=f"m{minute}"), record(until, "user", [answers])]


def damaged(minute, agent):
    lines = [
        record(minute, "user", f"Be {agent}.", agent),
        '{"type":',
        record(minute + 1, "user", "Go on.", agent),
    ]
    return f"{SESSION}/subagents/agent-{agent}.jsonl", lines


def with_key(minute, key):
    return f"{SESSION}.jsonl", call(minute, "Bash", {"command": "cat settings"}, key, minute)


def hung(minute, name):
    until = minute + 9
    lines = [
        record(minute, "user", f"Look at {name}."),
        *call(minute, "Read", {"file_path": f"/mnt/share/{name}"}, "1 x", until),
        record(until, "assistant", [{"type": "text", "text": f"Looked at {name}."}], id=f"t{until}"),
    ]
    return f"{SESSION}.jsonl", lines


# two findings of a rule, and a third one that comes later into the evidence and was before them
SEVERAL = {
    "CCF406": (hung(20, "b.py"), hung(40, "c.py"), hung(5, "a.py")),
    "CCF409": (damaged(20, "bbbbbb1"), damaged(40, "cccccc1"), damaged(5, "aaaaaa1")),
    "CCF410": (
        with_key(20, "sk-proj-Q91K4wRvLBGd44UW****************"),
        with_key(40, "sk-proj-vLBGd44UWQ91K4wR****************"),
        with_key(5, "sk-proj-GdUW44Rv4wK1Q9LB****************"),
    ),
}


def found_at(target, code, parts):
    files = {f"{SESSION}.jsonl": [record(0, "user", "Look at it.")]}
    for name, lines in parts:
        files.setdefault(name, []).extend(lines)
    for name, lines in files.items():
        path = target / PROJECT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {(f.evidence[0].path, f.evidence[0].line): f.fingerprint for f in findings(target, code)}


@pytest.mark.parametrize("code", SEVERAL)
def test_a_third_finding_changes_no_others_fingerprint(code, tmp_path):
    two = found_at(tmp_path / "two", code, SEVERAL[code][:2])
    three = found_at(tmp_path / "three", code, SEVERAL[code])
    assert len(set(two.values())) == 2
    assert len(set(three.values())) == 3
    assert two.items() <= three.items()


@every_case
def test_no_order_tells_two_findings_of_a_rule_apart(folder):
    """An order changes with what else is found. What a rule says of its findings is enough to tell them apart."""
    for session in plain(folder).sessions:
        case = session.case.with_findings(session.findings)
        rules = {f.rule for f in session.findings}
        for one in RULES:
            said = one.detect(case, **one.settings) if one.code in rules else ()
            hits = [(h.agent_id, h.subject, h.apart) for h in said if isinstance(h, Hit)]
            assert len(hits) == len(set(hits)), one.code

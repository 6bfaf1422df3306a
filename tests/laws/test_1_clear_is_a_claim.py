"""Law: clear is a claim. What a rule reads and did not understand makes it say that the evidence is insufficient."""

from __future__ import annotations

import json
import re

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats import parser_for
from forensics.rules import RULES
from forensics.schema import Source
from forensics.schema.families import FAMILIES, families_of
from tests.support.places import RULE_FIXTURES
from tests.support.rule_cases import copied, files_of

WORDS = {
    "agents": "agent", "api": "api", "ending": "shutdown", "files": "edit", "hooks": "hook", "lists": "todo", "mcp": "mcp",
    "speech": "stt", "tools": "tool", "turns": "turn",
}  # fmt: skip
STDERR = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - ")
DEBUG = re.compile(r"(?:\S+Z )?\[(?:DEBUG|INFO|WARN|ERROR)\] ")
KEPT = ("sessionId", "session_id", "timestamp", "cwd", "isSidechain", "agentId", "parent_tool_use_id")
# they judge the lines themselves, whatever is read of them: an unknown shape hides nothing of it
OF_ALL_LINES = ("CCF409", "CCF410")


def unheard_of(line, word):
    """Return a record of a shape that was never recorded, in the form of a log's first line; null for a document."""
    if found := STDERR.match(line) or DEBUG.match(line):
        lead = found[0] if found.re is DEBUG else f"{found[0]}voicemode - INFO - "
        return f"{lead}{word.upper()} quanta entangled"
    if not line.startswith("{"):
        return None
    record = json.loads(line)
    about = {k: record[k] for k in KEPT if k in record}
    if "event_type" in record:
        return json.dumps(about | {"event_type": f"{word.upper()}_ENTANGLED", "data": {}})
    return (
        json.dumps({"type": "system", "subtype": f"{word}_entangled"} | about) if "type" in record else None
    )


def undecodable(line):
    """Return half a record, or bytes that are no text in a log of plain lines."""
    return line[: len(line) // 2].encode() if line.startswith("{") else b"\xff\xfe\xff of no encoding"


def clear_cases(rule):
    """Yield the cases in which a rule says clear, the smallest first, each with the logs that it reads."""
    cases = RULE_FIXTURES.glob(f"{rule.code}/silent/*/expected.json")
    folders = (
        c.parent / "input" for c in cases if json.loads(c.read_text(encoding="utf-8"))["outcome"] == "clear"
    )
    for folder in sorted(folders, key=lambda f: (sum(p.stat().st_size for p in files_of(f)), f)):
        read = [f for f in files_of(folder) if source_of(f) in rule.any_of | {Source.STREAM_JSON}]
        text = [f for f in read if is_of_lines(f)]
        if text:
            yield folder, text


def source_of(file):
    parser = parser_for(str(file), file.read_bytes())
    return parser.source if parser is not None else None


def is_of_lines(file):
    line = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    try:
        return unheard_of(line, "x") is not None
    except ValueError:
        return False


def outcomes(folder, code):
    return {
        (o.outcome.value, o.reason)
        for s in analyse(Request([folder])).sessions
        for o in s.outcomes
        if o.rule == code
    }


def with_a_second_line(tmp_path, folder, file, make):
    """Copy a case, with one more line behind the first of a log."""
    target = copied(folder, tmp_path / "input")
    log = target / file.relative_to(folder)
    first, end, rest = log.read_bytes().partition(b"\n")
    log.write_bytes(first + end + make(first.decode()) + b"\n" + rest)
    return target


@pytest.mark.parametrize("rule", [r for r in RULES if r.code not in OF_ALL_LINES], ids=lambda r: r.code)
def test_a_record_of_an_unknown_shape_of_the_family_is_not_clear(rule, tmp_path):
    folder, (file, *_) = next(clear_cases(rule), (None, (None,)))
    assert folder is not None, "no case in which it says clear"
    sources = {source_of(file)}
    family = next(
        f for f in FAMILIES if f in rule.reads and any(f in families_of(WORDS[f], s) for s in sources)
    )
    changed = with_a_second_line(
        tmp_path, folder, file, lambda line: unheard_of(line, WORDS[family]).encode()
    )
    told = outcomes(changed, rule.code)
    assert {o for o, _ in told} & {"insufficient", "fired"}, told
    assert any("unknown shape" in (why or "") and f"{file.name}:2" in why for _, why in told), told


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_a_line_that_cannot_be_decoded_is_not_clear(rule, tmp_path):
    folder, (file, *_) = next(clear_cases(rule), (None, (None,)))
    assert folder is not None, "no case in which it says clear"
    told = outcomes(with_a_second_line(tmp_path, folder, file, undecodable), rule.code)
    assert {o for o, _ in told} & {"insufficient", "fired"}, told


def test_ordinary_noise_belongs_to_no_family():
    for shape in (
        "step … of nothing in",
        "unrelated",
        "[Quantum] entanglement lost after …",
        "Full snapshot script:",
    ):
        assert families_of(shape, Source.CLAUDE_DEBUG) == ()

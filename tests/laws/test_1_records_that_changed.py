"""Law 1, on genuine records: a field renamed, a new subtype, a cut line. No rule of the record's family is clear of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.formats import parser_for
from forensics.rules import RULES
from forensics.schema import Source
from forensics.schema.families import Family
from tests.support.places import FIXTURES, matching

RECORDINGS = FIXTURES / "recordings"
OLD, NEW, TWINS = RECORDINGS / "2.0.76", RECORDINGS / "2.1.332", FIXTURES / "twins" / "2.1.332"
# they judge the lines themselves, or how the evidence stops
OF_ALL_LINES = ("CCF409", "CCF410")


@dataclass(frozen=True)
class Mutation:
    """One change of one genuine record: in which log, of which line, and what it was about."""

    name: str
    folder: str
    log: str  # a pattern of the file in the folder
    line: str  # what the record's line holds
    change: Callable[[str], str]
    families: tuple[Family, ...]
    nth: int = 0


def renamed(key, other):
    return lambda line: line.replace(f'"{key}":', f'"{other}":', 1)


def inner(key, other):
    """Rename the last of the keys of this name: that of the inner record."""
    return lambda line: f'"{other}":'.join(line.rsplit(f'"{key}":', 1))


def said(old, new):
    return lambda line: line.replace(old, new, 1)


def halved(line):
    return line[: len(line) // 2] + "\n"


PROJECT = ".claude/projects/*/*.jsonl"
MUTATIONS = (
    # transcripts
    Mutation("an answer without its call", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_result"', inner("tool_use_id", "toolUseId"), ("tools", "turns")),
    Mutation("a call without its name", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_use"', inner("name", "toolName"), ("tools", "turns")),
    Mutation("a call without its id", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_use"', inner("id", "callId"), ("tools", "turns")),
    Mutation("a write without its path", f"{TWINS}/m3_nested/transcript", ".claude/projects/*/*/subagents/*.jsonl", '"name":"Write"', renamed("file_path", "target"), ("files",)),
    Mutation("a message without content", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_result"', renamed("content", "body"), ("tools", "turns")),
    Mutation("a record without a message", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_result"', renamed("message", "payload"), ("tools", "turns")),
    Mutation("a record of another type", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_result"', said('"type":"user"', '"type":"user_turn"'), ("tools", "turns")),
    Mutation("a try with a new subtype", f"{NEW}/d5_slowing/input", PROJECT, '"subtype":"api_error"', said('"api_error"', '"api_mishap"'), ("api",)),
    Mutation("a list without items", f"{OLD}/k2_compacted_at_work/input", PROJECT, '"name":"TodoWrite"', renamed("todos", "entries"), ("lists",)),
    Mutation("an item without its status", f"{OLD}/k2_compacted_at_work/input", PROJECT, '"name":"TodoWrite"', renamed("status", "state"), ("lists",)),
    Mutation("an item of a new status", f"{OLD}/k2_compacted_at_work/input", PROJECT, '"name":"TodoWrite"', said('"status":"in_progress"', '"status":"underway"'), ("lists",)),
    Mutation("a cut line", f"{NEW}/d5_slowing/input", PROJECT, '"type":"tool_result"', halved, ("tools", "turns", "api")),
    # headless streams
    Mutation("a first record that is cut off", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"subtype":"init"', halved, ("agents", "tools", "turns", "mcp")),
    Mutation("a notice without its status", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"subtype":"task_notification"', inner("status", "state"), ("agents",)),
    Mutation("a notice of a new status", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"subtype":"task_notification"', said('"status":"completed"', '"status":"evaporated"'), ("agents",)),
    Mutation("a notice of a new subtype", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"subtype":"task_notification"', said('"task_notification"', '"task_settled"'), ("agents",)),
    Mutation("a result without a subtype", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"type":"result"', renamed("subtype", "outcome"), ("ending",)),
    Mutation("a result of a new subtype", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"type":"result"', said('"subtype":"success"', '"subtype":"partial"'), ("ending",)),
    Mutation("counts without a name", f"{TWINS}/m3_nested/stream-json", "run0.jsonl", '"type":"result"', renamed("spawned", "begun"), ("agents",)),
    Mutation("a server without its status", f"{TWINS}/f3_servers_lost/stream-json", "run0.jsonl", '"subtype":"init"', said('"status":"connected"', '"state":"connected"'), ("mcp",)),
    # debug logs
    Mutation("new words of a request", f"{NEW}/d5_slowing/input", ".claude/debug/*.txt", "API error (attempt", said("API error (attempt", "API mishap (attempt"), ("api",)),
    Mutation("a cut line of a debug log", f"{NEW}/d5_slowing/input", ".claude/debug/*.txt", "API error (attempt", lambda line: line[: line.index("API error") + 7] + "\n", ("api",)),
    Mutation("new words of a shutdown", f"{NEW}/d5_slowing/input", ".claude/debug/*.txt", "LSP server manager", said("LSP server manager", "flushSessionStorageAtExit: 3 pending,"), ("ending",)),
    # files of lists
    Mutation("a file's item without its status", f"{OLD}/k2_compacted_at_work/input", ".claude/todos/*.json", '"status"', renamed("status", "state"), ("lists",)),
    Mutation("a file's item of a new status", f"{OLD}/k2_compacted_at_work/input", ".claude/todos/*.json", '"status"', lambda line: re.sub(r'"status":\s*"\w+"', '"status": "underway"', line, count=1), ("lists",)),
    Mutation("a todo file that is cut off", f"{OLD}/k2_compacted_at_work/input", ".claude/todos/*.json", '"content"', halved, ("lists",)),
    # MCP logs
    Mutation("an item without its text", f"{OLD}/f3_servers_lost/input", ".cache/**/*.jsonl", "onnect", lambda line: re.sub(r'"(debug|error)":', '"trace":', line, count=1), ("mcp",)),
    Mutation("new words of a connection", f"{OLD}/f3_servers_lost/input", ".cache/**/*.jsonl", "onnect", lambda line: re.sub(r'("(?:debug|error)":")[^"]*', r"\1Server handshake entangled", line, count=1), ("mcp",)),
    Mutation("a cut line of an MCP log", f"{OLD}/f3_servers_lost/input", ".cache/**/*.jsonl", "onnect", halved, ("mcp",)),
)  # fmt: skip


def changed(tmp_path, mutation):
    """Copy a recording with one record changed."""
    target = tmp_path / "input"
    shutil.copytree(mutation.folder, target)
    for log in matching(target, mutation.log):
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        at = [n for n, line in enumerate(lines) if mutation.line in line]
        if len(at) > mutation.nth:
            was = lines[at[mutation.nth]]
            lines[at[mutation.nth]] = mutation.change(was)
            assert lines[at[mutation.nth]] != was
            log.write_text("".join(lines), encoding="utf-8")
            return target, log
    msg = f"no line of {mutation.log} holds {mutation.line}"
    raise AssertionError(msg)


def clear_of(folder, log, families):
    parser = parser_for(str(log), log.read_bytes())
    source = {Source.STREAM_JSON: Source.TRANSCRIPT}.get(parser.source, parser.source)
    of_family = {
        r.code for r in RULES if r.reads & set(families) and source in r.any_of and r.code not in OF_ALL_LINES
    }
    sessions = analyse(Request([folder])).sessions
    return {
        (o.rule, s.session_id[:8])
        for s in sessions
        for o in s.outcomes
        if o.rule in of_family
        and o.outcome.value == "clear"
        and (log.name in {f.rsplit("/")[-1] for f in s.files} or len(sessions) == 1)
    }


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_no_rule_is_clear_of_a_record_that_changed(mutation, tmp_path):
    folder, log = changed(tmp_path, mutation)
    assert clear_of(folder, log, mutation.families) == set()

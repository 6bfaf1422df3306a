"""What looks like one of ours, also where no format reads it, and what is somebody else's."""

from __future__ import annotations

import pytest

from forensics.evidence.likeness import like_ours, placed_like_ours

SESSION = "5e551011-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"time": 1, "session_id": "{SESSION}"}}',
        f'[\n  {{\n    "sessionId" : "{SESSION}"\n  }}\n]',
        '[{"type": "system", "subtype": "init", "tools": []}]',
        '{"type":"assistant","message":{"role":"assistant"}}',
        '{"id": "toolu_01", "name": "Bash"}',
        '{"body": {"stringValue": "claude_code.api_error"}}',
        "panic(main thread): Segmentation fault at address 0x18\noh no: Bun has crashed.",
        "<--- Last few GCs --->\nFATAL ERROR: JavaScript heap out of memory",
        "zsh: killed     claude --continue",
        "[123.4] Out of memory: Killed process 4711 (claude) total-vm:1kB",
        "\u25cf Bash(make)\n  \u23bf  Error: Exit code 2",
        "API Error: 529 Overloaded",
        "2026-03-02T10:00:00Z Run anthropics/claude-code-action@v1",
        "2026-03-02 10:00:00.000 [error] Claude process exited",
        "Claude Code v2.1.330",
        "SessionEnd hook cancelled",
        "**Bug Description**\nIt hangs.",
    ],
)
def test_what_names_a_session_a_panic_or_the_client_is_ours_in_any_encoding(text):
    assert like_ours("/logs/job.txt", text.encode())
    assert like_ours("/logs/job.txt", b"\xff\xfe" + text.encode("utf-16-le"))


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("/logs/photo.png", "\x89PNG\x00\x00 claude panic(main thread): x"),
        ("/src/README.md", f'Run Claude Code v2.1.330: {{"sessionId": "{SESSION}"}}'),
        ("/src/reader.py", 'if record["parentUuid"]: ...  # {"parentUuid": null}'),
        ("/src/package.json", '{"dependencies": {"@anthropic-ai/claude-code": "2.1.330"}}'),
        ("/logs/notes.txt", "Ask Claude whether the build was killed."),
        ("/logs/build.log", "[error] cannot find module x\nKilled"),
        ("/logs/other.json", '{"session": "abc", "user": "x"}'),
        ("/logs/report.json", f'{{"schema_version": "1", "tool": {{}}, "x": {{"session_id": "{SESSION}"}}}}'),
        ("/home/dev/.claude/projects/p/x.jsonl", ""),
    ],
)
def test_what_is_somebody_elses_or_only_quotes_stays_what_it_is(place, text):
    assert like_ours(place, text.encode()) is None


def test_a_file_that_cannot_be_opened_is_known_by_its_place():
    assert placed_like_ours(f"/home/dev/.claude/projects/-p/{SESSION}.jsonl")
    assert placed_like_ours("/ci/.claude/debug/a.txt")
    assert placed_like_ours("/home/dev/notes.txt") is None

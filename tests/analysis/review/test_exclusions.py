"""What a review says of records made for it: where one line less would make a sentence wrong."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request

SESSION = "11111111-1111-4111-8111-111111111111"
OVERLOADED = 'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
BROKEN = 'API Error: 500 {"type":"error","error":{"type":"api_error","message":"Internal server error"}}'


def prompt(text):
    return {"type": "user", "message": {"role": "user", "content": text}}


def answer(text):
    content = [{"type": "text", "text": text}]
    return {"type": "assistant", "message": {"role": "assistant", "model": "claude-x", "content": content, "stop_reason": "end_turn"}}  # fmt: skip


def failure(text):
    return answer(text) | {
        "isApiErrorMessage": True,
        "message": answer(text)["message"] | {"model": "<synthetic>"},
    }


def result(text):
    content = [{"type": "tool_result", "tool_use_id": "t1", "content": text, "is_error": True}]
    return {"type": "user", "message": {"role": "user", "content": content}}


@pytest.fixture
def excluded(tmp_path):
    """Return the causes that are ruled out for a transcript of these records, one each ten seconds."""

    def of(*records):
        file = tmp_path / ".claude" / "projects" / "-p" / f"{SESSION}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        common = {"sessionId": SESSION, "version": "2.1.330", "cwd": "/home/dev/p", "isSidechain": False}
        lines = [
            json.dumps({**common, "uuid": f"u{n}", "timestamp": f"2026-11-22T08:{n:02}:00.000Z", **record})
            for n, record in enumerate(records)
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        (session,) = analyse(Request([tmp_path])).sessions
        return {e.cause for e in session.review.excluded}

    return of


def test_an_api_that_answered_after_its_last_failure_was_there(excluded):
    found = excluded(prompt("go"), failure(OVERLOADED), prompt("again"), answer("fine"))
    assert "the model API stayed out of reach" in found


def test_an_api_that_failed_again_in_another_way_may_have_stayed_away(excluded):
    found = excluded(
        prompt("go"), failure(OVERLOADED), prompt("again"), answer("fine"), prompt("more"), failure(BROKEN)
    )
    assert found == set()


def test_only_the_client_s_own_line_tells_that_a_file_was_written(excluded):
    full = result("Error: ENOSPC: no space left on device")
    found = excluded(prompt("go"), answer("fine"), full, prompt("Config was not written atomically"))
    assert found == set()

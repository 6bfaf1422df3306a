"""Law 4: a text outranks a field that says nothing. What nothing names is still a failure, of the class other."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.session.services.api_failures import failures

ID = "5e551011-0000-4000-8000-000000000001"
# what the client or the API says, and the class that the words alone name
TOLD = {
    "API Error: 529 Overloaded": "overloaded",
    "API Error: Repeated 529 Overloaded errors": "overloaded",
    "API Error: 500 Internal server error": "server-error",
    "API Error: Request timed out": "timeout",
    "API Error: Unable to connect to API (ConnectionRefused)": "connection",
    "API Error: Unable to connect to API (FailedToOpenSocket)": "connection",
    "API Error: The socket connection was closed unexpectedly": "connection",
    "API Error: Connection closed mid-response": "connection",
    "You've hit your limit · resets 7pm": "usage-limit",
    "You're out of extra usage": "usage-limit",
    "Credit balance is too low": "credit",
    "Prompt is too long": "too-large",
    "Not logged in · Please run /login": "not-logged-in",
    "Invalid API key · Please run /login": "authentication",
    "Something that nobody has seen before": "other",
}
# fields that say nothing of the class, as clients write them
SILENT = ({}, {"error": "unknown"}, {"error": "unknown", "apiError": None})


def message(text):
    return {
        "id": "m1",
        "role": "assistant",
        "model": "<synthetic>",
        "content": [{"type": "text", "text": text}],
    }


def transcript(text, field):
    base = {"sessionId": ID, "isSidechain": False, "cwd": "/home/dev/project", "version": "2.1.150"}
    asked = {**base, "type": "user", "uuid": "u1", "timestamp": "2026-03-02T10:00:00.000Z"}
    asked["message"] = {"role": "user", "content": "Go on."}
    failed = {**base, "type": "assistant", "uuid": "u2", "timestamp": "2026-03-02T10:00:05.000Z"}
    return [asked, {**failed, "message": message(text), "isApiErrorMessage": True, **field}]


def stream(text, field):
    start = {"type": "system", "subtype": "init", "session_id": ID, "cwd": "/home/dev/project", "tools": []}
    failed = {"type": "assistant", "session_id": ID, "uuid": "u2", "message": message(text)}
    ended = {"type": "result", "subtype": "success", "is_error": True, "session_id": ID, "result": text}
    return [start, {**failed, "is_api_error_message": True, **field}, ended]


DIALECTS = {"projects/-home-dev-project/" + ID + ".jsonl": transcript, "run.jsonl": stream}


@pytest.mark.parametrize("field", SILENT, ids=json.dumps)
@pytest.mark.parametrize("place", DIALECTS)
def test_the_words_name_the_class_where_the_field_does_not(place, field, tmp_path):
    for number, (text, kind) in enumerate(TOLD.items()):
        log = tmp_path / str(number) / place
        log.parent.mkdir(parents=True)
        log.write_text("".join(json.dumps(r) + "\n" for r in DIALECTS[place](text, field)), encoding="utf-8")
        (session,) = analyse(Request([log.parents[2] if "/" in place else log])).sessions
        told = {failure.kind.value for failure in failures(session.case)}
        assert told == {kind}, text
        assert session.verdict == "ERROR_RESULT", text


@pytest.mark.parametrize("place", DIALECTS)
def test_a_shutdown_line_proves_no_completion_that_another_record_denies(place, tmp_path):
    log = tmp_path / ".claude" / place
    log.parent.mkdir(parents=True)
    records = DIALECTS[place]("Prompt is too long", {})
    log.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    debug = tmp_path / ".claude" / "debug" / f"{ID}.txt"
    debug.parent.mkdir(parents=True)
    debug.write_text(
        "2026-03-02T10:00:06.000Z [DEBUG] LSP server manager shut down successfully\n", encoding="utf-8"
    )
    (session,) = analyse(Request([tmp_path])).sessions
    assert session.verdict == "ERROR_RESULT"

"""Which records tell a failure by themselves, and what a happening is called."""

from __future__ import annotations

import pytest

from forensics.chain.graph import failure_graph
from forensics.chain.happenings import FAILED, FAILURES, tells_failure
from forensics.schema import EventKind as K
from tests.chain.test_graph import call, case_of, failed, found

ORDERLY = {
    K.RESULT: "success",
    K.HTTP_RESPONSE: "200",
    **dict.fromkeys(FAILED, "success"),
}


@pytest.mark.parametrize("kind", ORDERLY, ids=lambda k: k.value)
def test_what_went_well_tells_no_failure(kind):
    assert not tells_failure({"kind": kind.value, "status": ORDERLY[kind]})


@pytest.mark.parametrize("kind", FAILURES, ids=lambda k: k.value)
def test_a_failure_by_its_kind_needs_no_status(kind):
    assert tells_failure({"kind": kind.value, "status": None})


@pytest.mark.parametrize(
    ("kind", "status"),
    [(kind, status) for kind, every in FAILED.items() for status in every]
    + [(K.RESULT, "error_max_turns"), (K.HTTP_RESPONSE, "404"), (K.HTTP_RESPONSE, "529")],
)
def test_a_failure_by_its_status(kind, status):
    assert tells_failure({"kind": kind.value, "status": status})


@pytest.mark.parametrize("status", [None, "302", "pending"])
def test_an_answer_that_is_no_error_is_no_failure(status):
    assert not tells_failure({"kind": K.HTTP_RESPONSE.value, "status": status})


@pytest.mark.parametrize(
    ("path", "said"), [("/w/a.py", "Edit on a.py failed"), (None, "Edit failed")], ids=["file", "no-file"]
)
def test_a_failed_call_is_called_by_its_tool_and_file(path, said):
    case = case_of(call(0, "c1", path=path), failed(1, "c1")).with_findings([found("CCF801", 1)])
    (node,) = failure_graph(case).nodes
    assert node.text == said


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("Request timed out.", "timed out"),
        ("Error code: 500 - the server had an error", "HTTP 500"),
        ("Connection error.", "failed"),
    ],
)
def test_a_failed_try_of_speech_says_how(status, how):
    about = {"source": "voice-stderr", "component": "voicemode", "endpoint": "https://h.example/v1"}
    case = case_of(
        about | {"kind": "stt_start", "at": 0},
        about | {"kind": "stt_attempt", "at": 1},
        about | {"kind": "stt_fail", "at": 2, "status": status},
    ).with_findings([found("CCF204", 2)])
    (node,) = failure_graph(case).nodes
    assert node.text.partition(": ")[2] == how

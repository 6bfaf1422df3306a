"""How a session ended, from the fewest events that prove it; and which proof goes before which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.schema import EVENTS, Source, conform
from forensics.session.model.agents import AgentEnd, AgentLife
from forensics.session.model.ending import Verdict, judge_ending

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SESSION = "5e551011-0000-4000-8000-000000000001"
DEBUG, LEFT = Source.CLAUDE_DEBUG, Source.SHELL_SNAPSHOT


def at(seconds):
    return START + timedelta(seconds=seconds)


def event(kind, seconds, source=Source.TRANSCRIPT, **columns):
    return {
        "kind": kind,
        "ts": at(seconds),
        "ts_quality": "exact",
        "source": source.value,
        "session_id": SESSION,
    } | columns


def call(seconds, name="call", **columns):
    return event("tool_call", seconds, correlation_id=name, message_id=f"msg_{name}") | columns


def answer(seconds, name="call", **columns):
    return event("tool_result", seconds, correlation_id=name, status="ok") | columns


def said(seconds, **columns):
    return event("assistant_message", seconds, message_id=f"msg_said_{seconds}") | columns


def judge(*events, agents=()):
    rows = [{"file": 0} | e | {"event_id": n, "line": n, "ordinal": 0} for n, e in enumerate(events, 1)]
    frame = conform(pl.DataFrame(rows, infer_schema_length=None), EVENTS)
    return judge_ending(frame.sort("ts", "line", nulls_last=False), agents)


def background_agent(seen, outcome=AgentEnd.UNFINISHED):
    return AgentLife(
        agent_id="abc1234",
        parent_id=None,
        agent_type=None,
        description="",
        prompt="",
        isolated=False,
        background=True,
        spawn_event=1,
        message_id="m",
        end_event=None,
        last_event=None,
        start=at(0),
        end=None,
        last_seen=at(seen),
        outcome=outcome,
    )


FATAL = event("process_fatal", 9, DEBUG)
INTERRUPT = event("user_interrupt", 8)
SHUT_DOWN_AT_WORK = event("user_interrupt", 8, component="shutdown")
SHUTDOWN = event("session_end", 10, DEBUG)
STARTED = event("session_start", 0, DEBUG)
API_ERROR = event("api_error", 7, component="final", status="529")
GOOD_RESULT = event("result", 11, status="success")
BAD_RESULT = event("result", 11, status="error_max_turns")


@pytest.mark.parametrize(
    ("verdict", "events", "cited"),
    [
        (Verdict.CRASHED, [said(5), FATAL], (2,)),
        (Verdict.INTERRUPTED, [said(5), INTERRUPT], (2,)),
        (Verdict.TRUNCATED, [said(4), call(5)], (2,)),
        (Verdict.ERROR_RESULT, [said(5), BAD_RESULT], (2,)),
        (Verdict.ERROR_RESULT, [said(5), API_ERROR], (2,)),
        (Verdict.CLEAN, [said(5), GOOD_RESULT], (2,)),
        (Verdict.CLEAN, [STARTED, said(5), SHUTDOWN], (3,)),
        (Verdict.UNKNOWN, [said(4), said(5)], (2,)),
    ],
)
def test_each_verdict_by_its_proof(verdict, events, cited):
    ending = judge(*events)
    assert (ending.verdict, ending.cites) == (verdict, cited)
    assert ending.proof


@pytest.mark.parametrize(
    ("verdict", "events"),
    [
        (Verdict.CRASHED, [call(5), FATAL, SHUTDOWN]),
        (Verdict.CRASHED, [INTERRUPT, FATAL]),
        (Verdict.INTERRUPTED, [call(5), INTERRUPT, SHUTDOWN]),
        (Verdict.TRUNCATED, [STARTED, call(5), SHUTDOWN]),
        (Verdict.TRUNCATED, [call(5), GOOD_RESULT]),
        (Verdict.ERROR_RESULT, [STARTED, API_ERROR, SHUTDOWN]),
        (Verdict.ERROR_RESULT, [BAD_RESULT, SHUTDOWN]),
    ],
)
def test_precedence(verdict, events):
    assert judge(*events).verdict is verdict


def test_a_crash_before_a_resume_is_not_the_end():
    resumed = event("session_start", 60, DEBUG, status="resume")
    assert judge(said(5), FATAL, resumed, said(70)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("interrupt", "whose"),
    [(INTERRUPT, "the user's interrupt"), (SHUT_DOWN_AT_WORK, "an interrupt by the client's shutdown")],
)
def test_an_interrupt_by_the_shutdown_is_not_the_users(interrupt, whose):
    assert judge(said(5), interrupt).proof == f"the main agent's record ends with {whose}"


def test_an_interrupt_that_the_session_went_on_after_is_not_the_end():
    assert judge(said(5), INTERRUPT, event("user_prompt", 20), said(30)).verdict is Verdict.UNKNOWN


def test_a_call_that_its_agent_went_on_after_is_not_open():
    assert judge(call(4, "search"), said(5)).verdict is Verdict.UNKNOWN


def test_all_calls_of_the_last_message_count():
    same = {"message_id": "msg_1"}
    ending = judge(call(5, "a", **same), call(5.1, "b", **same), answer(6, "a"))
    assert ending.open_calls == (2,)
    assert ending.verdict is Verdict.TRUNCATED


def test_an_open_call_of_an_agent_that_has_returned_is_none():
    life = background_agent(5, AgentEnd.COMPLETED)
    assert judge(said(3), call(5, agent_id="abc1234"), said(9), agents=[life]).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("over", "verdict"),
    [
        ([], Verdict.UNKNOWN),
        ([SHUTDOWN], Verdict.TRUNCATED),
        ([event("process_left", 1, LEFT)], Verdict.TRUNCATED),
    ],
)
def test_a_background_agent_at_work_cuts_a_record_only_where_the_record_is_over(over, verdict):
    assert judge(said(3), said(9), *over, agents=[background_agent(8)]).verdict is verdict


def test_an_agent_silent_for_longer_than_the_stall_limit_is_not_what_the_end_cut():
    agents = [background_agent(5)]
    assert (
        judge(STARTED, said(3), said(700), event("session_end", 701, DEBUG), agents=agents).verdict
        is Verdict.CLEAN
    )


def test_only_the_last_process_of_a_debug_log_tells_the_end():
    first = [event("session_start", 0, DEBUG, pid=1), event("session_end", 5, DEBUG, pid=1)]
    second = [event("session_start", 60, DEBUG, pid=2), event("log_edge", 70, DEBUG, pid=2)]
    assert judge(*first, *second, said(70)).verdict is Verdict.UNKNOWN


def test_the_silence_before_the_end_is_measured_to_the_last_burst():
    ending = judge(said(5), said(10), said(425), said(426))
    assert (ending.gap_s, ending.gap_from, ending.last_event) == (415.0, 2, 4)


def test_times_taken_from_neighbours_are_no_signs_of_life():
    ending = judge(said(5), event("log_edge", 200, DEBUG, ts_quality="inferred"), said(425))
    assert ending.gap_s == 420.0


def test_a_voice_record_that_stops_inside_a_call():
    voice = {"session_id": "voice:2026-03-02T10:00:00", "source": Source.VOICE_EVENTS.value}
    begun, ended = event("voice_call_begin", 1) | voice, event("voice_call_end", 5) | voice
    assert judge(begun, ended).verdict is Verdict.UNKNOWN
    ending = judge(begun, ended, event("voice_call_begin", 9) | voice)
    assert (ending.verdict, ending.cites) == (Verdict.TRUNCATED, (3,))


def test_a_shutdown_that_work_follows_is_no_end():
    """A cleared conversation logs an end too, and the process goes on."""
    shutdown = event("session_end", 10, source=DEBUG, pid=1)
    ending = judge(said(1), shutdown, event("tool_dispatch", 60, source=DEBUG, tool="Bash", pid=1))
    assert ending.verdict is Verdict.UNKNOWN
    assert judge(said(1), shutdown).verdict is Verdict.CLEAN


def test_a_result_that_another_turn_follows_is_no_end():
    result = event("result", 10, status="success")
    assert judge(said(1), result, said(60)).verdict is Verdict.UNKNOWN
    assert judge(said(1), result).verdict is Verdict.CLEAN


def test_an_undated_fatal_text_beside_a_dated_transcript_is_a_crash():
    fatal = event("process_fatal", 0, source=DEBUG) | {"ts": None, "ts_quality": "missing", "file": 1}
    rows = [e | {"event_id": n, "line": n, "ordinal": 0} for n, e in enumerate((fatal, said(1)), 1)]
    rows[1]["file"] = 0
    frame = conform(pl.DataFrame(rows, infer_schema_length=None), EVENTS)
    ending = judge_ending(frame.sort("ts", "line", nulls_last=False), ())
    assert ending.verdict is Verdict.CRASHED


def cut_off(**columns):
    return event("damaged", 0, component="cut off") | {"ts": None, "ts_quality": "missing"} | columns


def test_of_a_last_line_that_is_cut_off_it_is_not_said_that_no_call_was_open():
    ending = judge(said(1), event("user_prompt", 60), cut_off())
    assert ending.verdict is Verdict.UNKNOWN
    assert "whether a call was open is not known" in ending.proof
    assert "no open call" not in ending.proof
    assert ending.cites == (2, 3)
    assert "no open call" in judge(said(1), event("user_prompt", 60)).proof
    assert "no open call" in judge(said(1), cut_off(file=1)).proof, "another file's last line"


def test_an_open_call_above_a_line_that_is_cut_off_may_have_been_answered():
    ending = judge(call(1), cut_off())
    assert ending.verdict is Verdict.TRUNCATED
    assert ending.proof.endswith("the last line is cut off, and may have been an answer")
    assert "cut off" not in judge(call(1)).proof


@pytest.mark.parametrize(("most", "told"), [(10, "retry 2 of 10"), (None, "retry 2 of a request")])
def test_a_record_that_stops_between_two_tries_says_so(most, told):
    tries = [event("api_error", n, component="attempt", count=n, total=most) for n in (1, 2)]
    ending = judge(event("user_prompt", 0), *tries)
    assert ending.verdict is Verdict.UNKNOWN
    assert "the record stops in an open turn" in ending.proof
    assert told in ending.proof
    assert "retry" not in judge(event("user_prompt", 0), *tries, said(3)).proof


def test_a_command_of_the_clients_own_is_no_answer_to_an_error():
    failed = event("api_error", 1, component="final", message="Invalid API key · Please run /login")
    login = event("user_prompt", 2, message="<command-name>/login</command-name>")
    assert judge(failed, login).verdict is Verdict.ERROR_RESULT
    asked = event("user_prompt", 3, message="Once more.")
    assert judge(failed, login, asked).verdict is Verdict.UNKNOWN

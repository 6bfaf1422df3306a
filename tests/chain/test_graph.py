"""The failure chain: what links happenings, what does not, and what the whole is then called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.chain.graph import ChainVerdict, Link, failure_graph
from forensics.chain.peers import host_of, peers_in
from forensics.render.answers.json_report import to_dict
from forensics.render.report.markdown import to_markdown
from forensics.schema import EVENTS, SPAWNS, TODOS, conform, empty
from forensics.schema.finding import Claim, Confidence, EvidenceRef, Finding, Nature, Severity
from forensics.session.model.case import build_case
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
SESSION = "5e551011-0000-4000-8000-000000000001"


def case_of(*rows, file=0):
    """Make a case of records; ``at`` is in seconds, null for no time; ids are their positions."""
    made = []
    for n, row in enumerate(rows):
        at = row.pop("at", None)
        made.append(
            {
                "event_id": n,
                "file": row.pop("file", file),
                "line": n + 1,
                "ordinal": 0,
                "session_id": SESSION,
                "source": row.pop("source", "transcript"),
                "ts": None if at is None else T0 + timedelta(seconds=at),
                "ts_quality": row.pop("quality", "missing" if at is None else "exact"),
                "message": row.get("message", row["kind"]),
            }
            | row
        )
    events = conform(pl.DataFrame(made, infer_schema_length=None), EVENTS)
    return build_case(SESSION, events, empty(TODOS), empty(SPAWNS))


def found(rule, *events, severity=Severity.MEDIUM, nature=Nature.EVENT, builds=False, **facts):
    evidence = tuple(
        EvidenceRef(
            event_id=e,
            path="x",
            line=e + 1,
            offset=0,
            line_sha256="",
            ts=None,
            ts_quality="exact",
            excerpt="",
        )
        for e in events
    )
    return Finding(
        rule=rule,
        name=rule,
        severity=severity,
        confidence=Confidence.HIGH,
        claim=Claim.OBSERVED,
        nature=nature,
        session_id=SESSION,
        agent_id=None,
        message=f"{rule} found something",
        facts=facts,
        fingerprint=f"{rule}-{events}",
        evidence=evidence,
        builds_on_findings=builds,
    )


def graph(case, *findings):
    return failure_graph(case.with_findings(findings))


def call(at, call_id, tool="Edit", path=None, **more):
    return {"kind": "tool_call", "at": at, "correlation_id": call_id, "tool": tool, "path": path} | more


def failed(at, call_id, **more):
    return {"kind": "tool_result", "at": at, "correlation_id": call_id, "status": "error"} | more


def two_edits(seconds, one="/w/a.py", other="/w/a.py", **more):
    return case_of(
        call(0, "c1", path=one),
        failed(1, "c1"),
        call(1 + seconds - 0.5, "c2", path=other, **more),
        failed(1 + seconds, "c2", **more),
    )


# --- what links ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "link"), [(600, Link.RESOURCE), (600.5, None)])
def test_one_file_links_for_ten_minutes(seconds, link):
    told = graph(two_edits(seconds), found("CCF801", 1), found("CCF802", 3))
    assert [e.link for e in told.edges] == ([link] if link else [])
    assert told.verdict is (ChainVerdict.FAILURE_CHAIN if link else ChainVerdict.CO_OCCURRING)


@pytest.mark.parametrize(("seconds", "link"), [(60, Link.TEMPORAL), (60.5, None)])
def test_what_merely_follows_within_a_minute_is_no_chain(seconds, link):
    told = graph(two_edits(seconds, other="/w/b.py"), found("CCF801", 1), found("CCF802", 3))
    assert [e.link for e in told.edges] == ([link] if link else [])
    assert told.verdict is ChainVerdict.CO_OCCURRING
    assert told.paths == ()


def test_an_edge_cites_both_records():
    (edge,) = graph(two_edits(5), found("CCF801", 1), found("CCF802", 3)).edges
    assert (edge.first, edge.second) == (1, 3)


def test_two_failures_of_one_call_are_linked_by_its_id():
    case = case_of(
        call(0, "c1", tool="Bash"),
        {"kind": "hook_denied", "at": 1, "correlation_id": "c1"},
        failed(900, "c1"),
    )
    (edge,) = graph(case, found("CCF801", 1), found("CCF802", 2)).edges
    assert (edge.link, edge.before, edge.after) == (Link.EXPLICIT, 0, 1)


def test_two_names_of_one_port_are_one():
    assert host_of("http://localhost:2022/v1") == host_of("http://127.0.0.1:2022/health") == "127.0.0.1:2022"
    assert host_of("https://api.openai.com/v1") == "api.openai.com:443"
    assert list(peers_in("connect ECONNREFUSED 127.0.0.1:8931")) == ["127.0.0.1:8931"]
    assert list(peers_in("listen EADDRINUSE: address already in use :::3000")) == ["127.0.0.1:3000"]


@pytest.mark.parametrize("name", ["claude-opus-5-5", None, "http://[x/v1", "file:///tmp/x"])
def test_a_models_name_is_no_endpoint(name):
    assert host_of(name) is None


def speech(service, *steps):
    """Make a server's log of one request: attempts that are named, fail, or fall back; and its exhaustion."""
    rows = [{"kind": f"{service}_start", "at": 0}]
    for n, (kind, host) in enumerate(steps, 1):
        row = {"kind": f"{service}_{kind}", "at": n, "endpoint": host and f"https://{host}/v1"}
        rows.append(row | {"status": "Request timed out." if kind == "fail" else None})
    return case_of(*(row | {"source": "voice-stderr", "component": "voicemode"} for row in rows))


def test_attempts_without_words_of_a_fallback_are_linked_by_the_line_that_ends_them():
    case = speech(
        "tts", ("attempt", "a"), ("fail", "a"), ("attempt", "b"), ("fail", "b"), ("exhausted", None)
    )
    told = graph(case, found("CCF204", 2), found("CCF201", 2, 4, 5))
    assert [p.nodes for p in told.paths] == [(0, 1, 2)]


@pytest.mark.parametrize(
    ("at", "last"), [(3.001, ("CCF201", "CCF209")), (9.0, ("CCF209",))], ids=["at-once", "later"]
)
def test_the_servers_other_logger_tells_the_same_exhaustion_again(at, last):
    steps = ("attempt", "a"), ("fail", "a"), ("exhausted", None)
    (tail,) = case_of({"kind": "voice_failure", "at": at, "source": "voice-stderr"}).events.iter_rows(
        named=True
    )
    case = speech("stt", *steps)
    again = build_case(
        SESSION,
        pl.concat([case.events, conform(pl.DataFrame([tail | {"event_id": 4, "line": 5}]), EVENTS)]),
        empty(TODOS),
        empty(SPAWNS),
    )
    told = graph(again, found("CCF201", 2, 3), found("CCF204", 2), found("CCF209", 4))
    assert told.nodes[0].codes == ("CCF201", "CCF204")
    assert told.nodes[-1].codes == last


def test_a_fallback_whose_failure_is_not_logged_leads_to_the_line_that_ends_it():
    case = speech("stt", ("attempt", "a"), ("fail", "a"), ("fallback", "b"), ("exhausted", None))
    told = graph(case, found("CCF204", 2), found("CCF201", 2, 3, 4))
    assert [p.nodes for p in told.paths] == [(0, 1, 2)]


def test_a_fallback_that_served_ends_no_chain():
    case = speech("stt", ("attempt", "a"), ("fail", "a"), ("fallback", "b"), ("ok", "b"))
    told = graph(case, found("CCF204", 2), found("CCF205", 2, 3))
    assert told.paths == ()


# --- what must not link --------------------------------------------------------------------------


def test_the_clients_own_books_link_nothing():
    path = "/home/dev/.claude/projects/-w/5e551011.jsonl"
    told = graph(two_edits(5, path, path), found("CCF801", 1), found("CCF802", 3))
    assert [e.link for e in told.edges] == [Link.TEMPORAL]


def test_the_name_of_a_server_or_a_model_links_nothing():
    one = {"kind": "mcp_call_end", "status": "failed", "component": "search"}
    case = case_of(
        one | {"at": 0, "tool": "find", "pid": 7, "endpoint": "claude-opus-5-5"},
        one | {"at": 300, "tool": "list", "pid": 7, "endpoint": "claude-opus-5-5"},
    )
    assert graph(case, found("CCF801", 0), found("CCF802", 1)).edges == ()


def test_a_file_that_only_a_call_among_the_evidence_touched_links_nothing():
    case = case_of(call(0, "c1", path="/w/a.py"), call(5, "c2", path="/w/a.py"))
    assert [e.link for e in graph(case, found("CCF801", 0), found("CCF802", 1)).edges] == [Link.TEMPORAL]
    told = graph(case, found("CCF801", 0, path="/w/a.py"), found("CCF802", 1, path="/w/a.py"))
    assert [e.link for e in told.edges] == [Link.RESOURCE]


def test_findings_that_rest_on_one_record_are_one_happening():
    told = graph(two_edits(5), found("CCF801", 1), found("CCF802", 1), found("CCF803", 3, 1))
    assert [n.codes for n in told.nodes] == [("CCF801", "CCF802", "CCF803"), ("CCF803",)]


def test_states_that_share_a_record_restate_it_and_are_not_linked():
    case = case_of(call(0, "c1", path="/w/a.py"), call(5, "c2", path="/w/a.py"))
    told = graph(case, found("CCF801", 0, path="/w/a.py"), found("CCF802", 1, 0, path="/w/a.py"))
    assert len(told.nodes) == 2
    assert told.edges == ()


def test_control_gaps_low_findings_and_what_is_made_of_findings_are_no_happenings():
    told = graph(
        two_edits(5),
        found("CCF801", 1),
        found("CCF302", 3, nature=Nature.CONTROL_GAP, severity=Severity.HIGH),
        found("CCF803", 3, severity=Severity.LOW),
        found("CCF902", 1, 3, severity=Severity.HIGH, builds=True),
    )
    assert [n.codes for n in told.nodes] == [("CCF801",)]
    assert told.verdict is None


def test_one_finding_told_by_several_lines_is_no_chain():
    told = graph(two_edits(5), found("CCF801", 1, 3))
    assert told.paths == ()
    assert told.verdict is None


def test_what_happened_again_in_the_same_way_makes_no_longer_chain():
    rows = [
        row
        for n in range(3)
        for row in (
            call(n * 20, f"a{n}", path="/w/a.py"),
            failed(n * 20 + 1, f"a{n}"),
            call(n * 20 + 5, f"b{n}", tool="Bash", path="/w/a.py"),
            failed(n * 20 + 6, f"b{n}"),
        )
    ]
    told = graph(case_of(*rows), found("CCF801", 1, 5, 9), found("CCF802", 3, 7, 11))
    (path,) = told.paths
    assert (path.nodes, [n.times for n in told.nodes]) == ((0, 1), [3, 3])


# --- time and order ------------------------------------------------------------------------------


def test_without_a_usable_time_there_is_a_node_and_no_edge():
    case = case_of(
        call(None, "c1", path="/w/a.py"), failed(None, "c1"), call(4, "c2", path="/w/a.py"), failed(5, "c2")
    )
    told = graph(case, found("CCF801", 1), found("CCF802", 3))
    assert [n.is_placed for n in told.nodes] == [True, False]
    assert told.edges == ()
    assert told.verdict is ChainVerdict.CO_OCCURRING


def test_a_leak_warnings_time_is_not_the_leaks():
    case = case_of(
        {"kind": "tool_result", "at": 0, "status": "error"},
        {"kind": "resource_warning", "at": 1, "component": "asyncio"},
    )
    told = graph(case, found("CCF801", 0), found("CCF203", 1))
    assert [n.is_placed for n in told.nodes] == [True, False]
    assert told.edges == ()


def test_times_of_neighbours_order_nothing_over_two_logs():
    told = graph(two_edits(5, file=1, quality="inferred"), found("CCF801", 1), found("CCF802", 3))
    assert told.edges == ()


def test_in_a_log_of_one_writer_the_lines_tell_the_order():
    failure = {"kind": "stt_fail", "source": "voice-stderr", "at": 0, "endpoint": "http://127.0.0.1:1/v1"}
    case = case_of(failure | {"status": "Request timed out."}, {**failure, "kind": "tts_fail", "status": "x"})
    (edge,) = graph(case, found("CCF801", 0), found("CCF802", 1)).edges
    assert (edge.link, edge.seconds) == (Link.RESOURCE, 0.0)


# --- the end -------------------------------------------------------------------------------------


def api_error(at, status, n=None, **more):
    component = "final" if n is None else "attempt"
    return {"kind": "api_error", "at": at, "status": status, "count": n, "component": component} | more


def run_into_an_error(between=()):
    return case_of(
        {"kind": "user_prompt", "at": -1},
        api_error(0, "Request timed out", 1),
        *between,
        api_error(3, "500", 2),
        api_error(8, "529"),
    )


def test_a_requests_tries_into_the_sessions_end_are_a_cascade():
    case = run_into_an_error()
    assert case.ending.verdict == "ERROR_RESULT"
    told = graph(case, found("CCF204", 1), found("CCF801", 2), found("CCF206", 3), found("CCF901", 3))
    assert told.verdict is ChainVerdict.CASCADE
    assert {e.link for e in told.edges} == {Link.EXPLICIT}
    assert told.nodes[-1].is_terminal


def test_a_result_that_quotes_the_last_error_is_the_same_failure():
    case = case_of(
        {"kind": "user_prompt", "at": -1},
        api_error(0, "529", message="API Error: 529 Overloaded"),
        {"kind": "result", "at": None, "status": "error", "message": "API Error: 529 Overloaded (HTTP 529)"},
    )
    assert case.ending.cites == (2,)
    told = graph(case, found("CCF206", 1), found("CCF901", 2))
    (node,) = told.nodes
    assert (node.codes, node.is_terminal, node.moment) == (("CCF206", "CCF901"), True, T0)
    assert told.verdict is None


def test_a_result_of_other_words_is_a_failure_of_its_own():
    case = case_of(
        {"kind": "user_prompt", "at": -1},
        api_error(0, "529", message="API Error: 529 Overloaded"),
        {"kind": "result", "at": 5, "status": "error", "message": "Reached max turns (3)"},
    )
    told = graph(case, found("CCF206", 1), found("CCF901", 2))
    assert [n.codes for n in told.nodes] == [("CCF206",), ("CCF901",)]


def test_three_happenings_of_two_findings_are_no_cascade():
    told = graph(run_into_an_error(), found("CCF206", 1, 2, 3), found("CCF901", 3))
    assert told.verdict is ChainVerdict.FAILURE_CHAIN


def test_tries_of_two_requests_are_not_linked():
    answer = {"kind": "assistant_message", "at": 1}
    told = graph(run_into_an_error([answer]), found("CCF204", 1), found("CCF206", 4), found("CCF901", 4))
    assert [e.link for e in told.edges] == [Link.TEMPORAL]


def test_a_request_that_failed_is_not_a_try_of_the_next_one():
    case = case_of(
        {"kind": "user_prompt", "at": -1},
        api_error(0, "500"),
        {"kind": "user_prompt", "at": 5},
        api_error(8, "529"),
    )
    told = graph(case, found("CCF206", 1), found("CCF206", 3), found("CCF901", 3))
    assert [e.link for e in told.edges] == [Link.TEMPORAL]


def test_tries_and_end_of_one_class_are_one_failure():
    case = case_of(
        {"kind": "user_prompt", "at": -1}, api_error(0, "529", 1), api_error(3, "529", 2), api_error(8, "529")
    )
    told = graph(case, found("CCF206", 1, 2, 3), found("CCF901", 3))
    assert len(told.nodes) == 1


def test_a_try_that_names_no_class_is_no_other_failure_than_its_requests_end():
    # 2.1.2 logs a timeout's tries as {"error": {}}: the request failed once, and nothing led to anything
    end = api_error(290, "Request timed out")
    case = case_of({"kind": "user_prompt", "at": -1}, api_error(0, None, 1), api_error(11, None, 2), end)
    told = graph(case, found("CCF206", 1, 2, 3), found("CCF204", 3), found("CCF901", 3))
    assert [n.text for n in told.nodes] == ["model API: Request timed out"]
    assert not told.paths


def test_the_end_of_a_request_is_said_to_be_of_one_request_with_its_tries():
    told = graph(run_into_an_error(), found("CCF204", 1), found("CCF801", 2), found("CCF206", 3))
    assert {e.text.partition("” ")[2] for e in told.edges} == {
        "comes from the same request, which was tried again"
    }


def test_what_comes_after_the_end_has_no_edge():
    case = case_of(
        {"kind": "user_prompt", "at": -1},
        api_error(0, "529"),
        {"kind": "mcp_connection", "at": 2, "status": "STDIO connection closed", "component": "voicemode"}
        | {"file": 1, "source": "mcp-log"},
    )
    assert case.ending.verdict == "ERROR_RESULT"
    told = graph(case, found("CCF206", 1), found("CCF901", 1), found("CCF208", 2))
    assert len(told.nodes) == 2
    assert told.edges == ()


def test_the_silence_quoted_beside_an_end_is_not_its_proof():
    """The end's finding cites the last failure before the silence: that does not make the failure the end."""
    case = case_of(call(0, "c1", path="/w/a.py"), failed(1, "c1"), {"kind": "user_prompt", "at": 900})
    told = graph(case, found("CCF801", 1), found("CCF901", 2, 1))
    assert [n.codes for n in told.nodes if n.is_terminal] in ([], [("CCF901",)])
    assert all(n.codes == ("CCF801",) for n in told.nodes if not n.is_state)


# --- reports -------------------------------------------------------------------------------------


def of_fixture(name):
    return analysis_of(RULE_FIXTURES / "CCF902" / name / "input")


def test_a_cascade_is_named_in_the_title_and_the_summary():
    report = to_markdown(of_fixture("fires/cascade-into-the-open-call-of-an-agent"))
    assert "Session Record Truncated, Cascade of 3 Events" in report.partition("\n")[0]
    assert "A cascade of 3 events links " in report
    assert "side by side" not in report.partition("## TIMELINE")[0]


def test_a_chain_begins_where_its_first_try_began(tmp_path):
    recording = RULE_FIXTURES / "CCF902" / "fires" / "timeout-fallback-401-exhausted" / "input" / "stderr.log"
    log = recording.read_text(encoding="utf-8")
    assert _linked(tmp_path, log).endswith("over 30.4 s")
    failures_only = [line for line in log.splitlines() if " - INFO - " not in line]
    at_once = [line.replace("01:32:42,512", "01:32:42,342") for line in failures_only]
    assert _linked(tmp_path, "\n".join(at_once)).endswith("“every speech-to-text endpoint failed”")


def _linked(folder, log):
    (folder / "stderr.log").write_text(log, encoding="utf-8")
    (found,) = [f for f in analyse(Request([folder])).findings if f.rule == "CCF902"]
    return found.statements[0].text


def test_a_refusals_own_line_is_about_the_endpoint_of_the_try_that_it_ends(tmp_path):
    recording = RULE_FIXTURES / "CCF902" / "fires" / "timeout-fallback-401-exhausted" / "input" / "stderr.log"
    log = recording.read_text(encoding="utf-8").splitlines()
    without = [line for line in log if "STT failed for final endpoint" not in line]
    assert len(without) < len(log)
    assert _linked(tmp_path, "\n".join(without)).startswith("4 events are linked")


def test_what_only_co_occurs_is_called_so_and_nothing_more():
    analysis = of_fixture("silent/one-server-after-another-within-a-minute")
    report = to_markdown(analysis)
    for word in ("Chain of", "Cascade", "cascade"):
        assert word not in report.partition("## ERROR CATEGORY")[0], word
    assert "They stand side by side: no order of cause between them is claimed" in report
    assert "## CO-OCCURRING FINDINGS\n" in report
    assert "CO-OCCURRING findings (2), causal link not established" in report
    (chain,) = to_dict(analysis)["chains"]
    assert (chain["verdict"], chain["paths"]) == ("CO-OCCURRING", [])
    assert [e["type"] for e in chain["edges"]] == ["TEMPORAL"]
    assert all(len(e["evidence"]) == 2 and e["text"] for e in chain["edges"])


def test_findings_of_two_sessions_are_never_in_one_chain():
    analysis = of_fixture("silent/two-sessions")
    assert [s.chain.verdict for s in analysis.sessions] == [None, None]
    assert to_dict(analysis)["chains"] == []

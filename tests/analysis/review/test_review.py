"""What is said of a session beside its findings: for the right lines, and not where the record does not show it."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from forensics.analysis import review as reviewing
from forensics.analysis.anonymise import anonymise
from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.analysis.review.basis import SHOWN
from forensics.render.report.markdown import to_markdown
from forensics.schema.finding import Severity
from forensics.session.model.ending import Verdict
from forensics.session.turns.open_turns import silence_before_end
from forensics.session.turns.silences import LONG_S
from forensics.text.lengths import SENTENCE
from tests.support.analyses import analysis_of
from tests.support.places import INCIDENT, RULE_FIXTURES, matching
from tests.support.rule_cases import every_case, plain


def analysed(case):
    return analysis_of(INCIDENT if case == "incident" else RULE_FIXTURES / case / "input")


def review(case):
    return analysed(case).sessions[0].review


def lines(told):
    return [ref.line for ref in told.refs]


def figures(case):
    return {f.name: f.value for f in review(case).figures}


def excluded(case):
    return {e.cause: e.told for e in review(case).excluded}


def worked(case):
    return [t.text for t in review(case).worked]


# --- the incident, beside what the published report claimed ----------------------------------------


def test_the_incident_in_numbers_each_with_its_lines():
    told = [(f.name, f.value, lines(f)) for f in review("incident").figures]
    assert told == [
        ("todo items left open", "5 in progress", [31]),
        ("agents without a result", "2 of 3", [34, 35]),
        ("files written that no call of a file tool explains", "1", [514]),
        ("files that agents without a result may have written (CCF403)", "PRIVACY.md", [34, 514]),
        ("calls that may have changed files after the last checkpoint", "1", [44, 514]),
        ("speech-to-text requests that failed at every endpoint", "1 of 4, after 32 s", [441]),
        ("silence before the last records", "6 min 55 s", [447, 517]),
    ]


def test_what_the_published_report_claims_and_the_record_contradicts_is_ruled_out():
    found = excluded("incident")
    assert {cause: lines(told) for cause, told in found.items()} == {
        # "All STT endpoints failed", the call's end, the file written 415 s later
        "the failed speech requests ended the session": [441, 447, 514],
        "the client had lost the voice server, or had never connected to it": [441, 447],
        # three good voice turns before
        "http://127.0.0.1:2022/v1 was not there at all, or its address was wrong": [327, 237, 141],
        "api.openai.com could not be reached over the network": [441],
        # "You didn't provide an API key"; the other line leaves it open: "invalid or missing"
        "the speech service's key was wrong or expired": [441],
        # the last leak message, and the 401 that another request got half a minute later
        "unclosed client sessions had used up the voice server's connections": [411, 441],
        "the disk was full or could not be written to": [517],
    }
    assert "6 min 55 s later" in found["the failed speech requests ended the session"].text


def test_the_incident_has_few_factors_and_the_worst_first():
    factors = review("incident").factors
    assert [f.codes for f in factors] == [
        ("CCF902",),
        ("CCF202", "CCF402"),
        ("CCF101",),
        ("CCF102", "CCF304", "CCF404"),
        ("CCF209",),
    ]


def test_agents_at_work_at_once_are_counted_as_they_were_at_the_end():
    """One of the three had returned minutes before."""
    told = next(f.told for f in review("incident").factors if f.codes == ("CCF101",))
    assert told.text == (
        "Several agents were at work at once: 3 agents ran at once, with 1 hazard: missing result; "
        "2 of 3 agents were still out when the record ended"
    )
    assert lines(told) == [34, 35, 33]


def test_what_held_in_the_incident():
    assert worked("incident") == [
        "3 of 4 speech-to-text requests were answered",
        "1 of 3 agents returned a result: “Create production-ready MCP server”",
        "The transcript kept the conversation up to its record of 08:53:40Z",
    ]
    assert [(t.text, lines(t)) for t in review("incident").lucky] == [
        ("The record stops right after a file write that was complete: PRIVACY.md", [517])
    ]


def test_where_nothing_follows_the_failure_it_is_not_said_that_the_session_went_on(tmp_path):
    logs = shutil.copytree(INCIDENT, tmp_path / "in")
    debug = next(logs.rglob("debug/*16d5d.txt"))
    cut = [x for x in debug.read_text().splitlines(keepends=True) if "PRIVACY.md" not in x]
    debug.write_text("".join(cut))
    causes = {e.cause for e in analyse(Request([logs])).sessions[0].review.excluded}
    assert "the failed speech requests ended the session" not in causes
    assert "the disk was full or could not be written to" not in causes
    assert "the client had lost the voice server, or had never connected to it" in causes


# --- what is ruled out, and what is not -----------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "cause", "cited"),
    [
        ("CCF208/fires/back-after-60-seconds", "MCP server “tickets” was gone for the rest of the session", [4, 8]),
        ("CCF207/fires/login-renewed", "the model API refused the credential for good", [2, 4]),
        ("CCF206/silent/key-refused", "the session's credential had never worked", [3, 11]),
        ("CCF209/fires/last-result-is-missing", "the main agent waited in vain for the model API", [5]),
        ("CCF107/fires/two-alive-when-the-allowance-ended", "the usage limit held for the rest of the session", [2, 3]),
        ("CCF201/fires/text-to-speech", "no key for the speech service was set", [8]),
        ("CCF201/fires/hidden-lines", "the speech service's key was wrong or expired", [8]),
        (
            "CCF206/fires/overloaded-without-logged-retries",
            "the client was killed outright (SIGKILL, out of memory), or its machine lost power",
            None,
        ),
        ("CCF207/fires/subagent", "the session's credential was invalid for all agents", None),
    ],
)  # fmt: skip
def test_a_cause_is_ruled_out_by_lines(case, cause, cited):
    told = excluded(case)[cause]
    assert told.refs
    assert cited is None or lines(told) == cited


@pytest.mark.parametrize(
    ("case", "never"),
    [
        ("CCF208/fires/back-after-60-seconds", "killed outright"),
        ("CCF201/fires/text-to-speech", "ended"),
        ("CCF201/fires/no-usable-endpoint", "could not be reached"),
        ("CCF201/fires/text-to-speech", "key was wrong"),
        ("CCF201/fires/hidden-lines", "no key for"),
        ("CCF206/silent/key-refused", "for good"),
    ],
)
def test_what_no_line_contradicts_is_not_ruled_out(case, never):
    assert not [
        cause for s in analysed(case).sessions for e in s.review.excluded if never in (cause := e.cause)
    ]


def heard_by_the_primary(tmp_path, words):
    """The primary failed, then answered once: with these words."""
    log = RULE_FIXTURES / "CCF201" / "silent" / "fallback-answered" / "input" / "stderr.log"
    told = [x for x in log.read_text().splitlines() if "<html>" not in x]
    after = next(n for n, x in enumerate(told) if "STT succeeded with whisper" in x) + 1
    told.insert(after, f"2026-11-22 01:33:04,851 - voicemode - INFO -   Transcribed: {words}")
    (tmp_path / "stderr.log").write_text("\n".join(told) + "\n")
    found = analyse(Request([tmp_path])).sessions[0].review
    return [e.told.text for e in found.excluded if "was not there at all" in e.cause]


def test_an_error_page_does_not_show_that_a_service_was_there(tmp_path):
    assert heard_by_the_primary(tmp_path, "<html><body>502 Bad Gateway</body></html>") == []
    (text,) = heard_by_the_primary(tmp_path, "tell me what failed")
    assert text == "It answered 1 speech-to-text request of this session, at 01:33:04 local"


def test_a_key_is_ruled_out_by_what_says_so_only(tmp_path):
    """“Invalid or missing” leaves open which."""
    logs = shutil.copytree(INCIDENT, tmp_path / "in")
    for path in [p for p in logs.rglob("*") if p.is_file()]:
        path.write_text(path.read_text().replace("You didn't provide an API key", "No"))
    causes = {e.cause for e in analyse(Request([logs])).sessions[0].review.excluded}
    assert "api.openai.com could not be reached over the network" in causes
    assert not [c for c in causes if " key " in c or "key was" in c]


def test_lines_that_were_put_together_in_another_order_settle_nothing(tmp_path):
    """As pasted into an issue: the failure first, then the lines that went before it."""
    lines_of = [
        "2025-07-05 21:19:59,649 - voice-mode - ERROR - Failed to get TTS client: No healthy TTS endpoints found that support requested voice/model preferences",
        "2025-07-05 21:19:59,637 - mcp.server.lowlevel.server - INFO - Processing request of type CallToolRequest",
        "2025-07-05 21:19:59,647 - voice-mode - INFO - Converse: 'buenos dias' (wait_for_response: True)",
    ]
    pasted, whole = tmp_path / "pasted.log", tmp_path / "whole.log"
    pasted.write_text("\n".join(lines_of) + "\n")
    later = [x.replace("21:19:59", "21:20:07") for x in lines_of[1:]]
    whole.write_text("\n".join([*lines_of[1:], lines_of[0], *later]) + "\n")
    causes = [[e.cause for e in analyse(Request([p])).sessions[0].review.excluded] for p in (pasted, whole)]
    assert causes == [[], ["the failed speech requests ended the voice server's work"]]


# --- numbers and factors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "name", "value"),
    [
        ("CCF206/silent/tries-without-an-end", "failed tries at the model API behind which the record stops", "2, over 4 s"),
        ("CCF107/silent/no-agent", "prompts without an answer", "1 of 1"),
        ("CCF107/fires/recorded-limit-and-overload", "agents that ended in an error", "1 of 2"),
        ("CCF201/fires/by-the-tools-result", "voice calls that returned a failure", "1 of 1"),
        ("CCF201/silent/fallback-answered", "speech-to-text attempts that failed before another was answered", "3"),
        ("CCF209/fires/last-result-is-missing", "tool calls never answered", "1"),
        ("CCF403/silent/interrupted-by-the-user", "agents stopped before they returned", "1 of 1"),
        ("CCF206/fires/timed-out-then-answered", "requests to the model API given up", "1"),
        ("CCF204/fires/fallback-then-served", "voice calls cancelled", "1"),
        ("CCF411/silent/call-without-end-and-no-lock", "voice calls without an end", "1"),
    ],
)  # fmt: skip
def test_a_number_of_the_impact(case, name, value):
    assert figures(case)[name].startswith(value)


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (
            "CCF206/fires/timed-out-then-answered",
            "failed tries at the model API behind which the record stops",
        ),
        ("CCF305/fires/in-progress-at-a-clean-end", "silence before the last records"),
        ("CCF201/silent/fallback-answered", "speech-to-text requests that failed at every endpoint"),
        ("incident", "prompts without an answer"),
        ("incident", "voice calls without an end"),
    ],
)
def test_a_number_that_is_zero_is_no_figure(case, name):
    assert name not in figures(case)


def test_one_failure_that_two_loggers_tell_is_one_request():
    """The server's own debug log holds each line twice."""
    for folder in matching(RULE_FIXTURES / "CCF201" / "fires", "*"):
        session = analysis_of(folder / "input").sessions[0]
        ends = {c.exhausted_at for c in session.case.speech_requests if c.exhausted_event is not None}
        for figure in session.review.figures:
            if figure.name.endswith("requests that failed at every endpoint"):
                assert int(figure.value.split()[0]) <= len(ends), folder.name


def test_of_equal_findings_a_factor_tells_the_one_that_came_first():
    """Both endpoints were never probed; the second one comes first by its name."""
    folder = "CCF204/silent/refused-connections"
    told = [f.told for f in review(folder).factors if f.codes == ("CCF401",)]
    assert ["127.0.0.1:8880" in t.text for t in told] == [True]


def test_a_state_without_a_failure_that_it_bears_on_is_no_factor():
    (session,) = analysed("CCF102/fires/five-until-the-end").sessions
    assert {f.rule for f in session.findings} & {"CCF102", "CCF302"}
    assert session.review.factors == ()


# --- what held -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("CCF407/fires/debug-log-only", "A hook denied 3 tool calls (Bash)"),
        (
            "CCF201/silent/fallback-answered",
            "http://api.openai.com/v1 answered 3 speech-to-text requests after http://127.0.0.1:2022/v1 had failed",
        ),
        ("CCF201/fires/hidden-lines", "1 of 2 speech-to-text requests was answered"),
        ("CCF204/fires/retry-then-served", "1 speech-to-text request was answered after a try had failed"),
        ("CCF206/fires/timed-out-then-answered", "After the model API had failed (timeout), the main agent was answered again"),
        ("CCF304/silent/commit-in-between", "Work was committed with git, 3 min 20 s before the last record"),
        (
            "CCF104/silent/second-write-refused",
            "The client refused an edit of notes.md by agent “Write summary” that did not know what agent “Write notes” had written",
        ),
        ("CCF107/fires/recorded-limit-and-overload", "1 of 2 agents returned a result: “Count folders”"),
        (
            "CCF208/fires/back-after-60-seconds",
            "MCP server “tickets” was connected again after it had lost its connection, 1 min later",
        ),
    ],
)  # fmt: skip
def test_what_held_is_said_where_lines_show_it(case, text):
    assert text in worked(case)


def test_a_page_taken_for_speech_is_no_answer():
    session = analysed("CCF211/fires/page-where-lines-are-hidden").sessions[0]
    wrong = {r.event_id for f in session.findings if f.rule == "CCF211" for r in f.evidence}
    requests = [c for c in session.case.speech_requests if c.answered_event in wrong]
    assert requests
    assert not {r.event_id for t in session.review.worked for r in t.refs} & {
        c.answered_event for c in requests
    }


def test_a_second_writer_that_had_read_the_first_is_luck_and_one_that_had_not_is_none():
    assert len(review("CCF104/fires/second-had-read-it").lucky) == 1
    assert review("CCF104/fires/two-siblings").lucky == ()


# --- laws ----------------------------------------------------------------------------------------


def all_told(found):
    return [*(f.told for f in found.factors), *found.worked, *found.lucky, *(e.told for e in found.excluded)]


def check(session, inputs):
    found = session.review
    for told in all_told(found):
        assert 1 <= len(told.refs) <= SHOWN, told.text
        assert len(told.text) <= SENTENCE, told.text
        assert told.text.isprintable(), told.text
    assert all(1 <= len(f.refs) <= SHOWN and f.value.isprintable() for f in found.figures)
    assert len(found.factors) <= 5
    causes = [e.cause for e in found.excluded]
    assert len(set(causes)) == len(causes)
    assert len({f.name for f in found.figures}) == len(found.figures)
    for ref in found.refs:
        assert any(i.evidence.name == ref.path for i in inputs)


@every_case
def test_each_sentence_of_a_review_is_short_and_shows_few_lines(folder):
    analysis = plain(folder)
    assert analysis.errors == ()
    for session in analysis.sessions:
        check(session, analysis.inputs)
        for ref in session.review.refs:
            path = next(p for p in folder.rglob("*") if p.name == ref.path.rpartition("/")[2])
            line = path.read_bytes().split(b"\n")[ref.line - 1]
            assert hashlib.sha256(line).hexdigest() == ref.line_sha256


def is_clean(session):
    worse = [f for f in session.findings if f.severity.rank > Severity.NOTE.rank]
    return session.case.ending.verdict is Verdict.CLEAN and not worse


@pytest.mark.corpus
@pytest.mark.whole
@pytest.mark.parametrize("version", ["claude-code/1.0.128", "claude-code/2.0.24", "claude-code/2.1.330", "voicemode/6.0.1", "voicemode/9.0.1"])  # fmt: skip
def test_the_laws_hold_on_every_recording(corpus, version):
    for folder in matching(corpus / version, "*"):
        analysis = analyse(Request([folder / "input" if (folder / "input").is_dir() else folder]))
        assert analysis.errors == (), folder
        for session in analysis.sessions:
            check(session, analysis.inputs)
            if is_clean(session):
                found = session.review
                assert (found.figures, found.factors, found.worked, found.excluded) == ((), (), (), ()), (
                    folder
                )


@pytest.mark.corpus
@pytest.mark.parametrize("version", ["1.0.128", "2.0.24", "2.1.330"])
def test_a_termination_is_told_from_a_kill(corpus, version):
    def causes(name):
        found = (
            analyse(Request([corpus / "claude-code" / version / name / "input"])).sessions[0].review.excluded
        )
        return [e.cause for e in found if "killed outright" in e.cause]

    assert causes("c2_sigterm")
    assert causes("c_crash") == []


# --- beside the rules ----------------------------------------------------------------------------


def test_a_part_that_fails_costs_itself_and_is_told(monkeypatch):
    def broken(basis):
        yield from ()
        msg = "no such luck"
        raise ValueError(msg)

    monkeypatch.setattr(reviewing, "held_of", broken)
    analysis = analyse(Request([INCIDENT]))
    found = analysis.sessions[0].review
    assert [(e.rule, e.error) for e in analysis.errors] == [("review-worked", "ValueError: no such luck")]
    assert found.worked == ()
    assert found.figures
    assert found.factors
    assert found.excluded


def test_where_counting_failed_it_is_not_said_that_there_was_no_impact(monkeypatch):
    def broken(basis):
        raise ValueError

    monkeypatch.setattr(reviewing, "figures_of", broken)
    report = to_markdown(analyse(Request([INCIDENT])))
    assert "**Impact**: not counted: counting failed, as the appendix tells" in report
    assert "one recorded. *(derived)*" not in report


def test_a_review_is_anonymised(tmp_path):
    logs = shutil.copytree(INCIDENT, tmp_path / "in")
    for path in [p for p in logs.rglob("*") if p.is_file()]:
        text = path.read_text()
        text = text.replace("/home/dev/", "/home/zofia/").replace(
            "Create production-ready", "For Zofia: create"
        )
        path.write_text(text.replace("PRIVACY.md", "zofia.md"))
    plainly = analyse(Request([logs]))
    assert "zofia" in repr(plainly.sessions[0].review).casefold()
    hidden = anonymise(plainly).sessions[0].review
    assert "zofia" not in repr(hidden).casefold()
    assert [len(told.refs) for told in all_told(hidden)] == [
        len(t.refs) for t in all_told(plainly.sessions[0].review)
    ]


def test_a_line_that_is_cut_off_is_no_missing_answer_and_the_users_absence_no_silence(tmp_path):
    """The cut line answers the prompt above it; before that prompt the user was away for half an hour."""
    transcript = next((INCIDENT / ".claude" / "projects").glob("*/*.jsonl"))
    (tmp_path / "cut.jsonl").write_bytes(transcript.read_bytes()[:20_000])
    analysis = analyse(Request([tmp_path]))
    session = next(s for s in analysis.sessions if s.findings)
    assert session.case.ending.gap_s > 1800
    assert silence_before_end(session.case) is None
    names = [f.name for f in session.review.figures]
    assert "prompts without an answer" not in names
    assert "silence before the last records" not in names
    assert "dated record for" not in to_markdown(analysis)


def test_the_silence_of_the_incident_lies_in_an_open_turn():
    case = analysis_of(INCIDENT).sessions[0].case
    assert silence_before_end(case) == case.ending.gap_s > LONG_S

"""Every recorded or published log we have: nothing raises, every line is accounted for."""

from __future__ import annotations

from contextlib import suppress

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.evidence.discover import discover
from forensics.evidence.file import count_lines
from forensics.formats import parser_for
from forensics.schema import Source
from tests.support.places import matching

pytestmark = [pytest.mark.corpus, pytest.mark.whole]

# names under which the programs write logs: one that is not recognised is a gap of ours
LOGS = ("/debug/", "/debug-logs/", "/projects/", "/todos/", "/tasks/", "/mcp-logs-", "/logs/events/", "/logs/conversations/", "/conch")  # fmt: skip


@pytest.mark.parametrize("folder", ["claude-code", "voicemode", "public", "issues"])
def test_every_line_of_every_file_is_accounted_for(corpus, folder):
    seen = 0
    for evidence in discover([corpus / folder]).files:
        parser = parser_for(evidence.place, evidence.head)
        if parser is None:
            continue
        parsed = parser.parse(evidence)
        seen += 1
        assert parsed.lines_total == count_lines(evidence.path.read_bytes()), evidence.name
        assert parsed.lines_understood + sum(p.count for p in parsed.problems) == parsed.lines_total, (
            evidence.name
        )
        assert all(1 <= line <= parsed.lines_total for line in parsed.events["line"]), evidence.name
    assert seen


@pytest.mark.parametrize("folder", ["claude-code", "voicemode"])
def test_what_the_genuine_programs_wrote_is_understood_to_the_last_line(corpus, folder):
    for evidence in discover(matching(corpus / folder, "*/*/input")).files:
        parser = parser_for(evidence.place, evidence.head)
        if parser is None:
            is_log = any(part in evidence.place for part in LOGS) and not evidence.place.endswith(
                (".lock", ".highwatermark")
            )
            assert not is_log or evidence.size == 0, evidence.name
            continue
        parsed = parser.parse(evidence)
        assert parsed.problems == (), evidence.name
        if parser.source is Source.TRANSCRIPT:
            assert parsed.events["session_id"].is_not_null().any(), evidence.name


@pytest.mark.parametrize("folder", ["public", "issues"])
def test_what_strangers_published_can_be_analysed(corpus, folder):
    analysis = analyse(Request([corpus / folder]))
    assert analysis.errors == ()
    assert analysis.sessions


def test_each_file_that_somebody_pasted_ends_in_a_session_or_in_a_sentence(corpus):
    for path in matching(corpus / "issues", "*.txt"):
        with suppress(NothingReadableError):
            assert analyse(Request([path])).errors == (), path.name


def test_what_people_pasted_into_reports_is_known(corpus):
    """Left out is another program's log."""
    for evidence in discover([corpus / "issues"]).files:
        if evidence.place.endswith(".url"):
            continue
        other = b"[info]" in evidence.head
        parser = parser_for(evidence.place, evidence.head)
        assert other or parser is not None, evidence.name


def test_a_run_with_its_request_log_is_understood(corpus):
    total = understood = 0
    for evidence in discover([corpus / "public" / "NJU-LINK+CodeTracer"]).files:
        parser = parser_for(evidence.place, evidence.head)
        parsed = parser.parse(evidence)
        assert parsed.unknown == (), evidence.name
        total, understood = total + parsed.lines_total, understood + parsed.lines_understood
    assert understood >= 0.99 * total

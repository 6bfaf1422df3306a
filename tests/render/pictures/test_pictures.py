"""Pictures: each bar, mark and row says what its lines say, all that is drawn is bounded, and no log breaks out."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.lasting.agents import agents_track
from forensics.analysis.lasting.latency import latency_track
from forensics.analysis.lasting.lives import ENDS
from forensics.analysis.lasting.spans import MAIN, Sort, Span, State
from forensics.analysis.lasting.todos import todos_track
from forensics.analysis.request import Request
from forensics.render.events import timeline_gantt
from forensics.render.pictures import bars, chart, layout
from forensics.render.pictures import picture as one_picture
from forensics.render.pictures.layout import pictures_of
from forensics.render.pictures.mermaid import MOST_BARS
from forensics.render.pictures.rows import lasted
from forensics.render.report.html.page import to_html
from forensics.render.report.markdown import to_markdown
from forensics.render.report.screen.report import to_screen
from forensics.session.model.agents import AgentEnd
from tests.support.analyses import analysis_of
from tests.support.html_reading import Reader
from tests.support.places import INCIDENT, RULE_FIXTURES

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    'x" onload="alert(1)</text></svg><script>alert(2)</script>\x1b[31m%%{init}%% : ; # `` | <!-- --> {{ a }}'
)


@pytest.fixture(scope="module")
def session():
    return analysis_of(INCIDENT).sessions[0]


@pytest.fixture(scope="module")
def pictures(session):
    return {p.name: p for p in pictures_of(session)}


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def line_of(place: str) -> str:
    name, _, number = place.rpartition(":")
    return (INCIDENT / name).read_bytes().decode("utf-8", "replace").split("\n")[int(number) - 1]


def test_each_agent_has_its_lane_below_the_one_that_spawned_it(session):
    track = agents_track(session.case, session.findings)
    assert [(lane.short, lane.depth) for lane in track.lanes] == [
        ("main agent", 0),
        ("“Create privacy policy document”", 1),
        ("“Find and wire the Perplexity key”", 1),
        ("“Create production-ready MCP server”", 1),
        ("records that name no agent", 0),
    ]
    assert {lane.about for lane in track.lanes[1:4]} == {"general-purpose, spawned by the main agent"}
    lives = [lane.strips[0] for lane in track.lanes[1:4]]
    assert [life.state for (life,) in lives] == [State.OPEN, State.OPEN, State.OK]
    assert [life.seen is not None for (life,) in lives] == [True, True, False]


def test_who_wrote_which_file_is_told_with_the_line_that_shows_it(pictures):
    picture = pictures["agents"]
    written = {
        (row[0], row[1]): places
        for row, places in zip(picture.rows, picture.sources, strict=True)
        if row[1].startswith("writes ")
    }
    assert set(written) == {
        ("the main agent", "writes NOTES.md"),
        ("agent “Create production-ready MCP server”", "writes shared_notes.md"),
        ("agent “Create production-ready MCP server”", "writes server.py"),
    }
    for (_, words), places in written.items():
        for place in places:
            assert '"tool_result"' in line_of(place)
            assert words.removeprefix("writes ") in line_of(place)


def test_the_times_of_rows_are_those_of_their_lines(pictures):
    looked_at = 0
    for picture in pictures.values():
        for row, places in zip(picture.rows, picture.sources, strict=True):
            assert places, row
            record = line_of(places[0])
            if record.startswith("{") and '"timestamp"' in record:
                stamp = json.loads(record)["timestamp"]
                if isinstance(stamp, str) and picture.name == "agents":
                    assert abs((instant(stamp) - instant(row[2])).total_seconds()) < 1, (row, places)
                    looked_at += 1
    assert looked_at > 5


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_findings_are_marked_at_their_lines(session):
    track = agents_track(session.case, session.findings)
    cited = {(f.rule, r.event_id) for f in session.findings for r in f.evidence}
    marked = {(m.code, m.event) for lane in track.lanes for m in lane.marks}
    dated = {(code, e) for code, e in cited if session.case.event(e)["ts"] is not None}
    assert marked == dated
    assert len(marked) > 40
    for lane in track.lanes:
        assert all(m.at == session.case.event(m.event)["ts"] for m in lane.marks)


def test_items_are_in_progress_from_the_list_that_says_so_to_the_one_that_does_not(session):
    track = todos_track(session.case, session.findings)
    mine, other = track.lanes
    assert [len(strip) for strip in mine.strips] == [1, 1, 1, 1, 1]
    assert {strip[0].state for strip in mine.strips} == {State.OPEN}
    ((span,),) = other.strips
    assert (span.state, span.words, round(span.seconds)) == (State.OK, "completed", 113)
    first, last = (session.case.event(e) for e in span.events)
    assert (span.since, span.until) == (first["ts"], last["ts"])


def test_calls_are_as_long_as_the_servers_lines_say_and_failures_stand_out(session):
    track = latency_track(session.case, session.findings)
    calls = {lane.short: [(c.state, round(c.seconds, 1)) for c in lane.strips[0]] for lane in track.lanes}
    assert calls == {
        "STT 127.0.0.1:2022": [
            (State.OK, 0.6), (State.OK, 0.6), (State.OK, 0.6), (State.FAILED, 30.0),
        ],
        "STT api.openai.com": [(State.FAILED, 2.1)],
        "TTS 127.0.0.1:8880": [(State.OK, 4.4), (State.OK, 5.3), (State.OK, 3.0), (State.OK, 4.0)],
    }  # fmt: skip


def test_svg_is_well_formed_named_and_loads_nothing(pictures):
    for picture in pictures.values():
        root = parsed(picture.svg)
        ids = {e.get("id") for e in root.iter() if e.get("id")}
        assert set(root.get("aria-labelledby").split()) == ids
        assert root.get("role") == "img"
        for element in root.iter():
            assert element.tag.removeprefix(SVG) in {
                "svg", "title", "desc", "style", "text", "rect", "path", "line", "circle",
            }  # fmt: skip
            assert not {name for name in element.attrib if name in {"style", "href"} or name.startswith("on")}
        assert not re.search(r"url\(|@import|https?:", root.find(f"{SVG}style").text)


def test_ids_on_a_page_of_several_sessions_differ(session):
    ids = [
        i
        for label in ("", "S1", "S2")
        for p in pictures_of(session, label)
        for i in re.findall(r' id="([^"]+)"', p.svg)
    ]
    assert len(ids) == len(set(ids)) == 18


def test_the_same_input_gives_the_same_bytes(session):
    again = pictures_of(analyse(Request([INCIDENT])).sessions[0])
    assert pictures_of(session) == again
    assert [(p.mermaid, p.svg) for p in pictures_of(session)] == [(p.mermaid, p.svg) for p in again]


def record(number: int, **more) -> str:
    told = {
        "sessionId": "11111111-2222-4333-8444-555555555555", "uuid": f"00000000-0000-4000-8000-{number:012}",
        "timestamp": f"2026-03-02T{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
        "version": "2.0.24", "cwd": "/w", "isSidechain": False, "parentUuid": None,
    }  # fmt: skip
    return json.dumps(told | more)


def big_session(agents: int, name: str) -> str:
    lines = [record(0, type="user", message={"role": "user", "content": "go"})]
    for n in range(agents):
        call = {
            "type": "tool_use", "id": f"toolu_{n}", "name": "Task",
            "input": {"description": f"{name} {n}", "prompt": f"do {n}", "subagent_type": "general-purpose"},
        }  # fmt: skip
        told = {"id": f"msg_{n}", "role": "assistant", "model": "m", "content": [call]}
        lines.append(record(2 * n + 1, type="assistant", message=told))
        answer = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": "done"}]
        lines.append(record(2 * n + 2, type="user", message={"role": "user", "content": answer}))
    return "\n".join(lines) + "\n"


def test_without_a_zone_times_are_the_voice_servers_and_findings_are_marked_all_the_same():
    folder = RULE_FIXTURES / "CCF201" / "fires" / "record-ends-before-the-last-line" / "input"
    (picture,) = pictures_of(analysis_of(folder).sessions[0])
    assert "the voice server's own clock" in picture.note
    assert "UTC" not in picture.mermaid
    ((_, words, since, until, codes),) = (row for row in picture.rows if "timed out" in row[1])
    assert (words, since, until) == (
        "30.2 s, Request timed out.", "2026-11-22 01:32:12.156", "2026-11-22 01:32:42.342",
    )  # fmt: skip
    assert "CCF201" in codes


def test_one_failed_call_alone_is_no_picture():
    folder = RULE_FIXTURES / "CCF201" / "fires" / "only-one-endpoint" / "input"
    assert pictures_of(analysis_of(folder).sessions[0]) == ()


def test_a_session_of_one_agent_without_failures_has_no_pictures(tmp_path):
    (tmp_path / "11111111-2222-4333-8444-555555555555.jsonl").write_text(big_session(0, ""), encoding="utf-8")
    analysis = analyse(Request([tmp_path]))
    assert pictures_of(analysis.sessions[0]) == ()
    assert "PICTURES" not in to_markdown(analysis)


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    folder = tmp_path_factory.mktemp("big")
    (folder / "11111111-2222-4333-8444-555555555555.jsonl").write_text(
        big_session(300, HOSTILE), encoding="utf-8"
    )
    return analyse(Request([folder]))


def test_a_big_session_is_bounded_and_what_is_left_out_is_said(big):
    (picture,) = pictures_of(big.sessions[0])
    assert len(picture.rows) == len(picture.sources) == MOST_BARS
    assert len(re.findall(r":.*t\d+, ", picture.mermaid)) <= MOST_BARS
    assert len(picture.mermaid) < 50_000
    assert "left out" in picture.note
    assert picture.svg.count("<") < 5000


def test_hostile_names_stay_text(big):
    page = Reader(to_html(big))
    assert "alert(2)" in page.words
    assert not [a for a in page.attributes if a[1].startswith("on")]
    svg = pictures_of(big.sessions[0])[0].svg
    assert "<script" not in svg
    assert "\x1b" not in svg
    parsed(svg)
    report = to_markdown(big)
    for block in re.findall(r"^```mermaid\n(.*?)^```$", report, re.MULTILINE | re.DOTALL):
        assert not re.search(r"[<>{}`]|%%", block.partition("gantt\n")[2])


def test_without_findings_nothing_is_marked(session):
    bare = replace(session, findings=())
    assert {p.name for p in pictures_of(bare)} == {"agents", "todos", "latency"}
    assert not any("CCF" in p.mermaid for p in pictures_of(bare))


def test_pages_of_the_incident_show_every_row(pictures):
    page = Reader(to_html(analysis_of(INCIDENT)))
    for picture in pictures.values():
        for row in picture.rows:
            assert " ".join(row[1].split()) in page.words


def test_places_exist_in_the_checkout(pictures):
    places = {place for p in pictures.values() for row in p.sources for place in row}
    assert len(places) > 20
    for place in places:
        assert Path(INCIDENT / place.rpartition(":")[0]).is_file()
        assert line_of(place)


def test_of_what_has_one_known_time_no_length_is_told():
    at = datetime(2026, 3, 2, tzinfo=UTC)
    point = Span(
        sort=Sort.SERVICE,
        lane=MAIN,
        name="api",
        since=at,
        until=at,
        words="HTTP 529",
        state=State.FAILED,
        events=(1,),
    )
    assert lasted(point) == ("HTTP 529",)
    assert lasted(replace(point, until=at + timedelta(milliseconds=3))) == ("less than 0.1 s", "HTTP 529")
    assert lasted(replace(point, until=at + timedelta(seconds=2.12))) == ("2.1 s", "HTTP 529")


def test_a_form_draws_only_what_it_shows(monkeypatch):
    analysis, drawn = analysis_of(INCIDENT), []
    monkeypatch.setattr(one_picture, "draw", lambda *given, **more: drawn.append("svg") or "<svg></svg>")
    monkeypatch.setattr(one_picture, "chart_of", lambda *given: drawn.append("mermaid") or "gantt")
    assert to_markdown(analysis).count("```mermaid") == 3
    assert drawn == ["mermaid"] * 3
    drawn.clear()
    assert to_html(analysis).count("<svg>") == 3
    assert drawn == ["svg"] * 3
    drawn.clear()
    to_markdown(analysis, assets="pictures")
    monkeypatch.setattr(layout, "tracks_of", lambda session: pytest.fail("laid out for nobody"))
    to_screen(analysis, width=100)
    assert drawn == []


def test_every_end_is_shown_and_every_state_has_its_looks():
    assert set(AgentEnd) - set(ENDS) == {AgentEnd.REFUSED}
    for looks in (bars.LOOKS, chart.TAGS, timeline_gantt.TAGS):
        assert set(looks) == set(State)

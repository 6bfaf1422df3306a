"""The HTML report: one file that loads nothing, says what the analysis says, and can be checked line by line."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.analysis.review.shape import Exclusion, Factor, Figure, Review, Told
from forensics.errors import TemplateError, UsageError
from forensics.render.report.html import page as html
from forensics.render.report.html.page import say, short_name, to_html
from forensics.render.report.incident import lay_out_all
from forensics.schema.finding import Claim
from tests.support.analyses import analysis_of
from tests.support.html_reading import Reader, write_hostile
from tests.support.places import INCIDENT, RULE_FIXTURES, matching
from tests.support.report_text import without_findings

HIDDEN = re.compile(r"…|\[redacted: [^\]]*\]|�")
LOADING = {"src", "srcset", "data", "action", "poster", "background", "ping", "style", "cite"}


def cases():
    yield "incident", INCIDENT
    for rule in matching(RULE_FIXTURES, "*"):
        yield rule.name, min(rule.glob("fires/*/input"))


EVERY_CASE = pytest.mark.parametrize(
    ("name", "folder"), [pytest.param(*case, id=case[0]) for case in cases()]
)


@pytest.fixture(scope="module")
def analysis():
    return analysis_of(INCIDENT, around=3)


@pytest.fixture(scope="module")
def page(analysis):
    return to_html(analysis)


@EVERY_CASE
def test_every_case_is_well_formed_and_each_link_leads_somewhere(name, folder):
    reader = Reader(to_html(analyse(Request([folder], around=1))))
    assert len(reader.ids) == len(set(reader.ids))
    assert {href.removeprefix("#") for href in reader.hrefs} <= set(reader.ids)
    for exhibit in reader.exhibits:
        name, _, number = exhibit.place.rpartition(":")
        raw = (folder / name).read_bytes().split(b"\n")[int(number) - 1].decode("utf-8", "replace")
        assert all(piece in raw for piece in HIDDEN.split(exhibit.excerpt)), exhibit


def test_nothing_is_loaded_and_no_link_leads_out(page):
    reader = Reader(page)
    assert not reader.tags & {"img", "iframe", "object", "embed", "base", "audio", "video", "source", "image"}
    assert {(tag, value) for tag, name, value in reader.attributes if name == "href" and tag != "a"} == {
        ("link", "data:,")
    }
    assert [a for a in reader.attributes if a[1] in LOADING or a[1].startswith("on")] == []
    assert not re.search(r"url\(|@import|https?:", reader.raw["style"] + reader.raw["script"])


def test_the_policy_allows_this_style_and_this_script_only(page):
    reader = Reader(page)
    (policy,) = (v for t, n, v in reader.attributes if t == "meta" and n == "content" and "default-src" in v)
    for kind in ("style", "script"):
        held = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in held]
        allowed = " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests))
        assert f"{kind}-src {allowed};" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_every_finding_is_told_with_its_severity_as_a_word(analysis, page):
    words = Reader(page).words
    (incident,) = lay_out_all(analysis, None)
    for view in (
        *incident.ending,
        *incident.worst,
        *(f for c in incident.categories for t in c.topics for f in t.findings),
    ):
        assert " ".join(say(view.heading).split()) in words
    assert len(re.findall(r'<article class="finding ', page)) == len(analysis.findings)
    assert len(re.findall(r'<p class="marks"><span class="severity (\w+)">\1</span>', page)) == len(
        analysis.findings
    )


def test_every_piece_of_evidence_is_quoted_with_its_place(analysis, page):
    shown = {(e.place, e.excerpt) for e in Reader(page).exhibits}
    (session,) = analysis.sessions
    for ref in (*session.ending_refs, *(r for f in session.findings for r in f.evidence)):
        assert (f"{ref.path}:{ref.line}", ref.excerpt) in shown


def test_each_number_is_quoted_in_full_once_and_the_lines_around_fold_open_there(page):
    reader = Reader(page)
    full = [e for e in reader.exhibits if e.around]
    assert len(full) > 20
    assert len({e.number for e in full}) == len(full)
    assert {e.number for e in reader.exhibits} <= set(reader.ids)
    for exhibit in full:
        name, _, number = exhibit.place.rpartition(":")
        assert exhibit.marked == [int(number)]
        lines = (INCIDENT / name).read_bytes().decode("utf-8", "replace").split("\n")
        for n, text in enumerate(exhibit.around, exhibit.first):
            assert all(piece.rstrip("\n") in lines[n - 1] for piece in HIDDEN.split(text)), (name, n)


def test_the_lines_of_a_sentence_are_told_in_the_order_of_their_numbers(page):
    link = r'<a class="number" href="#E\d+">E(\d+)</a>'
    runs = [found.group() for found in re.finditer(rf"{link}(?: {link})+", page)]
    told = [[int(n) for n in re.findall(link, run)] for run in runs]
    assert any(len(numbers) > 2 for numbers in told)
    assert [numbers for numbers in told if numbers != sorted(numbers)] == []


def test_the_sections_stand_in_the_order_of_the_report(page):
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert headings == [
        "Executive summary",
        "Impact in numbers",
        "How the session ended",
        "Timeline of failure",
        *[h for h in headings if h in ("Pictures", "Contributing factors")],
        "Failure chain",
        "Findings",
        *[h for h in headings if h in ("What held, and where luck helped", "Ruled out")],
        "Open questions",
        "Action items",
        "Recovery",
        "Key learnings",
        "Recommendations for the next session",
        "Success metrics",
        "Appendix: rules and timeline",
        "Appendix: inputs and coverage",
    ]


def test_long_silences_stand_in_the_timeline(analysis, page):
    timeline = page.partition("Timeline of failure")[2].partition("</section>")[0]
    (session,) = analysis.sessions
    assert len(session.gaps) > 1
    assert timeline.count("No dated record from any source") == len(session.gaps)


def test_the_same_evidence_gives_the_same_bytes(page):
    assert to_html(analyse(Request([INCIDENT], around=3))) == page


def test_the_page_of_the_incident_is_small(page):
    assert len(page.encode()) < 400_000


def test_no_control_character_is_on_the_page(page):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return write_hostile(tmp_path_factory.mktemp("hostile <img src=x onerror=alert(1)>"))


def test_log_text_cannot_become_structure(hostile):
    analysis = analyse(Request([hostile], around=3))
    page = to_html(analysis)
    assert len(analysis.findings) > 2
    reader = Reader(page)
    assert page.count("<script>") == 1
    assert "img" not in reader.tags
    assert [a for a in reader.attributes if a[1].startswith("on")] == []
    assert page.count("<h1>") == 1
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "<img src=x onerror=alert(1)>" in reader.words


@pytest.mark.corpus
@pytest.mark.whole
def test_recordings_give_pages_that_are_well_formed(corpus):
    folders = matching(corpus, "claude-code/*/*/input") + matching(corpus, "voicemode/*/*/input")
    for folder in folders[::4]:
        reader = Reader(to_html(analyse(Request([folder], around=3))))
        assert len(reader.ids) == len(set(reader.ids)), folder
        assert {href.removeprefix("#") for href in reader.hrefs} <= set(reader.ids), folder


@pytest.fixture(scope="module")
def two():
    """Return the analysis of two sessions."""
    other = min((RULE_FIXTURES / "CCF102/fires").glob("*/input"))
    both = analysis_of(INCIDENT, other, around=1)
    assert len(both.sessions) > 1
    return both


def test_several_sessions_have_an_overview_and_ids_of_their_own(two):
    page = to_html(two)
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {href.removeprefix("#") for href in reader.hrefs} <= set(reader.ids)
    overview = page.partition('id="overview"')[2].partition("</section>")[0]
    assert all(s.session_id in overview for s in two.sessions)
    assert page.count('<article class="session"') == len(two.sessions)
    assert page.count('id="filter"') == 1


def test_a_session_without_findings_gives_a_page():
    reader = Reader(to_html(analysis_of(without_findings(), around=1)))
    assert "No rule found anything to report." in reader.words
    assert "What was checked" in reader.words
    assert "Success metrics" not in reader.words
    assert "filter" not in reader.ids


def test_what_a_reviewer_adds_is_shown(analysis, monkeypatch):
    (session,) = analysis.sessions
    refs = session.findings[0].evidence[:1]
    told = Told("the <b>guard</b> held", Claim.DERIVED, refs)
    review = Review(
        figures=(Figure("work <i>lost</i>", "12 min", Claim.DERIVED, refs),),
        factors=(Factor(told, (session.findings[0].rule,)),),
        worked=(told,),
        lucky=(Told("it was night", Claim.HYPOTHESIS),),
        excluded=(Exclusion("out of memory", told),),
    )
    svg = '<svg viewBox="0 0 9 9"><style>.a{fill:red}</style><rect class="a"/></svg>'
    picture = SimpleNamespace(
        title="Agents & <time>", note="", svg=svg, columns=("a",), rows=(("<b>",),), sources=()
    )
    monkeypatch.setattr(
        html, "lay_out_all", lambda *given: [replace(i, pictures=(picture,)) for i in lay_out_all(*given)]
    )
    page = to_html(replace(analysis, sessions=(replace(session, review=review),)))
    reader = Reader(page)
    for words in (
        "work <i>lost</i>",
        "12 min",
        "The <b>guard</b> held.",
        "It was night.",
        "out of memory",
        "Agents & <time>",
    ):
        assert words in reader.words
    assert svg in page
    digest = base64.b64encode(hashlib.sha256(b".a{fill:red}").digest()).decode()
    assert any(digest in value for _, name, value in reader.attributes if name == "content")
    assert {href.removeprefix("#") for href in reader.hrefs} <= set(reader.ids)


def test_a_section_and_the_style_of_the_users_own_replace_ours(analysis, tmp_path):
    (tmp_path / "html" / "sections").mkdir(parents=True)
    (tmp_path / "html" / "sections" / "summary.html.j2").write_text(
        "<p>{{ incident.verdict }}: ours & <b></p>"
    )
    (tmp_path / "html" / "style.css").write_text("#x{#y}{{ z }}")
    page = to_html(analysis, templates=tmp_path)
    assert "<p>TRUNCATED: ours & <b></p>" in page
    assert "<style>#x{#y}{{ z }}</style>" in page
    assert base64.b64encode(hashlib.sha256(b"#x{#y}{{ z }}").digest()).decode() in page
    assert "Executive summary" not in page


def test_an_undefined_name_in_a_section_names_the_line(analysis, tmp_path):
    (tmp_path / "html" / "sections").mkdir(parents=True)
    (tmp_path / "html" / "sections" / "impact.html.j2").write_text("one\n{{ incident.nothing }}\n")
    with pytest.raises(TemplateError, match=r"impact\.html\.j2, line 2: .*nothing"):
        to_html(analysis, templates=tmp_path)


def test_a_template_folder_that_is_none_is_refused(analysis, tmp_path):
    with pytest.raises(UsageError):
        to_html(analysis, templates=tmp_path / "none")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b/short.txt", "short.txt"),
        ("x/c4f74656-68ad-4973-8f53-0b862ed16d5d.jsonl", "c4f74656-6….jsonl"),
        ("x/" + "n" * 40, "n" * 10 + "…"),
    ],
)
def test_a_long_name_is_shortened_in_its_middle(path, name):
    assert short_name(path) == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a thing happened", "A thing happened."),
        ("why?", "why?"),
        ("TRUNCATED: x.", "TRUNCATED: x."),
        ("cut…", "cut…"),
    ],
)
def test_a_sentence_ends_once(text, told):
    assert say(text) == told


def test_an_unknown_name_is_told_without_our_modules(tmp_path, analysis):
    (tmp_path / "html" / "sections").mkdir(parents=True)
    (tmp_path / "html" / "sections" / "impact.html.j2").write_text("{{ incident.headlines }}")
    with pytest.raises(TemplateError) as raised:
        to_html(analysis, templates=tmp_path)
    assert str(raised.value).endswith("line 1: 'Incident object' has no attribute 'headlines'")


def test_the_filter_counts_what_stands_above_it(analysis, page):
    (sheet,) = html.sheets_of(analysis, lay_out_all(analysis, None))
    assert {c.view.finding.rule for c in sheet.above} == {"CCF901", "CCF902"}
    assert f'<output id="shown" data-above="{len(sheet.above)}">' in page
    assert "(the end and the chain stand above)" in page

"""The HTML report in a browser: it is opened, clicked through, looked at on a phone and printed.

Skipped where no Chromium is found; FORENSICS_BROWSER names one.
"""

from __future__ import annotations

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.report.html.page import to_html
from tests.support.chromium import Page, browser
from tests.support.html_reading import write_hostile
from tests.support.places import RULE_FIXTURES, matching
from tests.support.report_text import cases

pytestmark = pytest.mark.whole

# the first case of each rule in which it fires, and the incident
FIRST = {name.partition("/")[0]: folder for name, folder in reversed(list(cases())) if "/silent/" not in name}

SHOWN = "[...document.querySelectorAll('.findings .finding')].filter((c) => c.offsetParent !== null)"
WIDTH = "[document.scrollingElement.scrollWidth, innerWidth]"
COMPLAINTS = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def report(incident, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(to_html(analyse(Request([incident], around=3))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    program = browser()
    if program is None:
        pytest.skip("no Chromium found; FORENSICS_BROWSER names one")
    page = Page(program, tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture
def page(chromium, report):
    """Return the report, freshly opened in a wide window, in light colours."""
    chromium.media(prefers_color_scheme="light")
    chromium.size(1280)
    chromium.open(report)
    yield chromium
    assert [e for e in chromium.events if e.get("method") in COMPLAINTS] == []
    asked = [
        e["params"]["request"]["url"]
        for e in chromium.events
        if e.get("method") == "Network.requestWillBeSent"
    ]
    assert len([url for url in asked if url != "data:,"]) == 1  # the page itself


def set_field(page, name, value):
    page.js(
        f"(() => {{ const field = document.forms.filter.elements['{name}']; field.value = '{value}';"
        "field.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


def test_it_opens_without_a_word_on_the_console_and_without_the_network(page):
    assert page.js("document.querySelector('h1').textContent")
    assert page.js("document.getElementById('filter').hidden") is False


@pytest.mark.parametrize("name", sorted(FIRST))
def test_the_report_of_each_rule_opens_without_a_word_on_the_console(page, name, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(to_html(analyse(Request([FIRST[name]], around=1))), encoding="utf-8")
    page.open(path)
    assert page.js("document.querySelectorAll('.session').length") > 0
    whole, window = page.js(WIDTH)
    assert whole <= window


@pytest.mark.corpus
@pytest.mark.parametrize("kind", ["claude-code", "voicemode"])
def test_the_reports_of_all_recordings_open_without_a_word(chromium, corpus, kind, tmp_path):
    chromium.size(390)
    path = tmp_path / "report.html"
    for folder in matching(corpus / kind, "*/*/input"):
        path.write_text(to_html(analyse(Request([folder], around=1))), encoding="utf-8")
        chromium.open(path)
        assert [e for e in chromium.events if e.get("method") in COMPLAINTS] == [], folder
        whole, window = chromium.js(WIDTH)
        assert whole <= window, folder


def test_a_complaint_would_be_seen(page):
    page.js("console.error('x')")
    page.js("new Promise((done) => setTimeout(done, 50))")
    seen = [e for e in page.events if e.get("method") == "Runtime.consoleAPICalled"]
    assert len(seen) == 1
    page.events.remove(seen[0])


def test_the_policy_stops_a_script_that_got_in(page):
    page.js(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.got = 1';"
        "document.body.append(s); })()"
    )
    page.js("new Promise((done) => setTimeout(done, 50))")
    assert page.js("window.got === undefined")
    assert any("Content Security Policy" in str(e) for e in page.events)
    page.events[:] = [e for e in page.events if "Content Security Policy" not in str(e)]


def test_a_severity_that_is_switched_off_hides_its_findings(page):
    before = page.js(f"{SHOWN}.map((c) => c.dataset.severity)")
    assert len(set(before)) > 2
    page.js("document.querySelector('.level.high').click()")
    assert page.js(f"{SHOWN}.map((c) => c.dataset.severity)") == [s for s in before if s != "high"]
    assert page.js("document.getElementById('shown').textContent").startswith(
        f"{len([s for s in before if s != 'high'])} of"
    )
    page.js("document.querySelector('#filter [type=reset]').click()")
    page.js("new Promise((done) => setTimeout(done, 20))")
    assert page.js(f"{SHOWN}.length") == len(before)


@pytest.mark.parametrize(
    ("field", "value", "holds"),
    [
        ("rule", "CCF102", "c.dataset.rule === 'CCF102'"),
        ("category", "4", "c.dataset.category === '4'"),
        ("claim", "observed", "c.dataset.claim === 'observed'"),
        ("text", "SPEECH-to-text", "c.textContent.toLowerCase().includes('speech-to-text')"),
    ],
)
def test_a_filter_shows_what_fits_and_nothing_else(page, field, value, holds):
    every = page.js(f"{SHOWN}.length")
    fitting = page.js(f"{SHOWN}.filter((c) => {holds}).length")
    set_field(page, field, value)
    assert 0 < fitting < every
    assert page.js(f"{SHOWN}.length") == fitting
    assert page.js(f"{SHOWN}.every((c) => {holds})")
    assert page.js(
        "[...document.querySelectorAll('.topic')].every((t) => t.hidden === !t.querySelector('.finding:not([hidden])'))"
    )


def test_a_filter_that_nothing_fits_says_so(page):
    set_field(page, "text", "no such words anywhere")
    assert page.js(f"{SHOWN}.length") == 0
    assert page.js("document.querySelector('.nothing').offsetParent !== null")


def test_evidence_folds_open_to_the_lines_around_it(page):
    page.js(
        "window.fold = document.querySelector('.findings .finding .around'); window.proof = fold.closest('.proof')"
    )
    assert page.js("fold.querySelector('ol').checkVisibility()") is False
    page.js("proof.querySelector('summary').click(); fold.querySelector('summary').click()")
    assert page.js("fold.querySelector('ol').checkVisibility()")
    assert page.js("fold.querySelector('.cited mark').textContent") == page.js(
        "fold.closest('.exhibit').querySelector('.excerpt').textContent"
    )
    assert page.js("fold.querySelectorAll('li').length") > 1


def test_a_number_leads_to_its_quotation_even_where_it_is_filtered_out(page):
    set_field(page, "text", "no such words anywhere")
    page.js("window.target = document.querySelector('.findings .exhibit[id]')")
    page.js("document.querySelector(`a.number[href='#${target.id}']`).click()")
    page.js("new Promise((done) => setTimeout(done, 50))")
    assert page.js("target.checkVisibility()")
    assert page.js(
        "(() => { const box = target.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight; })()"
    )


def test_all_evidence_unfolds_at_once(page):
    page.js("document.getElementById('unfold').click()")
    assert page.js("[...document.querySelectorAll('details.proof')].every((d) => d.open)")
    page.js("document.getElementById('unfold').click()")
    assert page.js("[...document.querySelectorAll('details.proof')].every((d) => !d.open)")


def test_the_switch_changes_light_to_dark_and_back(page):
    light = page.js(BACKGROUND)
    page.js("document.getElementById('theme').click()")
    dark = page.js(BACKGROUND)
    assert dark != light
    page.js("document.getElementById('theme').click()")
    assert page.js(BACKGROUND) == light
    page.media(prefers_color_scheme="dark")
    page.js("delete document.documentElement.dataset.theme")
    assert page.js(BACKGROUND) == dark


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_does_not_scroll_sideways(page, report, width):
    page.size(width)
    page.open(report)
    page.js("for (const fold of document.querySelectorAll('details')) { fold.open = true; }")
    whole, window = page.js(WIDTH)
    assert window == width
    assert whole <= window


def test_print_shows_evidence_and_leaves_the_controls_out(page):
    page.media("print")
    visible = "(e) => e.checkVisibility() && e.getBoundingClientRect().height > 0"
    assert page.js(f"[...document.querySelectorAll('.exhibit[id] .excerpt')].every({visible})")
    assert page.js("document.querySelectorAll('.exhibit[id] .excerpt').length") > 20
    assert page.js(f"[...document.querySelectorAll('.bar, .filter, .contents')].some({visible})") is False


def test_it_can_be_read_without_script(chromium, report):
    chromium.call("Emulation.setScriptExecutionDisabled", value=True)
    chromium.open(report)
    chromium.call("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.js(f"{SHOWN}.length") == chromium.js(
        "document.querySelectorAll('.findings .finding').length"
    )
    assert chromium.js("document.getElementById('filter').offsetParent") is None
    assert chromium.js("document.querySelectorAll('[hidden]').length") == chromium.js(
        "document.querySelectorAll('#filter, #theme, .nothing').length"
    )


def test_a_hostile_record_stays_text(page, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_text(to_html(analyse(Request([write_hostile(tmp_path)], around=3))), encoding="utf-8")
    page.open(path)
    page.js("for (const fold of document.querySelectorAll('details')) { fold.open = true; }")
    page.js("new Promise((done) => setTimeout(done, 50))")
    assert page.js("document.body.innerText.includes('<img src=x onerror=alert(1)>')")
    assert (
        page.js(
            "document.querySelectorAll('img, script:not(:last-child), [onerror], [onmouseover], [onfocus]').length"
        )
        == 0
    )
    assert [e for e in page.events if e.get("method") == "Page.javascriptDialogOpening"] == []
    whole, window = page.js(WIDTH)
    assert whole <= window


def test_several_sessions_share_one_filter(page, incident, tmp_path):
    other = min((RULE_FIXTURES / "CCF102/fires").glob("*/input"))
    path = tmp_path / "two.html"
    path.write_text(to_html(analyse(Request([incident, other], around=1))), encoding="utf-8")
    page.open(path)
    set_field(page, "rule", "CCF102")
    sessions = page.js(f"new Set({SHOWN}.map((c) => c.closest('.session').id)).size")
    assert sessions == 2
    assert page.js(f"{SHOWN}.every((c) => c.dataset.rule === 'CCF102')")


def test_it_prints_to_pdf(page, tmp_path):
    page.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")

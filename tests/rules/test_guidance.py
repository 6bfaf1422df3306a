"""Commands in guidance: each is shown so that it can be copied, and what CCF302 advises runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from forensics.render.markup import COMMAND, advised
from forensics.render.references import ShortNames
from forensics.render.report.html import page as html
from forensics.render.report.markdown import to_markdown
from forensics.render.report.screen.page import Page
from forensics.render.rich_text import terminal
from forensics.rules import RULES
from tests.support.analyses import analysis_of
from tests.support.rule_cases import CASES

STEPS = ("immediate", "this_week", "strategic", "before", "during", "after")


def advice():
    for rule in RULES:
        steps = [step for name in STEPS for step in getattr(rule.guidance, name)]
        yield from ((rule, text) for text in (*steps, rule.guidance.avoid, rule.guidance.instead))


HOOK = next(
    text for rule, text in advice() if rule.code == "CCF302" and "hook" in text and "`" in text
).split("`")[1]
ADVICE = [pytest.param(text, id=f"{rule.code}-{n}") for n, (rule, text) in enumerate(advice()) if "`" in text]
HOSTILE = 'Run `a <b> | c & "d" \\e *f* [g](h) $i @j`: then see <script>alert(1)</script> *x*'
every_command = pytest.mark.parametrize("text", [*ADVICE, pytest.param(HOSTILE, id="hostile")])


class Codes(HTMLParser):
    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.codes, self.tags = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "code":
            self.codes[-1] += data

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")


def test_backticks_stand_where_they_are_read_and_in_pairs():
    assert len(ADVICE) > 5
    for rule in RULES:
        assert "`" not in rule.guidance.contract + rule.guidance.metric
    for rule, text in advice():
        assert text.count("`") == 2 * len(COMMAND.findall(text)), rule.code


@every_command
def test_a_command_survives_in_markdown(text):
    (item,) = [t for t in MarkdownIt("commonmark").parse(f"- [ ] {advised(text)} (CCF000)") if t.children]
    assert [c.content for c in item.children if c.type == "code_inline"] == COMMAND.findall(text)
    assert {c.type for c in item.children} == {"text", "code_inline"}


@every_command
def test_a_command_survives_in_html(text):
    page = Codes(html.advised(text))
    assert page.codes == COMMAND.findall(text)
    assert set(page.tags) == {"code", "/code"}
    assert html.advised(text).endswith(("</code>", ".", "?"))


@every_command
def test_a_command_survives_on_a_terminal(text):
    page = Page(terminal(None, color=False), ShortNames(()), ascii_only=True)
    told = page.advised(text)
    assert [told.plain[s.start : s.end] for s in told.spans] == COMMAND.findall(text)


def test_a_sentence_without_a_command_is_one():
    assert html.advised("look <here>") == "Look &lt;here&gt;."
    assert html.advised("look at it: `x`") == "Look at it: <code>x</code>"


def test_every_step_of_a_report_goes_through_it():
    """A rule's hook, in both formats, as the case of the rule has it."""
    analysis = analysis_of(CASES["CCF302"])
    assert HOOK in Codes(html.to_html(analysis)).codes
    tokens = MarkdownIt("commonmark").enable("table").parse(to_markdown(analysis))
    assert HOOK in [c.content for t in tokens for c in t.children or () if c.type == "code_inline"]


@pytest.mark.skipif(not (shutil.which("jq") and shutil.which("bash")), reason="needs jq and bash")
@pytest.mark.parametrize(("busy", "code"), [(0, 0), (1, 0), (2, 2), (3, 2)])
def test_the_hook_refuses_a_list_with_several_items_in_progress(busy, code):
    todos = [{"content": f"item {n}", "status": "in_progress"} for n in range(busy)]
    asked = {"hook_event_name": "PreToolUse", "tool_name": "TodoWrite", "tool_input": {"todos": todos}}
    bash = shutil.which("bash")
    done = subprocess.run(
        [bash, "-c", HOOK], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    assert done.stderr == (f"{busy} items in progress: keep one\n" if code else "")

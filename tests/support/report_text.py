"""What tests ask of a report in Markdown: its parts, its references, its tables."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from forensics.analysis.model import Analysis
from tests.support.analyses import analysis_of
from tests.support.places import INCIDENT, RULE_FIXTURES, matching

MARKDOWN = MarkdownIt("commonmark").enable("table")
QUOTED = re.compile(r'^- <a id="(?P<id>e\d+)"></a>\*\*(?P<number>E\d+)\*\* ', re.MULTILINE)
QUOTATION = re.compile(r"^  (`{3,})text\n[^\n]*\n  \1$", re.MULTILINE)
PLACE = re.compile(r"(?<!`)(`+) ?([^`\n]+?):(\d+) ?\1(?!`)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
LINK = re.compile(r"(?<!\\)\]\(#([^)]+)\)")
LABEL = re.compile(r"^\*\*[^*\n]+\*\*:", re.MULTILINE)
OURS = re.compile(r'<a id="[a-z0-9-]+">|</a>|</?details>|<summary>[\w ]+</summary>')
CLAIM = re.compile(r"\*\((?:observed|derived|hypothesis)(?:: [^*]*)?\)\*")


def unquoted(report: str) -> str:
    """Return the report without what it quotes."""
    return QUOTATION.sub("", report)


def section(report: str, title: str) -> str:
    """Return what stands under a heading of the second level."""
    return report.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def headings(report: str) -> list[str]:
    """Return all headings as they stand."""
    return re.findall(r"^#{1,6} .+$", unquoted(report), re.MULTILINE)


def cases():
    """Yield the name and the folder of every case of the checkout that has findings."""
    yield "incident", INCIDENT
    for folder in matching(RULE_FIXTURES, "*/*/*/input"):
        yield "/".join(folder.parts[-4:-1]), folder


def without_findings():
    """Return the case of a session that ended well, of which no rule has anything to say."""
    (folder,) = matching(RULE_FIXTURES, "CCF901/silent/orderly-shutdown/input")
    assert not analysis_of(folder).findings
    return folder


def assert_references_resolve(report: str) -> None:
    """Each piece of evidence is quoted once, and every link leads to one place in the report."""
    numbers = [found["number"] for found in QUOTED.finditer(report)]
    assert len(numbers) == len(set(numbers)), "quoted twice"
    assert len(numbers) == len(QUOTATION.findall(report)), "a quotation without its number"
    assert all(found["id"] == found["number"].lower() for found in QUOTED.finditer(report))
    told = unquoted(report)
    anchors = ANCHOR.findall(told)
    assert len(anchors) == len(set(anchors)), "one anchor twice"
    assert set(LINK.findall(told)) <= set(anchors)
    named = set(re.findall(r"\[(E\d+)\]\(#e\d+\)", told))
    assert named <= set(numbers)


def assert_places_exist(report: str, analysis: Analysis) -> int:
    """Every ``file:line`` names one file of the evidence, and a line that it has. Return how many there are."""
    lines = {i.evidence.name: i.lines_total for i in analysis.inputs}
    spans = ((name.replace("\\|", "|"), int(line)) for _, name, line in PLACE.findall(unquoted(report)))
    places = {
        (name, line) for name, line in spans if not name.startswith("voice:")
    }  # a session's id ends so too
    for name, line in places:
        meant = [whole for whole in lines if whole == name] or [
            whole for whole in lines if whole.endswith(f"/{name}")
        ]
        assert len(meant) == 1, (name, meant)
        assert 1 <= line <= lines[meant[0]], (name, line)
    return len(places)


def assert_is_sound_markdown(report: str) -> None:
    """Tables are whole, labels stand in paragraphs of their own, headings differ, no log becomes HTML."""
    told = unquoted(report)
    tokens = MARKDOWN.parse(report)
    html = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    starts = re.findall(r"^\|(?:---\|)+$", told, re.MULTILINE)
    assert html.count("<table>") == len(starts)
    for block in re.findall(r"(?:^\|.*\n)+", told, re.MULTILINE):
        rows = block.splitlines()
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {rows[1].count("|")}, block
    assert html.count("<tr>") == sum(
        len(block.splitlines()) - 1 for block in re.findall(r"(?:^\|.*\n)+", told, re.MULTILINE)
    )
    for label in LABEL.finditer(told):
        before = told[: label.start()].removesuffix("\n").rpartition("\n")[2]
        assert not before or before.endswith("  "), (before, label[0])
    titles = headings(report)
    assert len(titles) == len(set(titles)), [t for t in titles if titles.count(t) > 1]
    for token in tokens:
        for part in (token, *(token.children or ())):
            if part.type in {"html_inline", "html_block"}:
                assert OURS.fullmatch(part.content.strip()), part.content

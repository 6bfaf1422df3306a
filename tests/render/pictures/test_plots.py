"""`report --assets`: one SVG file for each picture, linked from the report; and what is said without the extra."""

from __future__ import annotations

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from importlib import import_module
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli import report_file as report_writing
from forensics.cli.app import app
from tests.support.analyses import analysis_of
from tests.support.places import CHECKOUT, INCIDENT, RULE_FIXTURES

HOSTILE = (
    "x\" onload=\"alert(1)</text></svg><script>alert(2)</script>\x1b[31m {{ a }} datum.x signal('y') \ufffe"
)


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def texts(svg: str) -> str:
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.tag.endswith("}svg")
    for element in root.iter():
        assert element.tag.rpartition("}")[2] not in {"script", "image", "foreignObject", "a", "use"}
        assert not [name for name in element.attrib if name.startswith("on") or name.endswith("href")]
    return " ".join(" ".join(root.itertext()).split())


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(report_writing, "find_spec", lambda name: None)
    result = run(INCIDENT, "--assets", tmp_path / "pictures", "-o", tmp_path / "report.md")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: --assets: not installed: altair, vl-convert-python; pip install altair vl-convert-python\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_named_is_what_the_extra_holds():
    extra = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]["plots"]
    assert [re.match(r"[\w-]+", named)[0] for named in extra] == list(report_writing.DRAWN_BY.values())


@pytest.fixture(scope="module")
def files_of():
    pytest.importorskip("altair", reason="needs the extra plots")
    pytest.importorskip("vl_convert", reason="needs the extra plots")
    return import_module("forensics.render.pictures.plots").files_of


def test_each_picture_is_a_file_that_the_report_links(files_of, tmp_path):
    folder = tmp_path / "my (pictures)"
    (tmp_path / "out").mkdir()
    result = run(INCIDENT, "--assets", folder, "-o", tmp_path / "out" / "report.md")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in folder.iterdir()) == ["agents.svg", "latency.svg", "todos.svg"]
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    linked = [unquote(link) for link in re.findall(r"^!\[[^\]]+\]\(([^)\s]+)\)$", report, re.MULTILINE)]
    assert linked == [f"../my (pictures)/{name}.svg" for name in ("agents", "todos", "latency")]
    assert "```mermaid" not in report
    assert report.count("The same as a table") == 3


def test_the_files_show_agents_items_and_services(files_of):
    drawn = {name: texts(svg) for name, svg in files_of(analysis_of(INCIDENT)).items()}
    assert "4. “Create production-ready MCP server”" in drawn["agents.svg"]
    assert "CCF101" in drawn["agents.svg"]
    assert "Find and wire Perplexity API key" in drawn["todos.svg"]
    assert "speech-to-text, https://api.openai.com/v1" in drawn["latency.svg"]


def test_the_same_input_gives_the_same_bytes(files_of):
    assert files_of(analysis_of(INCIDENT)) == files_of(analyse(Request([INCIDENT])))


def test_sessions_have_files_of_their_own(files_of):
    other = next((RULE_FIXTURES / "CCF104").glob("fires/*/input"))
    analysis = analyse(Request([INCIDENT, other]))
    assert len(analysis.sessions) > 1
    names = list(files_of(analysis))
    assert len(names) == len(set(names)) > 1
    assert all(re.fullmatch(r"s\d+-(agents|todos|latency)\.svg", name) for name in names)


def test_a_log_is_not_overwritten(files_of, tmp_path):
    log = tmp_path / "agents.svg"
    log.write_bytes(next(INCIDENT.rglob("projects/*/*.jsonl")).read_bytes())
    before = log.read_bytes()
    result = run(log, "--assets", tmp_path, "-o", tmp_path / "report.md")
    assert result.exit_code == 2
    assert "not overwritten" in result.stderr
    assert log.read_bytes() == before


def test_hostile_names_stay_text(files_of, tmp_path):
    told = next(INCIDENT.rglob("projects/*/*.jsonl")).read_text(encoding="utf-8")
    name = json.dumps("Create privacy policy document")[1:-1]
    assert name in told
    (tmp_path / "c4f74656-68ad-4973-8f53-0b862ed16d5d.jsonl").write_text(
        told.replace(name, json.dumps(HOSTILE)[1:-1]), encoding="utf-8"
    )
    drawn = [texts(svg) for svg in files_of(analyse(Request([tmp_path]))).values()]
    assert any("onload=" in text for text in drawn)


def test_a_failure_of_which_no_length_is_known_is_drawn(files_of):
    folder = RULE_FIXTURES / "CCF206" / "fires" / "subagent" / "input"
    drawn = files_of(analyse(Request([folder])))["latency.svg"]
    assert re.search(r'aria-roledescription="point"[^>]*fill="#b3261e"', drawn)


def test_a_report_is_not_written_over_one_of_its_pictures(files_of, tmp_path):
    assert files_of
    result = run(INCIDENT, "--assets", tmp_path, "-o", tmp_path / "agents.svg")
    assert result.exit_code == 2
    assert "is the name of one of the pictures" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_no_pictures(files_of, tmp_path):
    assert files_of
    result = run(INCIDENT, "--assets", tmp_path / "pictures", "-o", tmp_path / "missing" / "report.md")
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []

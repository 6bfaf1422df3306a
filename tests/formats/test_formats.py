"""All formats: each is named once, and what the client wrote in the incident is understood."""

from __future__ import annotations

import tomllib

from forensics.formats import PARSERS
from tests.support.parsed import problems
from tests.support.places import CHECKOUT, matching


def test_the_contract_that_no_format_knows_another_names_the_module_of_each_parser():
    tools = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["tool"]
    (named,) = (c["modules"] for c in tools["importlinter"]["contracts"] if c["id"] == "formats")
    assert named == sorted({type(parser).__module__ for parser in PARSERS})


def test_the_incident_is_understood_to_the_last_line(incident, read):
    files = [p for p in matching(incident, "**/*") if p.is_file()]
    assert len(files) == 9
    for path in files:
        data = path.read_bytes()
        parsed = read(path.relative_to(incident).as_posix(), data)
        assert problems(parsed) == []
        assert parsed.lines_total == data.count(b"\n") + (not data.endswith(b"\n"))
        assert parsed.events.height

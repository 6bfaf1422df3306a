"""All formats: each is named once, and what the client wrote in the incident is understood."""

from __future__ import annotations

import tomllib

from forensics.formats import PARSERS
from tests.support.parsed import problems
from tests.support.places import CHECKOUT, matching


def test_what_formats_share_is_no_format():
    tools = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["tool"]
    (contract,) = (c for c in tools["importlinter"]["contracts"] if c["id"] == "formats")
    shared = {line.partition(" -> ")[2] for line in contract["ignore_imports"]}
    assert shared
    assert not shared & {type(parser).__module__ for parser in PARSERS}


def test_the_incident_is_understood_to_the_last_line(incident, read):
    files = [p for p in matching(incident, "**/*") if p.is_file()]
    assert len(files) == 9
    for path in files:
        data = path.read_bytes()
        parsed = read(path.relative_to(incident).as_posix(), data)
        assert problems(parsed) == []
        assert parsed.lines_total == data.count(b"\n") + (not data.endswith(b"\n"))
        assert parsed.events.height

"""How a later record is told to name an earlier one."""

from __future__ import annotations

from dataclasses import fields

import pytest

from forensics.chain.graph import Link
from forensics.chain.naming import NO_STREAM, QUOTED, _short
from forensics.chain.sightings import Sighting
from forensics.schema import Source
from tests.chain.test_graph import case_of, found, graph


@pytest.mark.parametrize("length", [1, QUOTED, QUOTED + 1, 10 * QUOTED])
def test_what_is_quoted_has_its_length_at_most(length):
    shown = dict.fromkeys(f.name for f in fields(Sighting))
    told = _short(Sighting(**shown | {"said": "x" * length}))
    assert len(told) == min(length, QUOTED)
    assert told.endswith("…") == (length > QUOTED)


@pytest.mark.parametrize(("component", "links"), [("streaming", [Link.EXPLICIT]), ("other", [])])
def test_the_fallback_of_a_broken_stream_names_the_stream(component, links):
    error = {"kind": "api_error", "source": Source.CLAUDE_DEBUG.value}
    case = case_of(
        error | {"at": 0, "component": component, "status": "529", "message": "Error streaming: 529"},
        error | {"at": 300, "component": "final", "status": "timeout", "message": f"{NO_STREAM}: timed out"},
    )
    told = graph(case, found("CCF206", 0), found("CCF207", 1))
    assert [e.link for e in told.edges] == links

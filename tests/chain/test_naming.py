"""How a later record is told to name an earlier one."""

from __future__ import annotations

from dataclasses import fields

import pytest

from forensics.chain.naming import QUOTED, _short
from forensics.chain.sightings import Sighting


@pytest.mark.parametrize("length", [1, QUOTED, QUOTED + 1, 10 * QUOTED])
def test_what_is_quoted_has_its_length_at_most(length):
    shown = dict.fromkeys(f.name for f in fields(Sighting))
    told = _short(Sighting(**shown | {"said": "x" * length}))
    assert len(told) == min(length, QUOTED)
    assert told.endswith("…") == (length > QUOTED)

"""What fuzzing found stays found; and what is fuzzed holds for ordinary files."""

from __future__ import annotations

from itertools import islice

import pytest

from forensics.formats import PARSERS
from tests.support.places import FIXTURES
from tools.fuzz.seeds import name_of
from tools.fuzz.spoiling import spoilt
from tools.fuzz.targets import TARGETS, BrokenError, Target

FOUND = FIXTURES / "fuzz"
BY_NAME = {target.name: target for target in TARGETS}
FINDINGS = sorted(p.relative_to(FOUND).as_posix() for p in FOUND.glob("*/*"))


def test_each_format_is_fuzzed():
    assert {name_of(parser) for parser in PARSERS} < set(BY_NAME)
    assert len(BY_NAME) == len(TARGETS)


def test_each_finding_is_of_a_target():
    assert {p.name for p in FOUND.glob("*")} <= set(BY_NAME)


@pytest.mark.parametrize(
    "finding", FINDINGS or [pytest.param(None, marks=pytest.mark.skip("nothing was found"))]
)
def test_what_was_found_holds_now(finding):
    BY_NAME[finding.partition("/")[0]].hold((FOUND / finding).read_bytes())


@pytest.mark.parametrize("name", [n for n in BY_NAME if n != "analysis"])
def test_ordinary_and_slightly_spoilt_files_hold(name):
    """The fuzzer begins with these; so a property that no file has would be seen here."""
    seeds = list(islice(BY_NAME[name].seeds(), 4))
    assert seeds
    for number, seed in enumerate(seeds):
        BY_NAME[name].hold(seed)
        BY_NAME[name].hold(spoilt(seed, 1 << 16, number))


def test_a_property_that_does_not_hold_is_told():
    def break_it(data: bytes) -> None:
        raise BrokenError(data)

    with pytest.raises(BrokenError):
        Target("x", break_it, list).hold(b"a")

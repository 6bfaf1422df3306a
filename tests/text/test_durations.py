"""How long something took, in words."""

from __future__ import annotations

import pytest

from forensics.text.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (30.04, "30.0 s"),
        (89.94, "89.9 s"),
        (89.96, "1 min 30 s"),
        (415.4, "6 min 55 s"),
        (120, "2 min"),
        (3600, "1 h"),
        (3601.0, "1 h 1 s"),
        (7305.0, "2 h 1 min 45 s"),
        (359_999.6, "100 h"),
    ],
)
def test_long_ones_are_told_in_minutes_and_hours(seconds, words):
    assert duration(seconds) == words


def test_short_ones_are_as_precise_as_asked_for():
    assert [duration(32.19, digits=n) for n in (0, 1, 2)] == ["32 s", "32.2 s", "32.19 s"]
    assert duration(89.5, digits=0) == "1 min 30 s", "no 90 s beside 1 min 30 s"

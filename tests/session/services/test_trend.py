"""The trend test against values computed by hand and against the definition."""

from __future__ import annotations

import random
from itertools import combinations
from math import erf, sqrt

import pytest

from forensics.session.services.trend import growth, rises_minus_falls, rising_p


def by_definition(values):
    return sum((b > a) - (b < a) for a, b in combinations(values, 2))


@pytest.mark.parametrize(
    ("values", "s"),
    [
        ([], 0),
        ([5], 0),
        ([1, 2, 3, 4], 6),
        ([4, 3, 2, 1], -6),
        ([1, 1, 1], 0),
        # 1<3, 1<2, 1<4 | 3>2, 3<4 | 2<4
        ([1, 3, 2, 4], 4),
        # a tie is neither a rise nor a fall: 2=2, 2<3, 2>1 | 2<3, 2>1 | 3>1
        ([2, 2, 3, 1], -1),
    ],
)
def test_pairs_by_hand(values, s):
    assert rises_minus_falls(values) == s


@pytest.mark.parametrize("seed", range(5))
def test_pairs_by_definition(seed):
    dice = random.Random(seed)  # noqa: S311 - any numbers will do
    values = [dice.choice([0.5, 1.0, 2.0, 3.5, 8.0]) * dice.randint(1, 4) for _ in range(60)]
    assert rises_minus_falls(values) == by_definition(values)


def two_sided(z):
    return 1 - erf(z / sqrt(2))


def test_p_of_a_series_that_only_rises():
    # n = 10: S = 45, Var = 10*9*25/18 = 125, z = 44/sqrt(125) = 3.9355
    assert rising_p(range(10)) == pytest.approx(two_sided(44 / sqrt(125)))
    assert rising_p(range(10)) == pytest.approx(8.3e-5, rel=0.01)


def test_p_with_ties():
    # 1 1 2 2 3 3: S = 12, ties 3 * 2*1*9 = 54, Var = (6*5*17 - 54)/18 = 25.333, z = 11/5.0332 = 2.1855
    assert rising_p([1, 1, 2, 2, 3, 3]) == pytest.approx(two_sided(11 / sqrt(456 / 18)))
    assert rising_p([1, 1, 2, 2, 3, 3]) == pytest.approx(0.02885, rel=0.01)


@pytest.mark.parametrize("values", [[], [1], [1, 1, 1, 1], [5, 4, 3, 2, 1], [1, 2, 2, 1]])
def test_what_does_not_rise_has_no_p(values):
    assert rising_p(values) == 1.0


def test_one_outlier_is_no_trend():
    assert rising_p([2.0, 2.1, 1.9, 2.0, 2.2, 1.8, 2.0, 2.1, 1.9, 2.0, 2.1, 900.0]) > 0.01


def test_growth_compares_the_medians_of_the_outer_thirds():
    assert growth([1, 2, 3, 9, 9, 9, 4, 5, 100]) == (2, 5)
    assert growth([1, 2, 50, 3, 4]) == (1, 4)  # a third of five is one


def test_two_values_have_no_thirds():
    with pytest.raises(ValueError, match="2 values"):
        growth([1, 2])


def test_a_long_series_is_counted_at_once():
    values = list(range(20_000))
    assert rises_minus_falls(values) == 20_000 * 19_999 // 2

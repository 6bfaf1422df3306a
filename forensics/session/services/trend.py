"""Whether a series of measurements rises: the test of Mann and Kendall, with ties.

Each pair of measurements is compared, the earlier with the later. Of a series without trend the rises and falls
cancel out; how far they may differ by chance is known (Kendall 1975: the variance is smaller by what is tied).
The pairs are counted in n log n steps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from math import erfc, sqrt
from statistics import median

FEWEST = 3  # what has no third has no first and last third


def rises_minus_falls(values: Sequence[float]) -> int:
    """Return Kendall's S: the pairs that rise, less those that fall."""
    ranks = sorted(set(values))
    tree = [0] * (len(ranks) + 1)  # Fenwick: how many of the values so far are of a rank or below
    total = 0
    for seen, value in enumerate(values):
        rank = bisect_left(ranks, value) + 1
        lower = _up_to(tree, rank - 1)
        total += lower - (seen - _up_to(tree, rank))
        at = rank
        while at < len(tree):
            tree[at] += 1
            at += at & -at
    return total


def _up_to(tree: Sequence[int], rank: int) -> int:
    total = 0
    while rank > 0:
        total += tree[rank]
        rank -= rank & -rank
    return total


def rising_p(values: Sequence[float]) -> float:
    """Return the probability of so strong a trend, in either direction, if there was none; 1 where none rises.

    It is the two-sided p of the test with its continuity correction; a series that falls, or is level, gives 1.
    """
    n = len(values)
    s = rises_minus_falls(values)
    if s <= 0:
        return 1.0
    tied = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - tied) / 18
    return erfc((s - 1) / sqrt(variance) / sqrt(2))


def growth(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and of the last third. Raises ``ValueError`` for fewer than three values."""
    if len(values) < FEWEST:
        msg = f"{len(values)} values have no thirds"
        raise ValueError(msg)
    third = len(values) // 3
    return median(values[:third]), median(values[-third:])

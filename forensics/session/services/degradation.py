"""Which endpoint's answers took longer and longer before a request to it failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from forensics.schema.finding import FactValue
from forensics.session.services.latency import Failure, Latency, Series
from forensics.session.services.trend import growth, rising_p

WINDOW = 500  # answers before a failure that are looked at, the latest
TRIES = 50  # failures of one endpoint that are looked at, each after new answers
P95 = 0.95


@dataclass(frozen=True, slots=True)
class Limits:
    """What makes a trend: how many answers, how sure, how much slower, how slow, and how soon the failure."""

    samples: int
    p: float
    ratio: float
    at_least_s: float
    within_s: float
    slow_calls: int


@dataclass(frozen=True, slots=True)
class Degradation:
    """The answers before a failure, and the medians of their first and last third in seconds."""

    series: Series
    before: Sequence[Latency]
    failure: Failure
    first_s: float
    last_s: float
    p: float
    slow: Sequence[Latency]  # the last answers, where each was slower than 95 % of those before them

    @property
    def wait_s(self) -> float:
        """Return the seconds from the last answer to the request that failed."""
        return (self.failure.at - self.before[-1].at).total_seconds()

    @property
    def ends(self) -> tuple[int, int]:
        """Return the records of the first and the last answer."""
        return self.before[0].event, self.before[-1].event

    @property
    def slow_events(self) -> tuple[int, ...]:
        """Return the records of the slow answers right before."""
        return tuple(x.event for x in self.slow)

    @property
    def events(self) -> tuple[int, ...]:
        """Return the records that show it, down to the failure."""
        first, last = self.ends
        return first, *self.slow_events, last, self.failure.event

    @property
    def thirds(self) -> tuple[Sequence[Latency], ...]:
        """Return the answers in three parts, of which the outer ones are equally long."""
        third = len(self.before) // 3
        return self.before[:third], self.before[third:-third], self.before[-third:]

    @property
    def facts(self) -> dict[str, FactValue]:
        """Return what other programs are told of it."""
        return {
            "service": self.series.service,
            "endpoint": self.series.endpoint,
            "samples": len(self.before),
            "first_median_s": round(self.first_s, 2),
            "last_median_s": round(self.last_s, 2),
            "p": float(f"{self.p:.1e}"),
            "failed_after_s": round(self.wait_s, 1),
            "slow_right_before": len(self.slow),
        }

    @property
    def sized(self) -> bool:
        """Say whether it is known for every answer how much was asked for."""
        return all(x.size for x in self.before)


def find_degradation(series: Series, limits: Limits) -> Degradation | None:
    """Return the first failure of an endpoint that came at the end of a rising trend."""
    found = (_judge(series, *window, limits) for window in _windows(series))
    return next((d for d in found if d is not None), None)


def most_before(series: Series) -> int:
    """Return how many answers came before the last failure."""
    return sum(x.at <= series.failures[-1].at for x in series.latencies)


def _windows(series: Series) -> Iterator[tuple[list[Latency], Failure]]:
    """Yield the answers before a failure, for each failure that follows new answers."""
    at, seen, tried = 0, -1, 0
    for failure in series.failures:
        while at < len(series.latencies) and series.latencies[at].at <= failure.at:
            at += 1
        if at != seen and tried < TRIES:
            seen, tried = at, tried + 1
            yield series.latencies[max(at - WINDOW, 0) : at], failure


def _rises(values: Sequence[float], limits: Limits) -> tuple[float, float, float] | None:
    """Return the medians of the outer thirds and p, where the values rise as the thresholds ask."""
    first, last = growth(values)
    if last < limits.ratio * first or last <= first:
        return None
    p = rising_p(values)
    return (first, last, p) if p < limits.p else None


def _judge(series: Series, before: Sequence[Latency], failure: Failure, limits: Limits) -> Degradation | None:
    if len(before) < limits.samples or (failure.at - before[-1].at).total_seconds() > limits.within_s:
        return None
    found = _rises([x.seconds for x in before], limits)
    if found is None or found[1] < limits.at_least_s:
        return None
    sizes = [x.seconds / x.size for x in before if x.size]
    if len(sizes) == len(before) and _rises(sizes, limits) is None:
        return None  # more was asked for, and took longer
    usual = sorted(x.seconds for x in before[: -limits.slow_calls])
    slow = [x for x in before[-limits.slow_calls :] if x.seconds > usual[ceil(P95 * len(usual)) - 1]]
    return Degradation(series, before, failure, *found, slow if len(slow) == limits.slow_calls else ())

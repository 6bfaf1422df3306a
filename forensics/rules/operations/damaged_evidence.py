"""CCF409: records that could not be read, or stand in the wrong place. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import log_of
from forensics.schema import CUT_OFF, Row
from forensics.session.model.ending import DIED
from forensics.session.turns.steps_back import StepsBack, records_out_of_order
from forensics.text.durations import duration

LATE = "records that are earlier than the one above them"  # a reason as those of parsers: fingerprints rest on it
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF409",
    topic="4.7",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    any_of=frozenset(Source),
    reads=(),
    related=("CCF901",),
)
def damaged_evidence(case: Case, *, most_share: float = 0.01) -> Iterator[Said]:
    """Find records that are cut off, cannot be decoded, or stand in the wrong order."""
    whole = ~pl.col("file").is_in(list(case.excerpts))
    for row in case.of(K.DAMAGED).filter(whole).iter_rows(named=True):
        yield _hit(case, row, most_share)
    for steps in records_out_of_order(case):
        yield _out_of_order(case, steps)


def _hit(case: Case, row: Row, most_share: float) -> Hit:
    lines, total, event = row["count"], row["total"], row["event_id"]
    is_cut = row["component"] == CUT_OFF
    ended_in_it = is_cut and case.ending.verdict in DIED
    is_much = lines > most_share * total and not (is_cut and lines == 1)
    say = TEXT.saying(
        lines=lines, total=total, source=row["source"], reason=row["status"], verdict=case.ending.verdict
    )
    return say.hit(
        "one-unread" if lines == 1 else "unread",
        subject=f"{row['source']}|{row['status']}",
        apart=log_of(case, row["file"]),
        severity=Severity.LOW if is_much or ended_in_it else Severity.NOTE,
        facts={
            "reason": row["status"],
            "lines": lines,
            "of_lines": total,
            "first_line": row["line"],
            "source": row["source"],
            "cut_off": is_cut,
        },
        cites=(event,),
        statements=(
            say.sentence("one-line" if lines == 1 else "lines", event),
            *((say.sentence("ended-in-it", event),) if ended_in_it else ()),
            say.sentence("incomplete", event),
        ),
    )


def _out_of_order(case: Case, late: StepsBack) -> Hit:
    say = TEXT.saying(times=late.times, most=duration(late.most_s))
    is_one = late.times == 1
    return say.hit(
        "one-late" if is_one else "late",
        subject=f"{late.source}|{LATE}",
        apart=log_of(case, late.file),
        facts={
            "reason": LATE,
            "lines": late.times,
            "first_line": late.line,
            "most_s": round(late.most_s, 3),
        },
        cites=late.events,
        statements=(say.sentence("one-place" if is_one else "places", *late.events),),
    )

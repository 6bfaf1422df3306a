"""How local times become UTC: by what proof, and never without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.clock import align, format_offset
from forensics.errors import UsageError
from forensics.parsers.base import rows
from forensics.schema import EVENTS, EventKind, Source, TsQuality

K = EventKind
CHICAGO = timedelta(hours=-5)  # on 2025-10-21


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-10-21T{text}")


def line(kind: EventKind, local: str, source: Source = Source.VOICE_STDERR, **more) -> dict:
    return {
        "kind": kind.value,
        "source": source.value,
        "local_ts": at(local),
        "ts_quality": "missing",
        **more,
    }


def moment(kind: EventKind, utc: str, source: Source = Source.VOICE_EVENTS, **more) -> dict:
    return {
        "kind": kind.value,
        "source": source.value,
        "ts": at(utc).replace(tzinfo=UTC),
        "ts_quality": "exact",
        **more,
    }


def table(*found: dict) -> pl.DataFrame:
    numbered = [{"event_id": n, "file": 0, "line": n, "ordinal": 0, **row} for n, row in enumerate(found, 1)]
    return rows(numbered, EVENTS)


def times(aligned) -> list[str | None]:
    return [t and f"{t:%d %H:%M:%S.%f}"[:-3] for t in aligned.events["ts"]]


def test_without_proof_a_time_stays_missing_and_that_is_said():
    aligned = align(table(line(K.STT_START, "02:20:46.325")))
    assert times(aligned) == [None]
    assert aligned.events["ts_quality"].to_list() == [TsQuality.MISSING.value]
    (note,) = aligned.notes
    assert "1 records carry the voice server's local time" in note
    assert "--tz" in note


def test_a_wrapped_line_proves_the_offset_and_keeps_the_servers_own_milliseconds():
    wrapped = moment(K.STT_START, "07:20:46.900", Source.MCP_LOG) | {"local_ts": at("02:20:46.325")}
    aligned = align(table(wrapped, line(K.STT_FAIL, "02:21:16.500")))
    assert times(aligned) == ["21 07:20:46.325", "21 07:21:16.500"]
    assert set(aligned.events["ts_quality"]) == {TsQuality.ALIGNED.value}
    assert aligned.notes == ()


def test_a_line_wrapped_a_minute_late_proves_nothing():
    late = moment(K.STT_START, "07:21:46.900", Source.MCP_LOG) | {"local_ts": at("02:20:46.325")}
    assert times(align(table(late, line(K.STT_FAIL, "02:21:16.500"))))[1] is None


def test_an_exchange_carries_its_own_offset():
    exchange = moment(K.VOICE_EXCHANGE, "07:01:00.000", Source.VOICE_EXCHANGES) | {"local_ts": at("02:01:00")}
    aligned = align(table(exchange, line(K.STT_START, "02:20:46.325")))
    assert times(aligned) == ["21 07:01:00.000", "21 07:20:46.325"]
    assert aligned.events["ts_quality"].to_list() == ["exact", "aligned"]


def test_half_hour_zones():
    exchange = moment(K.VOICE_EXCHANGE, "07:00:00", Source.VOICE_EXCHANGES) | {"local_ts": at("12:45:00")}
    assert times(align(table(exchange, line(K.STT_START, "13:00:00"))))[1] == "21 07:15:00.000"


def test_the_event_log_saw_the_same_moments():
    aligned = align(
        table(
            line(K.STT_START, "01:33:42.718"),
            line(K.STT_START, "01:40:00.001"),
            moment(K.STT_BEGUN, "07:33:42.717"),
            moment(K.STT_BEGUN, "07:40:00.000"),
        )
    )
    assert times(aligned)[:2] == ["21 07:33:42.718", "21 07:40:00.001"]


def test_moments_that_are_not_the_same_prove_nothing():
    assert (
        times(align(table(line(K.STT_START, "01:33:42.718"), moment(K.STT_BEGUN, "07:33:44.000"))))[0] is None
    )


def test_one_moment_is_taken_where_no_other_offset_is_possible_and_that_is_said():
    events = table(line(K.STT_START, "01:33:42.718"), moment(K.STT_BEGUN, "07:33:42.717"))
    aligned = align(events)
    assert times(aligned)[0] == "21 07:33:42.718"
    (note,) = aligned.notes
    assert "UTC-06:00 rests on one moment" in note


def test_the_users_zone_beats_one_moment():
    events = table(line(K.STT_START, "01:33:42.718"), moment(K.STT_BEGUN, "07:33:42.717"))
    aligned = align(events, "America/Chicago")
    assert times(aligned)[0] == "21 06:33:42.718"
    assert aligned.notes == ()


def test_one_moment_beside_another_offset_proves_nothing():
    events = table(
        line(K.STT_START, "01:33:42.718"),
        line(K.TTS_START, "01:33:42.719"),
        moment(K.STT_BEGUN, "07:33:42.717"),
        moment(K.VOICE_CALL_BEGIN, "07:33:42.717"),
        moment(K.STT_BEGUN, "08:33:42.717"),
    )
    assert times(align(events))[:2] == [None, None]


def test_an_offset_that_no_zone_has_proves_nothing():
    events = table(
        line(K.STT_START, "03:54:21.727"),
        line(K.STT_START, "03:55:00.000"),
        moment(K.STT_BEGUN, "10:09:21.727"),
        moment(K.STT_BEGUN, "10:10:00.000"),
    )
    assert times(align(events))[:2] == [None, None]


def test_a_tie_between_two_offsets_proves_nothing():
    events = table(
        line(K.STT_START, "01:30:00"),
        line(K.STT_START, "01:31:00"),
        *(moment(K.STT_BEGUN, utc) for utc in ("06:30:00", "06:31:00", "07:30:00", "07:31:00")),
    )
    assert times(align(events))[0] is None


def test_the_dated_neighbours_of_a_wrapped_line_in_an_undated_log():
    debug = Source.CLAUDE_DEBUG
    events = table(
        moment(K.CLOCK_ANCHOR, "07:20:40", debug),
        line(K.STT_START, "02:20:46", debug),
        moment(K.CLOCK_ANCHOR, "07:20:50", debug),
    )
    assert times(align(events))[1] == "21 07:20:46.000"


def test_neighbours_an_hour_apart_leave_several_offsets_and_so_none():
    debug = Source.CLAUDE_DEBUG
    events = table(
        moment(K.CLOCK_ANCHOR, "07:00:00", debug),
        line(K.STT_START, "02:20:46", debug),
        moment(K.CLOCK_ANCHOR, "08:00:00", debug),
    )
    aligned = align(events)
    assert (
        aligned.events["ts_quality"].to_list()[1] == TsQuality.INFERRED.value
    )  # by its neighbour, and said to be
    assert times(aligned)[1] == "21 07:00:00.000"
    assert "1 records" in aligned.notes[0]


def test_a_record_of_an_undated_log_takes_the_time_before_it():
    debug = Source.CLAUDE_DEBUG
    call = {"kind": K.TOOL_DISPATCH.value, "source": debug.value, "ts_quality": "missing"}
    aligned = align(table(call, moment(K.CLOCK_ANCHOR, "07:00:00", debug), call, call))
    assert times(aligned) == ["21 07:00:00.000"] * 4
    assert aligned.events["ts_quality"].to_list() == ["inferred", "exact", "inferred", "inferred"]


def test_offsets_that_contradict_each_other_are_said_and_the_nearest_is_taken():
    def exchange(utc: str, local: str) -> dict:
        return moment(K.VOICE_EXCHANGE, utc, Source.VOICE_EXCHANGES) | {"local_ts": at(local)}

    events = table(
        exchange("07:00:00", "02:00:00"),
        exchange("12:00:00", "06:00:00"),
        line(K.STT_START, "02:10:00"),
        line(K.STT_START, "05:50:00"),
    )
    aligned = align(events)
    assert times(aligned)[2:] == ["21 07:10:00.000", "21 11:50:00.000"]
    assert "-06:00, -05:00" in aligned.notes[0]


def test_a_pair_speaks_for_a_day_and_not_for_a_month():
    exchange = moment(K.VOICE_EXCHANGE, "07:00:00", Source.VOICE_EXCHANGES) | {"local_ts": at("02:00:00")}
    later = line(K.STT_START, "02:10:00") | {"local_ts": at("02:10:00") + timedelta(days=30)}
    assert times(align(table(exchange, later)))[1] is None


def test_a_zone_given_by_the_user():
    aligned = align(table(line(K.STT_START, "02:20:46.325")), "America/Chicago")
    assert times(aligned) == ["21 07:20:46.325"]
    assert aligned.notes == ()


def test_proof_beats_the_users_zone():
    exchange = moment(K.VOICE_EXCHANGE, "07:00:00", Source.VOICE_EXCHANGES) | {"local_ts": at("02:00:00")}
    assert times(align(table(exchange, line(K.STT_START, "02:20:00")), "UTC"))[1] == "21 07:20:00.000"


def test_an_hour_that_happened_twice_is_said():
    fold = {
        "kind": K.STT_START.value,
        "source": "voice-stderr",
        "local_ts": datetime(2025, 11, 2, 1, 30),  # noqa: DTZ001 - the server's own clock has no zone
        "ts_quality": "missing",
    }
    aligned = align(table(fold), "America/Chicago")
    assert times(aligned) == ["02 06:30:00.000"]
    assert aligned.notes == (
        "1 local times happened twice in America/Chicago (the clock went back): the first was taken",
    )


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "2025"])
def test_a_zone_that_does_not_exist(name):
    with pytest.raises(UsageError, match="no such time zone"):
        align(table(line(K.STT_START, "02:20:46.325")), name)


@pytest.mark.parametrize(
    ("hours", "text"), [(-5, "-05:00"), (5.5, "+05:30"), (0, "+00:00"), (-3.5, "-03:30")]
)
def test_offsets_as_text(hours, text):
    assert format_offset(timedelta(hours=hours)) == text


def test_nothing_to_align():
    assert align(table(moment(K.STT_BEGUN, "07:00:00"))).notes == ()
    assert align(EVENTS.to_frame()).notes == ()

"""How local times become UTC: by what proof, and never without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.errors import UsageError
from forensics.evidence.account import Remark
from forensics.formats.reading import rows
from forensics.schema import EVENTS, EventKind, Source, TsQuality
from forensics.table.clock import align
from forensics.table.order import in_order
from forensics.text.clock_time import format_offset

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
    assert "1 records carry the voice server's local time" in note.text
    assert "--tz" in note.text


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
    assert "UTC-06:00 rests on one moment" in note.text


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
    assert "1 records" in aligned.notes[0].text


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
        line(K.STT_START, "02:10:00", file=1),
        line(K.STT_START, "05:50:00", file=1),
    )
    aligned = align(events)
    assert times(aligned)[2:] == ["21 07:10:00.000", "21 11:50:00.000"]
    assert aligned.notes == (
        Remark(
            "the voice server's clock was changed from UTC-05:00 to UTC-06:00 between 2025-10-21 07:00:00Z and "
            "2025-10-21 12:00:00Z: local times of that change happened twice, and each line takes the offset of its neighbours",
            ((0, 1), (0, 2)),
        ),
    )


def test_offsets_that_no_change_of_clocks_explains_contradict_each_other():
    def exchange(utc: str, local: str) -> dict:
        return moment(K.VOICE_EXCHANGE, utc, Source.VOICE_EXCHANGES) | {"local_ts": at(local)}

    (note,) = align(table(exchange("07:00:00", "02:00:00"), exchange("12:00:00", "15:00:00"))).notes
    assert "contradicting offsets from UTC in this evidence: UTC-05:00, UTC+03:00" in note.text
    assert note.places == ((0, 1), (0, 2))


def test_when_the_clocks_go_back_the_lines_tell_the_two_hours_apart():
    # 2025-11-02 in Chicago: 01:30 is 06:30Z, and an hour later 07:30Z
    day = timedelta(days=12)

    def wrapped(utc: str, local: str) -> dict:
        row = moment(K.STT_START, utc, Source.MCP_LOG) | {"local_ts": at(local)}
        return row | {"ts": row["ts"] + day, "local_ts": row["local_ts"] + day}

    def bare(local: str) -> dict:
        row = line(K.STT_FAIL, local, Source.MCP_LOG)
        return row | {"local_ts": row["local_ts"] + day}

    events = table(
        wrapped("06:30:00", "01:30:00"),
        bare("01:50:00"),
        bare("01:10:00"),
        wrapped("07:20:00", "01:20:00"),
        bare("01:50:01"),
    )
    aligned = align(events)
    assert times(aligned) == [
        f"02 {t}.000" for t in ("06:30:00", "06:50:00", "07:10:00", "07:20:00", "07:50:01")
    ]
    assert "changed from UTC-05:00 to UTC-06:00" in aligned.notes[0].text


def test_the_event_log_may_tell_a_change_of_the_clocks():
    twins = [
        ("01:58:00", "06:58:00"),
        ("01:59:00", "06:59:00"),
        ("01:10:00", "07:10:00"),
        ("01:11:07", "07:11:07"),
    ]
    events = table(
        *(line(K.STT_START, local) for local, _ in twins), *(moment(K.STT_BEGUN, utc) for _, utc in twins)
    )
    aligned = align(events)
    assert times(aligned)[:4] == [f"21 {utc}.000" for _, utc in twins]
    assert "changed from UTC-05:00 to UTC-06:00" in aligned.notes[0].text


def test_a_log_whose_clock_goes_back_is_named_with_both_lines():
    debug = Source.CLAUDE_DEBUG
    events = table(
        moment(K.TOOL_DISPATCH, "07:00:30", debug),
        moment(K.TOOL_DISPATCH, "07:00:10", debug),
        moment(K.TOOL_DISPATCH, "07:00:09.500", debug),
        moment(K.TOOL_DISPATCH, "07:00:40", debug),
    )
    (note,) = align(events).notes
    assert "goes back once, by up to 20.0 s" in note.text
    assert note.places == ((0, 1), (0, 2))


def test_a_transcripts_records_may_stand_out_of_order():
    events = table(
        moment(K.USER_PROMPT, "07:00:30", Source.TRANSCRIPT), moment(K.OTHER, "07:00:10", Source.TRANSCRIPT)
    )
    assert align(events).notes == ()


def test_inside_one_log_no_record_comes_before_one_above_it():
    debug, told = Source.CLAUDE_DEBUG, Source.TRANSCRIPT
    events = table(
        moment(K.TOOL_DISPATCH, "07:00:30", debug),
        moment(K.TOOL_DONE, "07:00:10", debug),
        moment(K.USER_PROMPT, "07:00:20", told, file=1),
        moment(K.OTHER, "07:00:15", told, file=1),
        moment(K.TOOL_DISPATCH, "07:00:40", debug),
    )
    assert in_order(events)["line"].to_list() == [4, 3, 1, 2, 5]


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
        Remark(
            "1 local times happened twice in America/Chicago (the clock went back): the first is taken",
            ((0, 1),),
        ),
    )


def test_the_order_of_lines_tells_which_of_two_hours_is_meant():
    fold = [datetime(2025, 11, 2, 1, minute) for minute in (10, 50, 20, 55)]  # noqa: DTZ001 - as above
    lines = [line(K.STT_START, "00:00:00") | {"local_ts": moment} for moment in fold]
    aligned = align(table(*lines), "America/Chicago")
    assert times(aligned) == ["02 06:10:00.000", "02 06:50:00.000", "02 07:20:00.000", "02 07:55:00.000"]
    assert aligned.notes == ()


def test_a_time_that_the_named_zone_skips_is_said():
    skipped = line(K.STT_START, "00:00:00") | {"local_ts": datetime(2025, 3, 9, 2, 30)}  # noqa: DTZ001
    (note,) = align(table(skipped), "America/Chicago").notes
    assert "1 local times did not happen in America/Chicago" in note.text


def test_a_zone_that_the_evidence_contradicts_is_said():
    exchange = moment(K.VOICE_EXCHANGE, "07:00:00", Source.VOICE_EXCHANGES) | {"local_ts": at("02:00:00")}
    (note,) = align(table(exchange), "Europe/Berlin").notes
    assert "--tz Europe/Berlin contradicts the evidence, which proves UTC-05:00" in note.text
    assert note.places == ((0, 1),)


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

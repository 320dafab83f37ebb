"""A wrong calendar is refused when it is loaded, with the place and the reason."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.refusals import OutOfRange
from shared.config_file import problems_of
from tests.unit.sla.calendars import a_calendar, at

HOURS = {"mon": [["09:00", "17:00"]]}


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ({"hours": {}}, "", "never opens"),
        ({"hours": {"mon": [], "tue": []}}, "", "never opens"),
        ({"hours": {}, "special_dates": {"2026-01-04": "mon"}}, "", "never opens"),
        ({"tz": "Asia/Peking"}, "tz", "not an IANA time zone"),
        ({"tz": "../../etc/passwd"}, "tz", "not an IANA time zone"),
        ({"hours": {"mon": [["9:00", "17:00"]]}}, "hours.mon.0", "'9:00' is not a time of day"),
        ({"hours": {"mon": [["09:00", 1020]]}}, "hours.mon.0", "put it in quotes"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, "hours.mon.0", "later than 24:00"),
        ({"hours": {"mon": [["24:00", "09:00"]]}}, "hours.mon.0", "opens at 24:00"),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, "hours.mon.0", "never be open"),
        ({"hours": {"mon": [["09:00"]]}}, "hours.mon.0", "not a pair"),
        ({"hours": {"mon": "09:00-17:00"}}, "hours.mon", "not a list of pairs"),
        ({"hours": {"mon": [["09:00", "12:00"], ["11:59", "17:00"]]}}, "hours", "overlap at 11:59"),
        ({"hours": {"monday": [["09:00", "17:00"]]}}, "hours.monday.[key]", "'mon'"),
        ({"holidays": ["2026-02-30"]}, "holidays.0", ""),
        ({"holidays": [20260217]}, "holidays.0", "not a date"),
        ({"holidays": ["17.02.2026"]}, "holidays.0", "not a date"),
        ({"holidays": ["9999-12-31"]}, "holidays.0", "outside"),
        ({"special_dates": {"2026-01-04": "monday"}}, "special_dates.2026-01-04.weekday", "'mon'"),
        (
            {"special_dates": {"2026-01-04": [["10", "12:00"]]}},
            "special_dates.2026-01-04.frames.0",
            "not a time of day",
        ),
        ({"known_until": "soon"}, "known_until", "not a date"),
        ({"known_from": "2027-01-01", "known_until": "2026-12-31"}, "", "known_from 2027-01-01 lies after"),
        ({"version": ""}, "version", "at least 1 character"),
        ({"holiday": ["2026-02-17"]}, "holiday", "not permitted"),
    ],
)
def test_a_mistake_is_named_with_its_place(change: dict[str, Any], where: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CalendarDefinition.model_validate({"tz": "UTC", "hours": HOURS} | change)
    places = problems_of(refused.value)
    assert [place for place, _ in places] == [where]
    assert reason in places[0][1]


def test_frames_may_come_in_any_order_and_touch() -> None:
    calendar = a_calendar(hours={"mon": [["13:00", "17:00"], ["09:00", "13:00"]]})
    assert calendar.hours_on(date(2026, 3, 2)) == ((9 * 3600, 13 * 3600), (13 * 3600, 17 * 3600))


def test_24_00_is_not_23_59() -> None:
    calendar = a_calendar(hours={"mon": [["00:00", "24:00"]]})
    assert calendar.is_open(at("2026-03-02T23:59:59.999999Z"))
    assert not calendar.is_open(at("2026-03-03T00:00:00Z"))
    almost = a_calendar(hours={"mon": [["00:00", "23:59"]]})
    assert not almost.is_open(at("2026-03-02T23:59:00Z"))


def test_frames_are_open_at_opening_and_closed_at_closing_time() -> None:
    calendar = a_calendar()
    assert [calendar.is_open(at(f"2026-03-02T{time}Z")) for time in ("08:59:59", "09:00", "16:59:59", "17:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_closing_of_midnight_is_the_end_of_the_day() -> None:
    assert a_calendar(hours={"mon": [["22:00", "00:00"]]}).hours_on(date(2026, 3, 2)) == ((22 * 3600, 24 * 3600),)


def test_a_date_whose_hours_are_all_taken_by_a_break_is_no_working_day() -> None:
    calendar = a_calendar(breaks={"2026-03-03": [["08:00", "18:00"]]})
    assert not calendar.is_working_day(date(2026, 3, 3))
    assert calendar.is_working_day(date(2026, 3, 4))


def test_every_day_is_answered_the_same_whatever_was_asked_before() -> None:
    calendar = a_calendar("Asia/Shanghai", hours={"wed": [["00:00", "24:00"]]})
    for offset in range(1000):
        day = date(2026, 1, 1) + timedelta(days=offset)
        midnight = datetime.combine(day, time.min, calendar.zone)
        assert calendar.is_working_day(day) == calendar.is_open(midnight) == (day.weekday() == 2), day


def test_a_calendar_that_stops_opening_is_refused_and_does_not_hang() -> None:
    calendar = a_calendar(hours={}, special_dates={"2026-03-03": [["09:00", "17:00"]]})
    assert calendar.next_open(at("2026-03-01T00:00Z")) == at("2026-03-03T09:00Z")
    assert not calendar.is_working_day(date(2026, 3, 4))
    with pytest.raises(OutOfRange, match="too little open time"):
        calendar.next_open(at("2026-03-04T00:00Z"))


def test_the_same_hours_can_be_read_on_another_wall() -> None:
    calendar = a_calendar("Asia/Shanghai")
    assert calendar.next_open(at("2026-03-02T00:00Z")) == at("2026-03-02T01:00Z")
    assert calendar.in_zone(calendar.zone) is calendar

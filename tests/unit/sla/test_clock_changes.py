"""Daylight saving time: skipped and repeated readings, and days of 23 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.sla.domain.deadlines import Unit, business_seconds_between, deadline
from services.sla.domain.wall_clock import datetime_of, instant_of, midnight_of
from tests.unit.sla.calendars import a_calendar, at, every

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = {"sun": [["00:00", "24:00"]]}


def meaning(reading: str, zone: str) -> datetime:
    return datetime_of(instant_of(datetime.fromisoformat(reading), ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("reading", "zone", "instant"),
    [
        ("2026-03-29T01:59", "Europe/Berlin", "2026-03-29T00:59Z"),
        ("2026-03-29T02:00", "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30Z"),
        ("2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00Z"),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:00Z"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30Z"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:30Z"),
        ("2026-09-06T00:00", "America/Santiago", "2026-09-06T04:00Z"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T10:00Z"),  # a date that never was
        ("2026-02-13T17:30", "Asia/Shanghai", "2026-02-13T09:30Z"),
    ],
)
def test_a_skipped_reading_is_the_jump_and_a_repeated_one_its_first_occurrence(
    reading: str, zone: str, instant: str
) -> None:
    assert meaning(reading, zone) == at(instant)


def test_a_day_that_never_was_begins_and_ends_at_once() -> None:
    zone = ZoneInfo("Pacific/Apia")
    assert midnight_of(date(2011, 12, 30), zone) == midnight_of(date(2011, 12, 31), zone)
    calendar = a_calendar("Pacific/Apia", {"fri": [["09:00", "17:00"]], "sat": [["09:00", "17:00"]]})
    assert not calendar.is_working_day(date(2011, 12, 30))
    found = deadline(at("2011-12-29T12:00:00-10:00"), 1, Unit.WORKING_DAYS, calendar)
    assert found.counted_days == (date(2011, 12, 31),)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-22", 24)])
def test_a_day_may_have_23_or_25_hours(day: str, hours: int) -> None:
    calendar = a_calendar("Europe/Berlin", SUNDAY)
    begin = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    assert business_seconds_between(begin, begin.replace(hour=23, minute=59, second=59), calendar) == hours * 3600 - 1


def test_natural_days_are_dates_and_not_24_hours() -> None:
    calendar = a_calendar("Europe/Berlin", every(("sat", "sun", "mon"), ["00:00", "24:00"]))
    found = deadline(at("2026-03-28T12:00:00+01:00"), 1, Unit.NATURAL_DAYS, calendar)
    assert found.due_by == at("2026-03-30T00:00:00+02:00")
    elapsed = deadline(at("2026-03-28T12:00:00+01:00"), 24, Unit.HOURS, calendar)
    assert elapsed.due_by == at("2026-03-29T13:00:00+02:00")


def test_the_close_of_a_working_day_uses_the_offset_of_that_date() -> None:
    calendar = a_calendar("Europe/Berlin")
    assert deadline(at("2026-03-27T10:00:00+01:00"), 1, Unit.WORKING_DAYS, calendar).due_by == at("2026-03-30T15:00Z")
    assert deadline(at("2026-10-23T10:00:00+02:00"), 1, Unit.WORKING_DAYS, calendar).due_by == at("2026-10-26T16:00Z")


def test_hours_that_lie_in_the_skipped_hour_do_not_make_a_working_day() -> None:
    calendar = a_calendar("Europe/Berlin", {"sun": [["02:00", "03:00"]]})
    assert not calendar.is_working_day(date(2026, 3, 29))
    assert calendar.next_open(at("2026-03-23T00:00Z")) == at("2026-04-05T00:00Z")


def test_a_night_shift_over_the_change_has_its_real_length() -> None:
    calendar = a_calendar("Europe/Berlin", {"sat": [["22:00", "06:00"]]})
    spring = business_seconds_between(at("2026-03-28T00:00Z"), at("2026-03-30T00:00Z"), calendar)
    autumn = business_seconds_between(at("2026-10-24T00:00Z"), at("2026-10-26T00:00Z"), calendar)
    assert (spring, autumn) == (7 * 3600, 9 * 3600)


def test_a_receipt_belongs_to_the_date_on_the_calendars_wall() -> None:
    calendar = a_calendar("America/New_York")
    late = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # still Monday evening in New York
    assert deadline(late, 1, Unit.WORKING_DAYS, calendar).counted_days == (date(2026, 3, 3),)
    assert deadline(late, 1, Unit.WORKING_DAYS, calendar.in_zone(ZoneInfo("UTC"))).counted_days == (date(2026, 3, 4),)


def test_a_leap_day_is_a_day_like_any_other() -> None:
    found = deadline(at("2028-02-28T10:00Z"), 2, Unit.WORKING_DAYS, a_calendar())
    assert found.counted_days == (date(2028, 2, 29), date(2028, 3, 1))

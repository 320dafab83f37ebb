"""Questions on which business-time systems disagree, and our answers. Sources: the peers' own test suites."""

from __future__ import annotations

from datetime import date

from services.sla.domain.deadlines import Unit, business_seconds_between, deadline
from tests.unit.sla.calendars import WEEK, a_calendar, at, every


def test_a_deadline_exactly_at_closing_time_stays_there() -> None:
    calendar = a_calendar("Europe/Berlin", every(WEEK, ["09:00", "18:00"]))
    found = deadline(at("2013-06-04T17:00:00+02:00"), 1, Unit.BUSINESS_HOURS, calendar)
    assert found.due_by == at("2013-06-04T18:00:00+02:00")


def test_counting_back_to_an_opening_stays_there() -> None:
    found = deadline(at("2026-03-09T18:00:00Z"), -8, Unit.BUSINESS_HOURS, a_calendar())
    assert found.due_by == at("2026-03-09T09:00:00Z")


def test_nothing_to_wait_for_means_the_next_open_moment() -> None:
    assert deadline(at("2026-03-06T17:00:00Z"), 0, Unit.BUSINESS_HOURS, a_calendar()).due_by == at(
        "2026-03-09T09:00:00Z"
    )
    assert deadline(at("2026-03-06T16:59:00Z"), 0, Unit.BUSINESS_HOURS, a_calendar()).due_by == at(
        "2026-03-06T16:59:00Z"
    )


def test_a_night_shift_belongs_to_the_evening_it_starts() -> None:
    calendar = a_calendar("UTC", every(WEEK, ["09:00", "17:00"], ["23:00", "07:00"]))
    assert business_seconds_between(at("2016-01-18T09:00:00Z"), at("2016-01-22T18:00:00Z"), calendar) == 72 * 3600
    found = deadline(at("2016-01-22T10:00:00Z"), 0, Unit.WORKING_DAYS, calendar)
    assert found.due_by == at("2016-01-23T07:00:00Z")
    assert not calendar.is_working_day(date(2016, 1, 23))


def test_a_holiday_closes_the_shifts_that_start_on_it_and_no_other() -> None:
    calendar = a_calendar("UTC", {"mon": [["22:00", "06:00"]], "tue": [["22:00", "06:00"]]}, holidays=["2026-03-10"])
    assert calendar.is_open(at("2026-03-10T05:59:00Z"))
    assert not calendar.is_open(at("2026-03-10T22:00:00Z"))
    assert not calendar.is_open(at("2026-03-11T03:00:00Z"))


def test_time_covered_twice_is_counted_once() -> None:
    calendar = a_calendar("UTC", {"mon": [["22:00", "10:00"]], "tue": [["08:00", "12:00"]]})
    assert business_seconds_between(at("2026-03-09T00:00:00Z"), at("2026-03-11T00:00:00Z"), calendar) == 14 * 3600


def test_a_day_that_closes_before_the_last_night_shift_ends_is_due_with_that_shift() -> None:
    calendar = a_calendar("UTC", {"mon": [["22:00", "21:00"]], "tue": [["01:00", "02:00"]]})
    one, two = (deadline(at("2026-03-08T12:00:00Z"), n, Unit.WORKING_DAYS, calendar).due_by for n in (1, 2))
    assert one == two == at("2026-03-10T21:00:00Z")


def test_a_special_date_replaces_holiday_and_weekday() -> None:
    calendar = a_calendar(
        holidays=["2026-03-10"], special_dates={"2026-03-10": [["10:00", "12:00"]], "2026-03-14": "mon"}
    )
    assert deadline(at("2026-03-10T00:00:00Z"), 1, Unit.BUSINESS_HOURS, calendar).due_by == at("2026-03-10T11:00:00Z")
    assert calendar.is_open(at("2026-03-14T16:59:00Z"))


def test_a_break_closes_an_office_in_the_middle_of_its_hours() -> None:
    calendar = a_calendar(breaks={"2026-03-10": [["10:00", "11:30"]]})
    assert not calendar.is_open(at("2026-03-10T10:00:00Z"))
    assert deadline(at("2026-03-10T09:30:00Z"), 1, Unit.BUSINESS_HOURS, calendar).due_by == at("2026-03-10T12:00:00Z")


def test_adding_working_days_after_closing_time_starts_from_the_same_date() -> None:
    found = deadline(at("2006-01-03T18:00:00Z"), 2, Unit.WORKING_DAYS, a_calendar())
    assert found.counted_days == (date(2006, 1, 4), date(2006, 1, 5))

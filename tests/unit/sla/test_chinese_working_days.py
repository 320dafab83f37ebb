"""Deadlines around Chinese holidays and make-up working days, as the State Council announced them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import Unit, deadline
from tests.unit.sla.calendars import WEEK, a_calendar, always_open, beijing, cn, every
from tests.unit.sla.reference_data import reference_data, reference_vectors

# Received, then the day on which 1, 3 and 15 working days end. The day of receipt is not counted.
RECEIVED_AND_DUE = [
    ("2026-02-13", "2026-02-14", "2026-02-25", "2026-03-12"),  # a Friday; the Saturday after it is a working day
    ("2026-02-14", "2026-02-24", "2026-02-26", "2026-03-13"),  # that working Saturday
    ("2026-02-17", "2026-02-24", "2026-02-26", "2026-03-13"),  # Spring Festival
    ("2026-09-24", "2026-09-28", "2026-09-30", "2026-10-22"),  # before Mid-Autumn and National Day
    ("2026-09-30", "2026-10-08", "2026-10-10", "2026-10-27"),  # the third working day is a Saturday
    ("2026-12-25", "2026-12-28", "2026-12-30", None),  # the fifteenth lies in a year not announced yet
]
MAKE_UP_DAYS = {
    2025: ("01-26", "02-08", "04-27", "09-28", "10-11"),
    2026: ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
}


@pytest.mark.parametrize(("received", "after_1", "after_3", "after_15"), RECEIVED_AND_DUE)
@pytest.mark.parametrize("time_of_day", ["00:00", "10:00", "18:30", "23:59:59.999999"])
def test_working_days_follow_the_state_council(
    received: str, after_1: str, after_3: str, after_15: str | None, time_of_day: str
) -> None:
    for n, last_day in ((1, after_1), (3, after_3), (15, after_15)):
        found = deadline(beijing(f"{received} {time_of_day}"), n, Unit.WORKING_DAYS, cn())

        assert len(found.counted_days) == n
        assert found.provisional == (last_day is None)
        if last_day is not None:
            assert found.counted_days[-1] == date.fromisoformat(last_day)
            assert found.due_by == beijing(f"{last_day} 18:00")


def test_a_deadline_in_a_year_not_announced_yet_is_provisional() -> None:
    assert deadline(beijing("2026-12-25 10:00"), 15, Unit.WORKING_DAYS, cn()).provisional
    assert not deadline(beijing("2026-12-25 10:00"), 4, Unit.WORKING_DAYS, cn()).provisional
    assert deadline(beijing("2026-12-31 17:00"), 2, Unit.BUSINESS_HOURS, cn()).provisional
    assert not deadline(beijing("2026-12-31 17:00"), 1, Unit.BUSINESS_HOURS, cn()).provisional
    assert not deadline(beijing("2026-12-31 17:00"), 240, Unit.HOURS, cn()).provisional


def test_a_deadline_that_counts_days_before_the_calendar_begins_is_provisional() -> None:
    """National Day 2023 is not in the calendar: the third working day would lie inside it."""
    for received, is_unknown in (("2023-09-28", True), ("2023-12-30", True), ("2023-12-31", False)):
        found = deadline(beijing(f"{received} 10:00"), 3, Unit.WORKING_DAYS, cn())
        assert found.provisional == is_unknown, received
    assert deadline(beijing("2023-12-31 10:00"), 0, Unit.WORKING_DAYS, cn()).provisional
    assert not deadline(beijing("2024-01-02 10:00"), 0, Unit.WORKING_DAYS, cn()).provisional
    assert deadline(beijing("2023-12-29 17:00"), 1, Unit.BUSINESS_HOURS, cn()).provisional
    assert not deadline(beijing("2024-01-01 00:00"), 1, Unit.BUSINESS_HOURS, cn()).provisional
    assert deadline(beijing("2024-01-02 10:00"), -3, Unit.BUSINESS_HOURS, cn()).provisional
    assert deadline(beijing("2023-12-24 10:00"), 7, Unit.NATURAL_DAYS, cn()).provisional  # Sunday 31st, rolled forward
    assert not deadline(beijing("2023-12-24 10:00"), 8, Unit.NATURAL_DAYS, cn()).provisional
    assert not deadline(beijing("2023-09-28 10:00"), 72, Unit.HOURS, cn()).provisional


def test_the_end_of_the_last_announced_day_is_still_certain() -> None:
    calendar = a_calendar(hours=every(WEEK, ["00:00", "24:00"]), known_until="2026-12-31")
    late = datetime.fromisoformat("2026-12-31T23:00:00+00:00")
    assert not deadline(late, 1, Unit.BUSINESS_HOURS, calendar).provisional
    assert deadline(late, 1.5, Unit.BUSINESS_HOURS, calendar).provisional


def test_natural_days_are_provisional_only_where_a_holiday_could_move_them() -> None:
    start = beijing("2026-12-28 10:00")
    assert deadline(start, 7, Unit.NATURAL_DAYS, cn()).provisional
    assert not deadline(start, 7, Unit.NATURAL_DAYS, cn(), rules=DayRules(roll_forward=False)).provisional
    assert not deadline(start, 3, Unit.NATURAL_DAYS, cn()).provisional


def test_every_year_has_its_make_up_days_and_248_working_days() -> None:
    for year, make_up_days in MAKE_UP_DAYS.items():
        assert all(cn().is_working_day(date.fromisoformat(f"{year}-{day}")) for day in make_up_days)
        days = (date(year, 1, 1) + timedelta(days=offset) for offset in range(365))
        assert sum(cn().is_working_day(day) for day in days) == 248


def test_the_shipped_calendar_agrees_with_the_published_ones_on_every_day() -> None:
    for text, is_working_day, name in reference_data("calendars_cn/is_workday_2024_2026.json"):
        assert cn().is_working_day(date.fromisoformat(text)) == is_working_day, (text, name)
    for year in (2024, 2025, 2026):
        for entry in reference_data(f"calendars_cn/holiday-cn-{year}.json")["days"]:
            assert cn().is_working_day(date.fromisoformat(entry["date"])) != entry["isOffDay"], entry


@pytest.mark.parametrize("vector", reference_vectors("sla_vectors/cn_holidays.open.json"))
def test_business_seconds_around_chinese_holidays(vector: dict[str, Any]) -> None:
    published = BusinessCalendar.from_definition(CalendarDefinition.model_validate(vector["calendar"]))
    for calendar in (published, cn()):
        found = deadline(
            datetime.fromisoformat(vector["start"]), vector["add_seconds"], Unit.BUSINESS_SECONDS, calendar
        )
        assert found.due_by == datetime.fromisoformat(vector["expected"]), calendar


def test_elapsed_hours_run_through_nights_and_holidays() -> None:
    start = beijing("2026-02-13 17:30")
    assert deadline(start, 24, Unit.HOURS, cn()).due_by == beijing("2026-02-14 17:30")
    assert deadline(start, 72, Unit.HOURS, cn()).due_by == beijing("2026-02-16 17:30")


def test_one_working_day_is_not_eight_business_hours() -> None:
    tuesday = beijing("2026-03-03 16:00")
    assert deadline(tuesday, 1, Unit.WORKING_DAYS, cn()).due_by == beijing("2026-03-04 18:00")
    assert deadline(tuesday, 7.5, Unit.BUSINESS_HOURS, cn()).due_by == beijing("2026-03-04 16:00")
    midnight = DayRules(day_end="24:00")
    assert deadline(tuesday, 1, Unit.WORKING_DAYS, cn(), rules=midnight).due_by == beijing("2026-03-05 00:00")


def test_a_week_after_resolution_rolls_over_the_spring_festival() -> None:
    resolved = beijing("2026-02-10 11:00")
    rolled = deadline(resolved, 7, Unit.NATURAL_DAYS, cn())
    assert rolled.due_by == beijing("2026-02-25 00:00")  # 24:00 of the 24th, the first working day after the 17th
    assert rolled.counted_days == tuple(date(2026, 2, day) for day in range(11, 18))
    kept = deadline(resolved, 7, Unit.NATURAL_DAYS, cn(), rules=DayRules(roll_forward=False))
    assert kept.due_by == beijing("2026-02-18 00:00")


def test_a_week_that_ends_on_a_make_up_saturday_is_not_moved() -> None:
    assert deadline(beijing("2026-02-07 09:00"), 7, Unit.NATURAL_DAYS, cn()).due_by == beijing("2026-02-15 00:00")


def test_business_hours_received_at_night_start_at_the_next_opening() -> None:
    assert deadline(beijing("2026-02-14 20:00"), 2, Unit.BUSINESS_HOURS, cn()).due_by == beijing("2026-02-24 11:00")


def test_a_hotline_that_never_closes_counts_every_day() -> None:
    found = deadline(beijing("2026-02-16 20:00"), 3, Unit.WORKING_DAYS, always_open())
    assert found.due_by == beijing("2026-02-20 00:00")
    assert found.counted_days == (date(2026, 2, 17), date(2026, 2, 18), date(2026, 2, 19))
    assert not found.provisional

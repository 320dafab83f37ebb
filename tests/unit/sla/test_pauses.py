"""What a pause does to each unit: unioned, re-projected through the calendar, exact; no deadline inside one."""

from __future__ import annotations

from datetime import date

import pytest

from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import Unit, at_fraction, business_seconds_between, deadline
from services.sla.domain.refusals import DeadlineRefused
from tests.unit.sla.calendars import a_calendar, always_open, at, beijing, cn

MONDAY = beijing("2026-03-02 10:00")


def test_what_is_left_runs_on_through_the_calendar() -> None:
    pause = (beijing("2026-03-02 11:00"), beijing("2026-03-02 17:00"))
    # Two hours used up by 18:00 (10-11, 17-18), one left for the morning: not 14:30 plus six hours on the wall.
    found = deadline(MONDAY, 3, Unit.BUSINESS_HOURS, cn(), [pause])
    assert found.due_by == beijing("2026-03-03 10:00")
    assert found.counted_days == (date(2026, 3, 2), date(2026, 3, 3))


def test_overlapping_pauses_count_once() -> None:
    pauses = [
        (beijing("2026-03-02 11:00"), beijing("2026-03-02 15:00")),
        (beijing("2026-03-02 14:00"), beijing("2026-03-02 16:00")),
        (beijing("2026-03-02 14:30"), beijing("2026-03-02 14:40")),
    ]
    assert deadline(MONDAY, 8, Unit.HOURS, cn(), pauses).due_by == beijing("2026-03-02 23:00")
    assert deadline(MONDAY, 8, Unit.HOURS, cn(), reversed(pauses)).due_by == beijing("2026-03-02 23:00")


def test_a_pause_over_a_holiday_costs_no_business_time() -> None:
    start = beijing("2026-02-14 17:00")
    festival = (beijing("2026-02-14 18:00"), beijing("2026-02-24 09:00"))
    assert deadline(start, 2, Unit.BUSINESS_HOURS, cn(), [festival]) == deadline(start, 2, Unit.BUSINESS_HOURS, cn())


@pytest.mark.parametrize("unit", [Unit.HOURS, Unit.BUSINESS_HOURS])
def test_a_pause_shorter_than_a_minute_counts_exactly(unit: Unit) -> None:
    pause = (beijing("2026-03-02 10:20:00.000250"), beijing("2026-03-02 10:20:07.500251"))
    assert deadline(MONDAY, 1, unit, cn(), [pause]).due_by == beijing("2026-03-02 11:00:07.500001")


def test_a_pause_before_the_start_or_from_the_deadline_on_changes_nothing() -> None:
    before = (beijing("2026-02-28 09:00"), MONDAY)
    after = (beijing("2026-03-02 12:00"), beijing("2026-03-05 12:00"))
    assert deadline(MONDAY, 2, Unit.HOURS, cn(), [before, after]).due_by == beijing("2026-03-02 12:00")
    assert deadline(MONDAY, 2, Unit.BUSINESS_HOURS, cn(), [before, after]).due_by == beijing("2026-03-02 12:00")


def test_a_pause_that_lasts_when_the_clock_starts_counts_from_the_start() -> None:
    pause = (beijing("2026-03-02 08:00"), beijing("2026-03-02 11:30"))
    assert deadline(MONDAY, 1, Unit.HOURS, cn(), [pause]).due_by == beijing("2026-03-02 12:30")


def test_a_working_day_counts_unless_it_was_paused_from_opening_to_close() -> None:
    part = (beijing("2026-03-03 09:01"), beijing("2026-03-03 17:00"))
    whole = (beijing("2026-03-03 09:00"), beijing("2026-03-03 18:00"))
    in_two = [
        (beijing("2026-03-03 08:00"), beijing("2026-03-03 12:00")),
        (beijing("2026-03-03 13:30"), beijing("2026-03-03 18:00")),
    ]
    assert deadline(MONDAY, 2, Unit.WORKING_DAYS, cn(), [part]).due_by == beijing("2026-03-04 18:00")
    for pauses in ([whole], in_two):
        found = deadline(MONDAY, 2, Unit.WORKING_DAYS, cn(), pauses)
        assert found.counted_days == (date(2026, 3, 4), date(2026, 3, 5))
        assert found.due_by == beijing("2026-03-05 18:00")


def test_a_natural_day_counts_unless_it_was_paused_from_midnight_to_midnight() -> None:
    whole = (beijing("2026-03-03 00:00"), beijing("2026-03-04 00:00"))
    part = (beijing("2026-03-03 00:01"), beijing("2026-03-04 00:00"))
    assert deadline(MONDAY, 2, Unit.NATURAL_DAYS, cn(), [whole]).due_by == beijing("2026-03-06 00:00")
    assert deadline(MONDAY, 2, Unit.NATURAL_DAYS, cn(), [part]).due_by == beijing("2026-03-05 00:00")


def test_a_working_day_that_closes_during_a_pause_is_due_when_the_next_one_closes() -> None:
    over_night = (beijing("2026-03-03 15:00"), beijing("2026-03-04 10:00"))
    found = deadline(MONDAY, 1, Unit.WORKING_DAYS, cn(), [over_night])
    assert found.counted_days == (date(2026, 3, 3),)
    assert found.due_by == beijing("2026-03-04 18:00")


def test_a_clock_that_resumes_at_the_very_close_gets_the_next_working_day() -> None:
    until_close = (beijing("2026-03-03 15:00"), beijing("2026-03-03 18:00"))
    assert deadline(MONDAY, 1, Unit.WORKING_DAYS, cn(), [until_close]).due_by == beijing("2026-03-04 18:00")


def test_a_natural_day_that_ends_during_a_pause_is_due_when_the_next_one_ends() -> None:
    midnight = (beijing("2026-03-06 23:00"), beijing("2026-03-07 01:00"))
    friday = deadline(MONDAY, 4, Unit.NATURAL_DAYS, cn(), [midnight])
    assert friday.due_by == beijing("2026-03-10 00:00")  # the weekend is no working day, so 24:00 of Monday
    kept = deadline(MONDAY, 4, Unit.NATURAL_DAYS, cn(), [midnight], DayRules(roll_forward=False))
    assert kept.due_by == beijing("2026-03-08 00:00")


def test_the_next_open_moment_is_not_inside_a_pause() -> None:
    until_lunch = (MONDAY, beijing("2026-03-02 12:30"))
    assert deadline(MONDAY, 0, Unit.BUSINESS_HOURS, cn(), [until_lunch]).due_by == beijing("2026-03-02 13:30")
    from_lunch = (beijing("2026-03-02 13:30"), beijing("2026-03-02 14:00"))
    both = [until_lunch, from_lunch]
    assert deadline(MONDAY, 0, Unit.BUSINESS_HOURS, cn(), both).due_by == beijing("2026-03-02 14:00")


def test_business_seconds_leave_pauses_out() -> None:
    pauses = [
        (beijing("2026-03-02 11:00"), beijing("2026-03-02 14:00")),
        (beijing("2026-03-02 13:00"), beijing("2026-03-02 14:30")),
    ]
    assert business_seconds_between(MONDAY, beijing("2026-03-02 18:00"), cn(), pauses) == 4.5 * 3600


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (Unit.HOURS, "2026-03-03 05:12"),  # 19:12 of the 24 hours to Tuesday 10:00
        (Unit.NATURAL_DAYS, "2026-03-03 05:12"),
        (Unit.BUSINESS_HOURS, "2026-03-02 17:30"),  # 6:00 of the 7:30 open hours: two before lunch, four after
        (Unit.WORKING_DAYS, "2026-03-02 17:30"),
    ],
)
def test_four_fifths_of_a_clock_are_used_up_in_its_own_time(unit: Unit, expected: str) -> None:
    assert at_fraction(MONDAY, beijing("2026-03-03 10:00"), 0.8, unit, cn()) == beijing(expected)


def test_a_warning_leaves_pauses_out_and_never_falls_into_one() -> None:
    pause = (beijing("2026-03-02 12:00"), beijing("2026-03-03 12:00"))
    found = deadline(MONDAY, 10, Unit.HOURS, cn(), [pause])
    assert found.due_by == beijing("2026-03-03 20:00")
    assert at_fraction(MONDAY, found.due_by, 0.8, Unit.HOURS, cn(), [pause]) == beijing("2026-03-03 18:00")
    assert at_fraction(MONDAY, found.due_by, 0.2, Unit.HOURS, cn(), [pause]) == beijing("2026-03-02 12:00")
    assert at_fraction(MONDAY, found.due_by, 0.21, Unit.HOURS, cn(), [pause]) > pause[1]


def test_a_warning_of_a_working_day_clock_comes_in_office_hours() -> None:
    start = beijing("2026-02-14 17:59")
    due_by = deadline(start, 3, Unit.WORKING_DAYS, cn()).due_by
    warn_at = at_fraction(start, due_by, 0.8, Unit.WORKING_DAYS, cn())
    assert cn().is_open(warn_at)
    assert start < warn_at < due_by


def test_nothing_used_up_is_the_start_and_all_used_up_is_the_deadline() -> None:
    due_by = deadline(MONDAY, 3, Unit.WORKING_DAYS, cn()).due_by
    assert at_fraction(MONDAY, due_by, 0, Unit.WORKING_DAYS, cn()) == MONDAY
    assert at_fraction(MONDAY, due_by, 1, Unit.WORKING_DAYS, cn()) == due_by


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(DeadlineRefused, match="before it begins") as refused:
        deadline(MONDAY, 1, Unit.HOURS, cn(), [(beijing("2026-03-03 10:00"), beijing("2026-03-03 09:00"))])
    assert refused.value.argument == "pauses"


def test_counting_back_through_pauses_is_refused() -> None:
    with pytest.raises(DeadlineRefused, match="negative"):
        deadline(MONDAY, -1, Unit.HOURS, cn(), [(MONDAY, beijing("2026-03-03 10:00"))])


def test_a_pause_without_end_in_sight_is_refused_and_does_not_hang() -> None:
    forever = (beijing("2026-03-02 11:00"), at("9999-12-31T00:00:00+00:00"))
    for unit in (Unit.HOURS, Unit.BUSINESS_HOURS, Unit.WORKING_DAYS, Unit.NATURAL_DAYS):
        with pytest.raises(DeadlineRefused):
            deadline(MONDAY, 5, unit, a_calendar(), [forever])
    assert deadline(MONDAY, 1, Unit.HOURS, always_open(), [forever]).due_by == beijing("2026-03-02 11:00")

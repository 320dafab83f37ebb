"""Promises that hold for every calendar, start, number and set of pauses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import Unit, at_fraction, business_seconds_between, deadline
from tests.unit.sla.calendars import beijing, cn
from tests.unit.sla.cases import calendar_definitions, pauses_within

EVERY_CASE = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))

Pauses = list[tuple[datetime, datetime]]
counts = st.integers(1, 9)
units = st.sampled_from(list(Unit))
rules = st.builds(DayRules, day_end=st.sampled_from(["close", "24:00"]), roll_forward=st.booleans())
microseconds = st.integers(0, 10 * 86_400_000_000).map(lambda number: timedelta(microseconds=number))


@st.composite
def situations(draw: st.DrawFn) -> tuple[BusinessCalendar, datetime, Pauses]:
    """A calendar that opens every week, an instant to the microsecond, and pauses."""
    definition: dict[str, Any]
    definition, first = draw(calendar_definitions())
    definition["hours"]["wed"] = [["09:00", "12:00"], ["13:30", "18:00"]]
    calendar = BusinessCalendar.from_definition(CalendarDefinition.model_validate(definition))
    return calendar, first + draw(microseconds), draw(pauses_within(first))


@EVERY_CASE
@given(situations(), microseconds, counts, units, rules)
def test_a_later_start_is_never_due_earlier(
    situation: tuple[BusinessCalendar, datetime, Pauses], later: timedelta, n: int, unit: Unit, day_rules: DayRules
) -> None:
    calendar, start, pauses = situation
    first = deadline(start, n, unit, calendar, pauses, day_rules)
    second = deadline(start + later, n, unit, calendar, pauses, day_rules)
    assert first.due_by <= second.due_by


@EVERY_CASE
@given(situations(), counts, counts, units, rules)
def test_more_units_are_never_due_earlier(
    situation: tuple[BusinessCalendar, datetime, Pauses], n: int, more: int, unit: Unit, day_rules: DayRules
) -> None:
    calendar, start, pauses = situation
    first = deadline(start, n, unit, calendar, pauses, day_rules)
    assert first.due_by <= deadline(start, n + more, unit, calendar, pauses, day_rules).due_by
    assert deadline(start, 0, unit, calendar, pauses, day_rules).due_by <= first.due_by


@EVERY_CASE
@given(situations(), counts, units, rules)
def test_a_pause_never_makes_a_deadline_earlier(
    situation: tuple[BusinessCalendar, datetime, Pauses], n: int, unit: Unit, day_rules: DayRules
) -> None:
    calendar, start, pauses = situation
    due = [deadline(start, n, unit, calendar, pauses[:count], day_rules).due_by for count in range(len(pauses) + 1)]
    assert due == sorted(due)


@EVERY_CASE
@given(situations(), counts, units, rules)
def test_no_deadline_lies_inside_a_pause(
    situation: tuple[BusinessCalendar, datetime, Pauses], n: int, unit: Unit, day_rules: DayRules
) -> None:
    calendar, start, pauses = situation
    due_by = deadline(start, n, unit, calendar, pauses, day_rules).due_by
    assert start < due_by
    assert not any(began < due_by <= ended for began, ended in pauses)


@EVERY_CASE
@given(situations(), counts, units, st.floats(0, 1), st.floats(0, 1))
def test_warnings_come_in_order_between_start_and_deadline(
    situation: tuple[BusinessCalendar, datetime, Pauses], n: int, unit: Unit, one: float, other: float
) -> None:
    calendar, start, pauses = situation
    due_by = deadline(start, n, unit, calendar, pauses).due_by
    moments = [at_fraction(start, due_by, share, unit, calendar, pauses) for share in sorted((one, other))]
    assert start <= moments[0] <= moments[1] <= due_by


@EVERY_CASE
@given(situations(), microseconds, units, st.floats(0, 1))
def test_a_deadline_that_has_passed_before_the_start_is_warned_of_at_the_start(
    situation: tuple[BusinessCalendar, datetime, Pauses], earlier: timedelta, unit: Unit, share: float
) -> None:
    """A regulator may print a deadline that is over when the complaint arrives."""
    calendar, start, _ = situation
    assert at_fraction(start, start - earlier, share, unit, calendar) == start


@EVERY_CASE
@given(situations(), st.integers(1, 3 * 86_400_000_000))
def test_as_much_business_time_passes_as_was_promised(
    situation: tuple[BusinessCalendar, datetime, Pauses], amount: int
) -> None:
    calendar, start, pauses = situation
    due_by = deadline(start, amount / 1_000_000, Unit.BUSINESS_SECONDS, calendar, pauses).due_by
    assert business_seconds_between(start, due_by, calendar, pauses) == amount / 1_000_000
    just_before = due_by - timedelta(microseconds=1)
    assert business_seconds_between(start, just_before, calendar, pauses) < amount / 1_000_000


@settings(EVERY_CASE, max_examples=30)
@given(situations(), microseconds)
def test_what_was_asked_before_does_not_change_an_answer(
    situation: tuple[BusinessCalendar, datetime, Pauses], later: timedelta
) -> None:
    calendar, start, pauses = situation
    fresh = deadline(start, 5, Unit.WORKING_DAYS, calendar, pauses)
    deadline(start + later * 40, 300, Unit.WORKING_DAYS, calendar)
    calendar.is_open(start - later * 40)
    assert deadline(start, 5, Unit.WORKING_DAYS, calendar, pauses) == fresh


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 1000 * 86_400_000_000), st.integers(1, 40 * 27_000_000_000))
def test_business_time_in_china_agrees_with_a_walk_from_frame_to_frame(offset: int, amount: int) -> None:
    start = beijing("2024-01-02 00:00") + timedelta(microseconds=offset)
    found = deadline(start, amount / 1_000_000, Unit.BUSINESS_SECONDS, cn())
    assert found.due_by == _walk(start, timedelta(microseconds=amount))


def _walk(start: datetime, left: timedelta) -> datetime:
    """Take ``left`` off one office frame after the other, from the day of ``start`` on."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        if cn().is_working_day(midnight.date()):
            for opens, closes in ((9 * 60, 12 * 60), (13 * 60 + 30, 18 * 60)):
                begin = max(start, midnight + timedelta(minutes=opens))
                end = midnight + timedelta(minutes=closes)
                if begin < end and left <= end - begin:
                    return begin + left
                left -= max(end - begin, timedelta(0))
        midnight += timedelta(days=1)

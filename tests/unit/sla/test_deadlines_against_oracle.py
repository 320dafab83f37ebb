"""The calendar arithmetic and the slow oracle give the same answers, through clock changes, night shifts and pauses."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import Unit, business_seconds_between, deadline
from tests.unit.sla.cases import WINDOW_DAYS, calendar_definitions, instants, pauses_within
from tests.unit.sla.slow_oracle import STEP, STEP_MINUTES, BeyondTheEnd, SlowOracle

QUESTIONS_PER_CALENDAR = 12
EXAMPLES = int(os.environ.get("CBUS_TEST_EXAMPLES", "40"))
"""Calendars tried, with a dozen questions each; raise it when the arithmetic itself is changed."""

# Making a failing calendar smaller would take minutes with this oracle; the failing one itself is printed.
UNHURRIED = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

DAY_ENDS: st.SearchStrategy[Literal["close", "24:00"]] = st.sampled_from(["close", "24:00"])

Pauses = list[tuple[datetime, datetime]]


@settings(UNHURRIED, max_examples=EXAMPLES)
@given(st.data())
def test_deadlines_are_those_of_the_oracle(data: st.DataObject) -> None:
    definition, first = data.draw(calendar_definitions())
    calendar = BusinessCalendar.from_definition(CalendarDefinition.model_validate(definition))
    oracle = SlowOracle(definition, first, WINDOW_DAYS)
    for _ in range(QUESTIONS_PER_CALENDAR):
        start = data.draw(instants(first))
        pauses = data.draw(pauses_within(first))
        with suppress(BeyondTheEnd):
            _same_time_units(data, oracle, calendar, start, pauses)
        with suppress(BeyondTheEnd):
            _same_working_days(data, oracle, calendar, start, pauses)
        with suppress(BeyondTheEnd):
            _same_natural_days(data, oracle, calendar, start, pauses)


@settings(UNHURRIED, max_examples=EXAMPLES // 2)
@given(st.data())
def test_open_moments_are_those_of_the_oracle(data: st.DataObject) -> None:
    definition, first = data.draw(calendar_definitions())
    calendar = BusinessCalendar.from_definition(CalendarDefinition.model_validate(definition))
    oracle = SlowOracle(definition, first, WINDOW_DAYS)
    for _ in range(QUESTIONS_PER_CALENDAR):
        start, end, pauses = data.draw(instants(first)), data.draw(instants(first)), data.draw(pauses_within(first))
        index = int((start - oracle.first) / STEP)
        assert calendar.is_open(start) == oracle.steps[index].is_open
        opens = next((i for i in range(index, len(oracle.steps)) if oracle.steps[i].is_open), None)
        if opens is not None:
            assert calendar.next_open(start) == oracle.instants[opens]
        earlier, later = min(start, end), max(start, end)
        expected = oracle.open_steps(earlier, later, pauses) * STEP.total_seconds()
        assert business_seconds_between(earlier, later, calendar, pauses) == expected
        day = oracle.steps[index].local_date
        assert calendar.is_working_day(day) == oracle.is_working_day(day)


def _same_time_units(
    data: st.DataObject, oracle: SlowOracle, calendar: BusinessCalendar, start: datetime, pauses: Pauses
) -> None:
    steps = data.draw(st.integers(1, 800))
    hours = deadline(start, steps * STEP_MINUTES / 60, Unit.HOURS, calendar, pauses)
    assert hours.due_by == oracle.after_hours(start, steps, pauses)
    business = deadline(start, steps * STEP.total_seconds(), Unit.BUSINESS_SECONDS, calendar, pauses)
    assert business.due_by == oracle.after_open_time(start, steps, pauses)
    if not pauses:
        back = deadline(business.due_by, -steps * STEP.total_seconds(), Unit.BUSINESS_SECONDS, calendar)
        assert back.due_by == calendar.next_open(start)


def _same_working_days(
    data: st.DataObject, oracle: SlowOracle, calendar: BusinessCalendar, start: datetime, pauses: Pauses
) -> None:
    n, day_end = data.draw(st.integers(1, 6)), data.draw(DAY_ENDS)
    found = deadline(start, n, Unit.WORKING_DAYS, calendar, pauses, DayRules(day_end=day_end))
    assert (found.due_by, found.counted_days) == oracle.after_working_days(start, n, pauses, day_end)


def _same_natural_days(
    data: st.DataObject, oracle: SlowOracle, calendar: BusinessCalendar, start: datetime, pauses: Pauses
) -> None:
    n, roll_forward = data.draw(st.integers(1, 6)), data.draw(st.booleans())
    found = deadline(start, n, Unit.NATURAL_DAYS, calendar, pauses, DayRules(roll_forward=roll_forward))
    assert (found.due_by, found.counted_days) == oracle.after_natural_days(start, n, pauses, roll_forward)


def test_the_oracle_itself_knows_a_plain_week() -> None:
    definition = {
        "tz": "UTC",
        "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]},
        "holidays": [],
        "special_dates": {},
        "breaks": {},
    }
    monday = datetime.fromisoformat("2026-03-09T00:00:00+00:00")
    oracle = SlowOracle(definition, monday - timedelta(days=7), 21)
    assert oracle.after_open_time(monday, 8 * 12, []) == datetime.fromisoformat("2026-03-09T17:00:00+00:00")
    assert oracle.after_working_days(monday, 1, [], "close")[0] == datetime.fromisoformat("2026-03-10T17:00:00+00:00")
    assert oracle.after_natural_days(monday, 2, [], True)[0] == datetime.fromisoformat("2026-03-17T00:00:00+00:00")

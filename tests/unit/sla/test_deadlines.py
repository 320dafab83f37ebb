"""Limits, refusals and speed of ``deadline``; its rules have files of their own."""

from __future__ import annotations

import math
import timeit
from datetime import datetime

import pytest

from services.sla.domain.deadlines import Unit, business_seconds_between, deadline
from services.sla.domain.refusals import DeadlineRefused, OutOfRange
from tests.unit.sla.calendars import a_calendar, at, beijing, cn

START = beijing("2026-02-13 17:30")


def test_the_deadline_of_a_unit_given_as_plain_text_is_the_same() -> None:
    for unit in Unit:
        assert deadline(START, 2, str(unit), cn()) == deadline(START, 2, unit, cn())  # type: ignore[arg-type]


def test_at_once_means_by_the_end_of_the_same_day() -> None:
    assert deadline(START, 0, Unit.HOURS, cn()).due_by == START
    assert deadline(START, 0, Unit.WORKING_DAYS, cn()).due_by == beijing("2026-02-13 18:00")
    assert deadline(beijing("2026-02-13 18:01"), 0, Unit.WORKING_DAYS, cn()).due_by == beijing("2026-02-14 18:00")
    assert deadline(START, 0, Unit.NATURAL_DAYS, cn()).due_by == beijing("2026-02-14 00:00")


def test_business_seconds_change_sign_with_the_order_of_instants() -> None:
    later = beijing("2026-02-14 09:30")
    assert business_seconds_between(START, later, cn()) == 3600
    assert business_seconds_between(later, START, cn()) == -3600
    assert business_seconds_between(START, START, cn()) == 0


@pytest.mark.parametrize("n", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("unit", list(Unit))
def test_what_is_not_a_sensible_number_is_refused(n: float, unit: Unit) -> None:
    with pytest.raises(DeadlineRefused) as refused:
        deadline(START, n, unit, cn())
    assert refused.value.argument == "n"


@pytest.mark.parametrize("unit", [Unit.WORKING_DAYS, Unit.NATURAL_DAYS])
@pytest.mark.parametrize(("n", "reason"), [(1.5, "not whole"), (-1, "negative")])
def test_days_are_whole_and_counted_forwards(unit: Unit, n: float, reason: str) -> None:
    with pytest.raises(DeadlineRefused, match=reason):
        deadline(START, n, unit, cn())


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        deadline(datetime(2026, 2, 13), 1, Unit.HOURS, cn())  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("unit", list(Unit))
def test_the_end_of_time_is_refused_and_does_not_hang(unit: Unit) -> None:
    with pytest.raises(OutOfRange):
        deadline(START, 9_000_000_000, unit, a_calendar())
    with pytest.raises(OutOfRange):
        deadline(at("1969-12-31T00:00Z"), 1, unit, a_calendar())
    with pytest.raises(OutOfRange):
        deadline(at("9999-12-31T00:00Z"), 1, unit, a_calendar())


def test_far_dates_inside_the_range_are_answered() -> None:
    assert deadline(at("1970-01-01T00:00Z"), 1, Unit.WORKING_DAYS, a_calendar()).due_by == at("1970-01-02T17:00Z")
    assert deadline(at("2099-12-30T00:00Z"), 1, Unit.WORKING_DAYS, a_calendar()).due_by == at("2099-12-31T17:00Z")
    assert deadline(at("2026-03-02T09:00Z"), 8 * 260 * 70, Unit.BUSINESS_HOURS, a_calendar()).due_by.year == 2095


def test_fifteen_working_days_in_china_take_less_than_50_microseconds() -> None:
    def ask() -> None:
        deadline(START, 15, Unit.WORKING_DAYS, cn())

    ask()
    seconds = min(timeit.repeat(ask, number=2000, repeat=5)) / 2000
    assert seconds < 50e-6, f"{1 / seconds:,.0f} deadlines a second; the SLA service needs 20,000"

"""Counting days, as Chinese civil law counts them (民法典 §201-204): the day of receipt does not count.

A day counts unless the clock was paused for all of it. A day that ends while the clock is paused still counts, but the
period then ends with the next day that ends while the clock runs: nothing falls due during a pause.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.open_time import OpenTime
from services.sla.domain.refusals import OutOfRange
from services.sla.domain.running_time import Span, falls_inside, wholly_paused
from services.sla.domain.wall_clock import LATEST_DAY, datetime_of, midnight_of

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayRules:
    """The two choices 民法典 §203 leaves to the parties."""

    day_end: Literal["close", "24:00"] = "close"
    """When a working day ends: at the close of its business hours, or at midnight. Natural days end at midnight."""
    roll_forward: bool = True
    """Whether a period of natural days that ends on a non-working day ends on the next working day instead."""


LEGAL_DAY_RULES: Final = DayRules()


class DayCount(NamedTuple):
    """A counted period."""

    due: int
    """The instant at which its last day ends."""
    last_day: date
    """The day that ends then. Not always the last counted one: a holiday or a pause may move it on."""
    counted_days: tuple[date, ...]


def count_working_days(
    begin: int, n: int, calendar: BusinessCalendar, paused: Sequence[Span], rules: DayRules
) -> DayCount:
    """The period that ends with the Nth working day after the day of ``begin``; 0 means the next close."""

    def solve(table: OpenTime) -> DayCount | None:
        ends = table.closings if rules.day_end == "close" else table.day_ends
        first = bisect_right(table.day_begins, begin) if n else bisect_left(ends, begin)
        if paused:
            return _walk_working_days(table, ends, first, n, paused)
        last = first + max(n - 1, 0)
        if last >= len(ends):
            return None
        return DayCount(ends[last], table.working_days[last], table.working_days[first : first + n])

    return calendar.ask(begin, begin, solve)


def _walk_working_days(
    table: OpenTime, ends: Sequence[int], first: int, n: int, paused: Sequence[Span]
) -> DayCount | None:
    counted: list[date] = []
    for index in range(first, len(ends)):
        if len(counted) < n and not wholly_paused(table.day_spans[index], paused):
            counted.append(table.working_days[index])
        if len(counted) == n and not falls_inside(ends[index], paused):
            return DayCount(ends[index], table.working_days[index], tuple(counted))
    return None


def count_natural_days(
    begin: int, n: int, calendar: BusinessCalendar, paused: Sequence[Span], rules: DayRules
) -> DayCount:
    """The period that ends at 24:00 of the Nth calendar day after the day of ``begin``; 0 means that day itself."""
    received_on = datetime_of(begin).astimezone(calendar.zone).date()
    counted = _natural_days_after(received_on, n, calendar, paused)
    last_day = counted[-1] if counted else received_on
    while True:
        if rules.roll_forward:
            last_day = calendar.working_day_from(last_day)
        due = midnight_of(last_day + _ONE_DAY, calendar.zone)
        if not falls_inside(due, paused):
            return DayCount(due, last_day, counted)
        last_day = _day_after(last_day)


def _natural_days_after(
    received_on: date, n: int, calendar: BusinessCalendar, paused: Sequence[Span]
) -> tuple[date, ...]:
    counted: list[date] = []
    day = received_on
    while len(counted) < n:
        day = _day_after(day)
        if not paused or not wholly_paused([_whole_day(day, calendar)], paused):
            counted.append(day)
    return tuple(counted)


def _whole_day(day: date, calendar: BusinessCalendar) -> Span:
    return midnight_of(day, calendar.zone), midnight_of(day + _ONE_DAY, calendar.zone)


def _day_after(day: date) -> date:
    if day >= LATEST_DAY:
        raise OutOfRange("n", f"the period does not end before {LATEST_DAY}")
    return day + _ONE_DAY

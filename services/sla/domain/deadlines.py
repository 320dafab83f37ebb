"""From an instant and a promise to the instant by which it must be kept.

Units that are never converted into one another (design, "The clocks"; 民法典 §200-204):

* ``hours``: elapsed time, through nights and holidays;
* ``business_hours`` and ``business_seconds``: open time only;
* ``working_days``: the day of receipt is not counted; due at the close of the Nth working day;
* ``natural_days``: the day of receipt is not counted; due at 24:00 of the Nth day, rolled forward to a working day.

Overlapping pauses count once, and what is left after a pause runs on through the calendar. No deadline lies inside a
pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.day_units import LEGAL_DAY_RULES, DayRules, count_natural_days, count_working_days
from services.sla.domain.open_time import OpenTime
from services.sla.domain.refusals import DeadlineRefused, OutOfRange
from services.sla.domain.running_time import Pause, Span, outside, paused_spans, running_spans, share_used_at, union
from services.sla.domain.wall_clock import DAY_SECONDS, EARLIEST_DAY, LATEST_DAY, SECOND, datetime_of, microseconds_of


class Unit(StrEnum):
    """What a promise is counted in."""

    HOURS = "hours"
    BUSINESS_HOURS = "business_hours"
    BUSINESS_SECONDS = "business_seconds"
    WORKING_DAYS = "working_days"
    NATURAL_DAYS = "natural_days"


DAY_UNITS: Final = frozenset({Unit.WORKING_DAYS, Unit.NATURAL_DAYS})
_USED_UP_EVENLY: Final = frozenset({Unit.HOURS, Unit.NATURAL_DAYS})

_MOST_UNITS: Final = 1e10
"""More seconds than 1970-2099 has; also keeps out NaN and infinity."""

_EPOCH_DAY: Final = date(1970, 1, 1)
_EARLIEST: Final = (EARLIEST_DAY - _EPOCH_DAY).days * DAY_SECONDS * SECOND
_LATEST: Final = ((LATEST_DAY - _EPOCH_DAY).days + 1) * DAY_SECONDS * SECOND


class Deadline(NamedTuple):
    """When it is due, and why."""

    due_by: datetime
    """UTC. Done at this very instant is in time."""
    provisional: bool
    """True when it depends on dates whose holidays are not announced yet, or were never entered."""
    counted_days: tuple[date, ...]
    """The N days of a day unit; for business time, the dates on which the clock ran; for elapsed hours, none."""


class Due(NamedTuple):
    """The same with the deadline as an integer instant."""

    at: int
    provisional: bool
    counted_days: tuple[date, ...]


def deadline(
    start: datetime,
    n: float,
    unit: Unit,
    calendar: BusinessCalendar,
    pauses: Iterable[Pause] = (),
    rules: DayRules = LEGAL_DAY_RULES,
) -> Deadline:
    """The instant by which something promised ``n`` units after ``start`` is due.

    ``n = 0`` means at once: ``start`` itself, the next open moment, or the end of the same (working) day. A negative
    ``n`` counts back, for hours and business time without pauses only. Raises DeadlineRefused (a ValueError) for an
    ``n`` that makes no sense, a pause that ends before it begins, and anything outside 1970-2099.
    """
    due = due_after(microseconds_of(start), n, Unit(unit), calendar, paused_spans(pauses), rules)
    return Deadline(datetime_of(due.at), due.provisional, due.counted_days)


def due_after(
    begin: int, n: float, unit: Unit, calendar: BusinessCalendar, paused: Sequence[Span], rules: DayRules
) -> Due:
    """``deadline`` on integer instants; ``paused`` are sorted and disjoint."""
    if not _EARLIEST <= begin <= _LATEST:
        raise OutOfRange("start", f"{datetime_of(begin).isoformat()} lies outside {EARLIEST_DAY} to {LATEST_DAY}")
    _check_count(n, unit, paused)
    due = _due_after(begin, n, unit, calendar, paused, rules)
    if not _EARLIEST <= due.at <= _LATEST:
        raise OutOfRange("n", f"the deadline lies outside {EARLIEST_DAY} to {LATEST_DAY}")
    return due


def _due_after(
    begin: int, n: float, unit: Unit, calendar: BusinessCalendar, paused: Sequence[Span], rules: DayRules
) -> Due:
    if unit is Unit.HOURS:
        return Due(running_spans(begin, _duration(n, unit), paused)[-1][1], False, ())
    if unit is Unit.WORKING_DAYS:
        working = count_working_days(begin, int(n), calendar, paused, rules)
        known_from = calendar.known_from_eve if n else calendar.known_from_begin
        provisional = calendar.is_provisional(working.last_day) or (known_from is not None and begin < known_from)
        return Due(working.due, provisional, working.counted_days)
    if unit is Unit.NATURAL_DAYS:
        natural = count_natural_days(begin, int(n), calendar, paused, rules)
        days_rolled = (*natural.counted_days[-1:], natural.last_day)
        provisional = rules.roll_forward and any(map(calendar.is_provisional, days_rolled))
        return Due(natural.due, provisional, natural.counted_days)
    at, days = _after_open_time(begin, _duration(n, unit), calendar, paused)
    is_to_come = calendar.known_until_end is not None and at > calendar.known_until_end
    is_past = calendar.known_from_begin is not None and min(begin, at) < calendar.known_from_begin
    return Due(at, is_to_come or is_past, days)


def at_fraction(
    start: datetime,
    due_by: datetime,
    fraction: float,
    unit: Unit,
    calendar: BusinessCalendar,
    pauses: Iterable[Pause] = (),
) -> datetime:
    """The instant, in UTC, at which ``fraction`` (0 to 1) of a clock's time is used up; never inside a pause.

    Hours and natural days are used up evenly. Business time and working days are used up while the office is open:
    for working days that is the share of all open time from start to deadline, the day of receipt included.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must lie between 0 and 1, not {fraction}")
    begin, due, paused = microseconds_of(start), microseconds_of(due_by), paused_spans(pauses)
    return datetime_of(used_up_at(begin, due, fraction, Unit(unit), calendar, paused))


def used_up_at(
    begin: int, due: int, fraction: float, unit: Unit, calendar: BusinessCalendar, paused: Sequence[Span]
) -> int:
    """``at_fraction`` on integer instants; ``paused`` are sorted and disjoint."""
    if unit in _USED_UP_EVENLY:
        return share_used_at(begin, due, fraction, paused)

    def solve(table: OpenTime) -> int | None:
        first, last = table.position(begin), table.position(due)
        used = share_used_at(first, last, fraction, _on_open_axis(table, paused))
        return table.earliest_at(used) if used > first else begin

    return calendar.ask(begin, max(begin, due), solve)


def business_seconds_between(
    begin: datetime, end: datetime, calendar: BusinessCalendar, pauses: Iterable[Pause] = ()
) -> float:
    """Open seconds from ``begin`` to ``end`` outside the pauses; negative when ``end`` is the earlier one."""
    first, last = microseconds_of(begin), microseconds_of(end)
    if last < first:
        return -business_seconds_between(end, begin, calendar, pauses)
    paused = paused_spans(pauses)

    def solve(table: OpenTime) -> int:
        return sum(table.position(stop) - table.position(go) for go, stop in outside((first, last), paused))

    return calendar.ask(first, last, solve) / SECOND


def _after_open_time(
    begin: int, amount: int, calendar: BusinessCalendar, paused: Sequence[Span]
) -> tuple[int, tuple[date, ...]]:
    """The instant ``amount`` open microseconds later, and the dates used. On closing time it stays there."""
    if amount == 0:
        return _next_running(begin, calendar, paused), ()

    def solve(table: OpenTime) -> tuple[int, tuple[date, ...]] | None:
        spans = running_spans(table.position(begin), amount, _on_open_axis(table, paused))
        find = table.earliest_at if amount > 0 else table.latest_at
        due = find(spans[-1][1])
        if due is None:
            return None
        days = (day for span in spans for day in table.owners_between(min(span), max(span)))
        return due, tuple(dict.fromkeys(days))

    return calendar.ask(begin, begin, solve)


def _on_open_axis(table: OpenTime, paused: Sequence[Span]) -> list[Span]:
    """Pauses as spans of open time: one over a night or a holiday costs nothing and disappears."""
    return union((table.position(begin), table.position(end)) for begin, end in paused) if paused else []


def _next_running(at: int, calendar: BusinessCalendar, paused: Sequence[Span]) -> int:
    """The first instant from ``at`` on at which the office is open and the clock is not paused."""
    at = calendar.next_open_instant(at)
    for pause_begin, pause_end in paused:
        if pause_begin <= at < pause_end:
            at = calendar.next_open_instant(pause_end)
    return at


def _check_count(n: float, unit: Unit, paused: Sequence[Span]) -> None:
    if not abs(n) <= _MOST_UNITS:
        raise DeadlineRefused("n", f"{n} is not a number of {unit.replace('_', ' ')} anything can be due after")
    if unit in DAY_UNITS and n != int(n):
        raise DeadlineRefused("n", f"{n} is not whole: days are not divided")
    if n < 0 and (unit in DAY_UNITS or paused):
        raise DeadlineRefused("n", f"{n} is negative: only hours and business time without pauses are counted back")


def _duration(n: float, unit: Unit) -> int:
    """``n`` units as microseconds."""
    return round(n * SECOND) if unit is Unit.BUSINESS_SECONDS else round(n * 3600 * SECOND)

"""Business calendars: when an office is open, which dates are working days, and how far ahead that is certain.

A calendar is immutable. Weekends are not assumed: in China make-up Saturdays and Sundays (调休) are working days, and
they are ordinary entries of a calendar's special dates. Built from a ``CalendarDefinition``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from services.sla.domain.calendar_definition import WEEKDAYS, CalendarDefinition
from services.sla.domain.open_time import Frame, OpenTime, build_open_time
from services.sla.domain.refusals import OutOfRange
from services.sla.domain.wall_clock import (
    DAY_SECONDS,
    EARLIEST_DAY,
    LATEST_DAY,
    SECOND,
    datetime_of,
    microseconds_of,
    midnight_of,
)

_TABLE_MARGIN: Final = timedelta(days=5)
_FIRST_TABLE_DAY: Final = EARLIEST_DAY - _TABLE_MARGIN
_LAST_TABLE_DAY: Final = LATEST_DAY + _TABLE_MARGIN

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, eq=False)
class BusinessCalendar:
    """When the office is open. Build one with ``from_definition``; compare by ``name`` and ``version``."""

    name: str
    version: str
    zone: ZoneInfo
    weekly: tuple[tuple[Frame, ...], ...] = field(repr=False)
    """Frames of Monday … Sunday."""
    dated: Mapping[date, tuple[Frame, ...]] = field(repr=False)
    """Dates that differ from their weekday: holidays (no frames) and special dates."""
    breaks: Mapping[date, tuple[Frame, ...]] = field(repr=False)
    known_until: date | None = None
    known_from: date | None = None
    _tables: dict[str, OpenTime] = field(init=False, repr=False, default_factory=dict)
    """Look-up table of the dates asked for so far; replaced as a whole by a wider one, so readers never wait."""
    known_until_end: int | None = field(init=False, repr=False)
    """The instant at which the last announced date ends."""
    known_from_begin: int | None = field(init=False, repr=False)
    """The instant at which the first date begins whose holidays were entered."""
    known_from_eve: int | None = field(init=False, repr=False)
    """The same of the date before: received on it, all days that count are known."""

    def __post_init__(self) -> None:
        end = None if self.known_until is None else midnight_of(self.known_until + timedelta(days=1), self.zone)
        object.__setattr__(self, "known_until_end", end)
        begin = None if self.known_from is None else midnight_of(self.known_from, self.zone)
        eve = None if self.known_from is None else midnight_of(self.known_from - timedelta(days=1), self.zone)
        object.__setattr__(self, "known_from_begin", begin)
        object.__setattr__(self, "known_from_eve", eve)

    @classmethod
    def from_definition(cls, definition: CalendarDefinition, name: str = "inline") -> BusinessCalendar:
        """The calendar a validated definition describes."""
        special = {day: definition.frames_of(hours) for day, hours in definition.special_dates.items()}
        return cls(
            name=name,
            version=definition.version,
            zone=ZoneInfo(definition.tz),
            weekly=tuple(definition.hours.get(weekday, ()) for weekday in WEEKDAYS),
            dated=MappingProxyType(dict.fromkeys(definition.holidays, ()) | special),
            breaks=MappingProxyType(dict(definition.breaks)),
            known_until=definition.known_until,
            known_from=definition.known_from,
        )

    def in_zone(self, zone: ZoneInfo) -> BusinessCalendar:
        """The same hours and dates on the wall clock of another zone."""
        return self if zone.key == self.zone.key else replace(self, zone=zone)

    def hours_on(self, day: date) -> tuple[Frame, ...]:
        """Opening frames of the local date ``day``, before breaks."""
        frames = self.dated.get(day)
        return self.weekly[day.weekday()] if frames is None else frames

    def is_working_day(self, day: date) -> bool:
        """Whether the local date has at least one open moment of its own (a night shift belongs to its evening)."""
        begin = midnight_of(day, self.zone)
        return self.ask(begin, begin, lambda table: table.working_day_from(day) == day)

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open at the instant; frames are half-open, so it is closed at closing time."""
        instant = microseconds_of(at)
        return self.ask(instant, instant, lambda open_time: open_time.is_open(instant))

    def next_open(self, at: datetime) -> datetime:
        """The first open instant at or after ``at``, in UTC; OutOfRange when the calendar never opens again."""
        return datetime_of(self.next_open_instant(microseconds_of(at)))

    def next_open_instant(self, at: int) -> int:
        """The same on integer instants."""
        return self.ask(at, at, lambda table: table.latest_at(table.position(at)))

    def working_day_from(self, day: date) -> date:
        """The first working day on or after the local date; OutOfRange when there is none before 2100."""
        begin = midnight_of(day, self.zone)
        return self.ask(begin, begin, lambda table: table.working_day_from(day))

    def open_windows(self, begin: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """Open stretches inside ``[begin, end)`` in UTC; stretches that touch (24:00 and 00:00) are still two."""
        earliest, latest = microseconds_of(begin), microseconds_of(end)
        table = self.ask(earliest, latest, lambda open_time: open_time)
        windows = ((max(b, earliest), min(e, latest)) for b, e in zip(table.begins, table.ends, strict=True))
        return tuple((datetime_of(b), datetime_of(e)) for b, e in windows if b < e)

    def is_provisional(self, day: date) -> bool:
        """Whether the holidays of that date are not announced yet, or were never entered."""
        is_to_come = self.known_until is not None and day > self.known_until
        return is_to_come or (self.known_from is not None and day < self.known_from)

    def ask(self, earliest: int, latest: int, question: Callable[[OpenTime], _Answer | None]) -> _Answer:
        """Answer a question from a table that covers both instants, widening it while the answer is None."""
        table = self._tables.get("current")
        if table is None or not table.covers(earliest, latest):
            table = self._widen(table, *_days_of(earliest, latest))
        while (answer := question(table)) is None:
            if (table.first_day, table.last_day) == (_FIRST_TABLE_DAY, _LAST_TABLE_DAY):
                raise OutOfRange("calendar", f"too little open time before {LATEST_DAY} to reach the answer")
            table = self._widen(table, table.first_day, table.last_day)
        return answer

    def _widen(self, table: OpenTime | None, first_day: date, last_day: date) -> OpenTime:
        """Build a table that is at least twice as long, so growing costs little however often it happens."""
        margin = timedelta(days=45)
        if table is not None:
            first_day, last_day = min(first_day, table.first_day), max(last_day, table.last_day)
            margin = max(margin, (table.last_day - table.first_day) / 2)
        wider = build_open_time(
            max(_FIRST_TABLE_DAY, first_day - margin),
            min(_LAST_TABLE_DAY, last_day + margin * 2),
            zone=self.zone,
            hours_on=self.hours_on,
            breaks=self.breaks,
        )
        self._tables["current"] = wider
        return wider


def _days_of(earliest: int, latest: int) -> tuple[date, date]:
    """UTC dates of two instants; OutOfRange when one lies outside what calendars answer for."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    first, last = (epoch + instant // (DAY_SECONDS * SECOND) for instant in (earliest, latest))
    if first < EARLIEST_DAY.toordinal() or last > LATEST_DAY.toordinal():
        raise OutOfRange("start", f"calendars answer for {EARLIEST_DAY} to {LATEST_DAY} only")
    return date.fromordinal(first), date.fromordinal(last)

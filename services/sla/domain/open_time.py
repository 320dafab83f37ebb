"""Look-up tables of a calendar's open time between two dates.

``position`` counts the open microseconds since the table began. On that axis nights and holidays have no width, so a
deadline in business time is one addition and two binary searches, however many holidays lie between. Working days have
a table of their own. A table is immutable; when an answer lies beyond its end, the calendar builds a wider one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.sla.domain.running_time import Span, outside, union
from services.sla.domain.wall_clock import DAY_SECONDS, SECOND, instant_of, midnight_of

Frame = tuple[int, int]
"""Opening and closing in seconds after local midnight, half-open. Beyond 86,400 it runs into the next day."""

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OpenTime:
    """Open time for instants in ``[covered_from, covered_until)``."""

    first_day: date
    last_day: date
    covered_from: int
    covered_until: int
    begins: tuple[int, ...]
    """Openings, ascending; one entry per stretch of open time. Stretches never overlap but may touch."""
    ends: tuple[int, ...]
    owners: tuple[date, ...]
    """The date on which each stretch starts: a night shift belongs to the evening it begins."""
    before: tuple[int, ...]
    """Open microseconds before each stretch."""
    working_days: tuple[date, ...]
    """Dates with at least one open moment, ascending; the next three tables run beside it."""
    day_begins: tuple[int, ...]
    day_ends: tuple[int, ...]
    closings: tuple[int, ...]
    day_spans: tuple[tuple[Span, ...], ...]
    """Each working day's own open stretches."""

    def covers(self, earliest: int, latest: int) -> bool:
        """Whether both instants lie inside the table. Its very end does not: what opens then is not in it."""
        return self.covered_from <= earliest and latest < self.covered_until

    def position(self, at: int) -> int:
        """Open microseconds from the beginning of the table to the instant ``at``."""
        index = bisect_right(self.begins, at) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at, self.ends[index]) - self.begins[index]

    def earliest_at(self, position: int) -> int | None:
        """The earliest instant with that much open time before it: a closing stays a closing. None if beyond."""
        index = bisect_left(self.before, position) - 1
        if index < 0:
            return None
        at = self.begins[index] + position - self.before[index]
        return at if at <= self.ends[index] and self.covers(at, at) else None

    def latest_at(self, position: int) -> int | None:
        """The latest instant with that much open time before it: a closing becomes the next opening. None if beyond."""
        index = bisect_right(self.before, position) - 1
        if index < 0:
            return None
        at = self.begins[index] + position - self.before[index]
        return at if at < self.ends[index] and self.covers(at, at) else None

    def is_open(self, at: int) -> bool:
        """Whether the instant lies in a stretch ``[begin, end)``."""
        index = bisect_right(self.begins, at) - 1
        return index >= 0 and at < self.ends[index]

    def working_day_from(self, day: date) -> date | None:
        """The first working day on or after the date. None if beyond the end."""
        index = bisect_left(self.working_days, day)
        return self.working_days[index] if index < len(self.working_days) else None

    def owners_between(self, begin: int, end: int) -> tuple[date, ...]:
        """Dates whose open time holds the positions ``(begin, end)``."""
        first = max(bisect_right(self.before, begin) - 1, 0)
        return self.owners[first : bisect_left(self.before, end)]


def build_open_time(
    first_day: date,
    last_day: date,
    *,
    zone: ZoneInfo,
    hours_on: Callable[[date], tuple[Frame, ...]],
    breaks: Mapping[date, tuple[Frame, ...]],
) -> OpenTime:
    """Tables for the dates ``first_day`` … ``last_day`` (both included)."""
    readings = _Readings(first_day - _ONE_DAY, last_day + _ONE_DAY, zone)
    closed = _closed_spans(breaks, zone)
    days = list(_working_days(readings, hours_on, closed))
    stretches = list(_without_overlap((day, span) for day, spans in days for span in spans))
    return OpenTime(
        first_day=first_day,
        last_day=last_day,
        covered_from=readings.begin_of(first_day),
        covered_until=readings.end_of(last_day),
        begins=tuple(begin for _, (begin, _) in stretches),
        ends=tuple(end for _, (_, end) in stretches),
        owners=tuple(day for day, _ in stretches),
        before=tuple(_running_sum(end - begin for _, (begin, end) in stretches)),
        working_days=tuple(day for day, _ in days),
        day_begins=tuple(readings.begin_of(day) for day, _ in days),
        day_ends=tuple(readings.end_of(day) for day, _ in days),
        closings=tuple(_never_falling(spans[-1][1] for _, spans in days)),
        day_spans=tuple(spans for _, spans in days),
    )


class _Readings:
    """Instants of wall-clock readings on a run of dates. Only days of 23 or 25 hours need the slow, exact way."""

    def __init__(self, first_day: date, last_day: date, zone: ZoneInfo) -> None:
        self._zone = zone
        self._first = first_day.toordinal()
        self.days = [date.fromordinal(ordinal) for ordinal in range(self._first, last_day.toordinal() + 1)]
        self._midnights = [midnight_of(day, zone) for day in [*self.days, last_day + _ONE_DAY]]

    def begin_of(self, day: date) -> int:
        return self._midnights[day.toordinal() - self._first]

    def end_of(self, day: date) -> int:
        return self._midnights[day.toordinal() - self._first + 1]

    def instant(self, day: date, seconds: int) -> int:
        """The instant ``seconds`` after local midnight of ``day``, as a clock on the wall shows it."""
        if seconds > DAY_SECONDS:
            day, seconds = day + _ONE_DAY, seconds - DAY_SECONDS
        begin, end = self.begin_of(day), self.end_of(day)
        if seconds == DAY_SECONDS:
            return end
        if end - begin == DAY_SECONDS * SECOND:
            return begin + seconds * SECOND
        return instant_of(datetime.combine(day, time.min) + timedelta(seconds=seconds), self._zone)


def _working_days(
    readings: _Readings, hours_on: Callable[[date], tuple[Frame, ...]], closed: list[Span]
) -> Iterator[tuple[date, tuple[Span, ...]]]:
    """Every date with open time and its stretches. The last date of ``readings`` is only there for night shifts."""
    for day in readings.days[:-1]:
        spans = [(readings.instant(day, opens), readings.instant(day, closes)) for opens, closes in hours_on(day)]
        if closed:
            spans = [piece for span in spans for piece in outside(span, closed)]
        spans = [(begin, end) for begin, end in spans if begin < end]
        if spans:
            yield day, tuple(spans)


def _closed_spans(breaks: Mapping[date, tuple[Frame, ...]], zone: ZoneInfo) -> list[Span]:
    return union(
        (
            instant_of(datetime.combine(day, time.min) + timedelta(seconds=begin), zone),
            instant_of(datetime.combine(day, time.min) + timedelta(seconds=end), zone),
        )
        for day, frames in breaks.items()
        for begin, end in frames
    )


def _without_overlap(stretches: Iterable[tuple[date, Span]]) -> Iterator[tuple[date, Span]]:
    """Count time once where a night shift runs into the next day's hours; the earlier day keeps it."""
    reached: int | None = None
    for day, (begin, end) in stretches:
        begins = begin if reached is None else max(begin, reached)
        if begins < end:
            yield day, (begins, end)
            reached = end


def _running_sum(lengths: Iterable[int]) -> Iterator[int]:
    total = 0
    for length in lengths:
        yield total
        total += length


def _never_falling(closings: Iterable[int]) -> Iterator[int]:
    """A day that closes before the night shift of the day before ends with that shift, so order is kept."""
    latest: int | None = None
    for closing in closings:
        latest = closing if latest is None else max(latest, closing)
        yield latest

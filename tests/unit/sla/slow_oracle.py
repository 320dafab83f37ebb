"""A slow, obvious second opinion on deadlines: it looks at one small step of real time after the other.

Shares no code with the calendar arithmetic. Time is a list of steps of ``STEP_MINUTES``; for each step it knows what
the clock on the wall shows, to which dates' hours the step belongs, and whether the clock is paused. Every question is
answered by counting steps. Frames, starts and pauses of the cases it judges lie on the grid of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

STEP_MINUTES = 5
STEP = timedelta(minutes=STEP_MINUTES)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BeyondTheEnd(Exception):
    """The answer lies outside the steps looked at; the case says nothing."""


@dataclass(frozen=True)
class Step:
    """What is true during one step."""

    local_date: date
    owners: tuple[date, ...]
    """Dates in whose hours the step lies; none when the office is closed."""

    @property
    def is_open(self) -> bool:
        return bool(self.owners)


class SlowOracle:
    """Answers about the calendar ``definition`` from ``first`` on, for ``days`` days."""

    def __init__(self, definition: dict[str, Any], first: datetime, days: int) -> None:
        self._weekly = {name: _frames(frames) for name, frames in definition["hours"].items()}
        self._special = {day: _frames(frames) for day, frames in definition["special_dates"].items()}
        self._breaks = {day: _frames(frames) for day, frames in definition["breaks"].items()}
        self._holidays = set(definition["holidays"])
        self._zone = ZoneInfo(definition["tz"])
        self.first = first.astimezone(UTC)
        count = days * 24 * 60 // STEP_MINUTES
        self.instants = [self.first + index * STEP for index in range(count + 1)]
        self.steps = [self._step(instant) for instant in self.instants[:-1]]
        self._during: dict[date, list[int]] = {}
        self._owned: dict[date, list[int]] = {}
        for index, step in enumerate(self.steps):
            self._during.setdefault(step.local_date, []).append(index)
            for owner in step.owners:
                self._owned.setdefault(owner, []).append(index)

    def after_open_time(self, start: datetime, steps: int, pauses: list[tuple[datetime, datetime]]) -> datetime:
        """When ``steps`` open, unpaused steps have passed (at least one)."""
        for index in range(self._index(start), len(self.steps)):
            steps -= self.steps[index].is_open and not self._paused(index, pauses)
            if steps == 0:
                return self.instants[index + 1]
        raise BeyondTheEnd

    def after_hours(self, start: datetime, steps: int, pauses: list[tuple[datetime, datetime]]) -> datetime:
        """When ``steps`` unpaused steps have passed (at least one)."""
        for index in range(self._index(start), len(self.steps)):
            steps -= not self._paused(index, pauses)
            if steps == 0:
                return self.instants[index + 1]
        raise BeyondTheEnd

    def open_steps(self, begin: datetime, end: datetime, pauses: list[tuple[datetime, datetime]]) -> int:
        """Open, unpaused steps between two instants."""
        indexes = range(self._index(begin), self._index(end))
        return sum(self.steps[index].is_open and not self._paused(index, pauses) for index in indexes)

    def after_working_days(
        self, start: datetime, n: int, pauses: list[tuple[datetime, datetime]], day_end: str
    ) -> tuple[datetime, tuple[date, ...]]:
        """End of the Nth working day after the start's local date (n at least 1)."""
        counted: list[date] = []
        latest = self.first
        day = self.steps[self._index(start)].local_date
        self._require_whole(day)
        while True:
            own = self._owned.get(day, [])
            is_after = day > self.steps[self._index(start)].local_date
            if own:
                latest = max(latest, self.instants[own[-1] + 1])
            if own and is_after:
                self._require_whole(day)
                if len(counted) < n and not all(self._paused(index, pauses) for index in own):
                    counted.append(day)
                due = latest if day_end == "close" else self._end_of(day)
                if len(counted) == n and not self._ends_paused(due, pauses):
                    return due, tuple(counted)
            day += timedelta(days=1)
            self._require_whole(day)

    def after_natural_days(
        self, start: datetime, n: int, pauses: list[tuple[datetime, datetime]], roll_forward: bool
    ) -> tuple[datetime, tuple[date, ...]]:
        """24:00 of the Nth date after the start's local date (n at least 1)."""
        counted: list[date] = []
        day = self.steps[self._index(start)].local_date
        while True:
            day += timedelta(days=1)
            self._require_whole(day)
            during = self._during[day]
            if len(counted) < n and not all(self._paused(index, pauses) for index in during):
                counted.append(day)
            works = day in self._owned
            due = self._end_of(day)
            if len(counted) == n and (works or not roll_forward) and not self._ends_paused(due, pauses):
                return due, tuple(counted)

    def _step(self, instant: datetime) -> Step:
        local = instant.astimezone(self._zone)
        shown = self._reading(instant)
        minute = shown.hour * 60 + shown.minute
        today, yesterday = shown.date(), shown.date() - timedelta(days=1)
        owners = []
        if not self._is_break(today, minute) and not self._is_break(yesterday, minute + 1440):
            if self._has_hours(yesterday, minute + 1440):
                owners.append(yesterday)
            if self._has_hours(today, minute):
                owners.append(today)
        return Step(local.date(), tuple(owners))

    def _reading(self, instant: datetime) -> datetime:
        """What the wall clock shows. While it repeats an hour, that hour has already been used up."""
        local = instant.astimezone(self._zone)
        while local.fold:
            instant -= STEP
            local = instant.astimezone(self._zone)
        return local

    def _has_hours(self, day: date, minute: int) -> bool:
        special = self._special.get(day.isoformat())
        if special is not None:
            frames = special
        elif day.isoformat() in self._holidays:
            frames = []
        else:
            frames = self._weekly.get(_WEEKDAYS[day.weekday()], [])
        return any(begin <= minute < end for begin, end in frames)

    def _is_break(self, day: date, minute: int) -> bool:
        return any(begin <= minute < end for begin, end in self._breaks.get(day.isoformat(), []))

    def is_working_day(self, day: date) -> bool:
        """Whether any step belongs to the hours of that date."""
        return day in self._owned

    def _paused(self, index: int, pauses: list[tuple[datetime, datetime]]) -> bool:
        return any(began <= self.instants[index] < ended for began, ended in pauses)

    def _ends_paused(self, due: datetime, pauses: list[tuple[datetime, datetime]]) -> bool:
        return any(began < due <= ended for began, ended in pauses)

    def _end_of(self, day: date) -> datetime:
        return self.instants[self._during[day][-1] + 1]

    def _index(self, at: datetime) -> int:
        index = int((at - self.first) / STEP)
        if not 0 <= index < len(self.steps):
            raise BeyondTheEnd
        return index

    def _require_whole(self, day: date) -> None:
        """The day, the night before it and the night after it lie inside the steps looked at."""
        if (
            not self.steps[0].local_date < day - timedelta(days=1)
            or not day + timedelta(days=2) < self.steps[-1].local_date
        ):
            raise BeyondTheEnd


def _frames(texts: list[list[str]]) -> list[tuple[int, int]]:
    """Frames in minutes after midnight; past 24:00 where they end on the next day."""
    minutes = [[int(text[:2]) * 60 + int(text[3:5]) for text in frame] for frame in texts]
    return [(begin, end if end > begin else end + 1440) for begin, end in minutes]

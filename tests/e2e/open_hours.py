"""Which share of the open time between two instants is used up when: opening by opening, from the calendar's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]

_DAY = timedelta(days=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OpenHours:
    """The openings of one calendar file."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._zone = ZoneInfo(definition["tz"])
        self._hours: Mapping[str, list[list[str]]] = definition["hours"]
        self._holidays = set(definition.get("holidays") or ())
        self._weekday_of: Mapping[date, str] = definition.get("special_dates") or {}

    def used_up_at(self, begin: datetime, end: datetime, share: float) -> datetime:
        """When ``share`` of the open time from ``begin`` to ``end`` is over; ``begin`` if it is never open."""
        openings = list(self._openings(begin, end))
        left = sum((closes - opens for opens, closes in openings), timedelta()) * share
        for opens, closes in openings:
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        return begin

    def _openings(self, begin: datetime, end: datetime) -> Iterator[Span]:
        day = begin.astimezone(self._zone).date()
        while day <= end.astimezone(self._zone).date():
            for opens, closes in self._frames(day):
                start, stop = max(begin, self._instant(day, opens)), min(end, self._instant(day, closes))
                if start < stop:
                    yield start, stop
            day += _DAY

    def _frames(self, day: date) -> list[list[str]]:
        if day in self._weekday_of:
            return self._hours[self._weekday_of[day]]
        return [] if day in self._holidays else self._hours.get(_WEEKDAYS[day.weekday()], [])

    def _instant(self, day: date, wall: str) -> datetime:
        if wall == "24:00":
            return self._instant(day + _DAY, "00:00")
        return datetime.combine(day, time.fromisoformat(wall), self._zone).astimezone(UTC)

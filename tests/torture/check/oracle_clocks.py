"""When a clock must be due: elapsed hours, and days counted one by one on the calendar; no cleverness at all.

Not computed here: open time within a day (business_hours), and deadlines of cases that were on hold. Such clocks are
left to the other parts of L8, and the rule says how many.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml

from tests.torture.check.decoding import micros

HOUR = 3_600_000_000
_DAY = timedelta(days=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ClockRule(NamedTuple):
    """One clock of the policy."""

    starts_on: str
    stops_on: str
    n: float
    unit: str
    calendar: str
    pausable: bool
    only_if_known: bool
    """Does not run for anonymous complaints."""
    due_at_close: bool
    roll_forward: bool


class Calendar:
    """Working days of one calendar file."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(definition["tz"])
        self._hours: Mapping[str, list[list[str]]] = definition.get("hours") or {}
        self._holidays = frozenset(_date(day) for day in definition.get("holidays") or ())
        self._special = {_date(day): weekday for day, weekday in (definition.get("special_dates") or {}).items()}
        self.working_days_due = lru_cache(65_536)(self._working_days_due)
        self.natural_days_due = lru_cache(65_536)(self._natural_days_due)

    def local_date(self, at: int) -> date:
        """The day of an instant, on this calendar's wall."""
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(self.zone).date()

    def _working_days_due(self, received_on: date, n: int, at_close: bool) -> int:
        """The close (or the midnight) of the Nth working day after the day of receipt."""
        day, counted = received_on, 0
        while counted < n:
            day += _DAY
            counted += bool(self._open(day))
        return self._instant(day, self._open(day)[-1][1]) if at_close else self._instant(day + _DAY, "00:00")

    def _natural_days_due(self, received_on: date, n: int, roll_forward: bool) -> int:
        """24:00 of the Nth day after the day of receipt, or of the next working day."""
        day = received_on + n * _DAY
        while roll_forward and not self._open(day):
            day += _DAY
        return self._instant(day + _DAY, "00:00")

    def _open(self, day: date) -> list[list[str]]:
        if day in self._special:
            return self._hours.get(self._special[day]) or []
        return [] if day in self._holidays else self._hours.get(_WEEKDAYS[day.weekday()]) or []

    def _instant(self, day: date, wall: str) -> int:
        if wall == "24:00":
            return self._instant(day + _DAY, "00:00")
        return micros(datetime.combine(day, time.fromisoformat(wall), self.zone).isoformat())


class ClockOracle:
    """Answers from the policy and the calendars alone."""

    def __init__(self, policy: Mapping[str, Any], calendars: Mapping[str, Calendar]) -> None:
        self.clocks = {name: _rule(given) for name, given in policy["clocks"].items()}
        self._overrides = policy.get("overrides") or ()
        self._calendars = calendars
        self.target = lru_cache(65_536)(self._target)

    @classmethod
    def of_directory(cls, config: Path) -> ClockOracle:
        """Policy and calendars of a config directory."""
        calendars = {
            file.stem: Calendar(yaml.safe_load(file.read_text(encoding="utf-8")))
            for file in (config / "calendars").glob("*.yaml")
        }
        return cls(yaml.safe_load((config / "sla/policy.yaml").read_text(encoding="utf-8")), calendars)

    def _target(self, clock: str, category: str | None, severity: str | None, channel: str | None) -> tuple[float, str]:
        """How many of which unit are promised; what is not known is None."""
        n, unit = self.clocks[clock].n, self.clocks[clock].unit
        actual = {"category": category, "severity": severity, "channel": channel}
        for override in self._overrides:
            changed = override.get("clocks") or {}
            if clock in changed and all(actual[name] == value for name, value in override["when"].items()):
                n, unit = changed[clock]["n"], changed[clock]["unit"]
        return n, unit

    def can_pause(self, clock: str, category: str | None, severity: str | None, channel: str | None) -> bool:
        """Whether a hold pauses it in such a case."""
        actual = {"category": category, "severity": severity, "channel": channel}
        return self.clocks[clock].pausable and not any(
            override.get("pausable") is False and all(actual[name] == value for name, value in override["when"].items())
            for override in self._overrides
        )

    def due(self, clock: str, target: tuple[float, str], start: int) -> int | None:
        """When it is due; None for a unit that is not computed here."""
        (n, unit), rule = target, self.clocks[clock]
        calendar = self._calendars[rule.calendar]
        if unit == "hours":
            return start + round(n * HOUR)
        if unit == "working_days":
            return calendar.working_days_due(calendar.local_date(start), int(n), rule.due_at_close)
        if unit == "natural_days":
            return calendar.natural_days_due(calendar.local_date(start), int(n), rule.roll_forward)
        return None


def _rule(given: Mapping[str, Any]) -> ClockRule:
    return ClockRule(
        starts_on=given["starts_on"],
        stops_on=given["stops_on"],
        n=given["n"],
        unit=given["unit"],
        calendar=given["calendar"],
        pausable=given["pausable"],
        only_if_known=given.get("applies_when", "always") == "complainant_known",
        due_at_close=given.get("day_end", "close") == "close",
        roll_forward=given.get("roll_forward", True),
    )


def _date(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)

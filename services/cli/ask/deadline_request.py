"""One deadline question as JSON, answered as JSON: the line format of ``cbus deadline``.

Question: ``{"id"?, "from", "n", "unit", "calendar", "timezone"?, "pauses"?, "day_end"?, "roll_forward"?}``.
Answer: ``{"id", "due", "provisional", "counted_days"}``, or ``{"id", "error": {"line", "field", "reason"}}``.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Never
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.cli.console.json_lines import LineRefused
from services.sla.adapters.config_files import load_calendars
from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import DAY_UNITS, Unit, deadline
from services.sla.domain.refusals import DeadlineRefused
from services.sla.domain.running_time import Pause
from services.sla.domain.wall_clock import EARLIEST_DAY, LATEST_DAY, datetime_of, instant_of
from shared.config_file import problems_of

_FIELDS: Final = {"start": "from"}
"""Arguments of ``deadline`` that have another name in a line."""

_DATE_ONLY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WRITTEN: Final = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ].*)?", re.ASCII)
"""Digits alone could be a day, or seconds since 1970."""


class DeadlineRequest(BaseModel):
    """When is something due that was promised ``n`` units after ``from``?"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Any = Field(None, description="Anything; comes back with the answer.")
    start: str = Field(
        alias="from",
        description="ISO 8601 instant. Without an offset it is read on the calendar's wall clock; "
        "for working_days and natural_days a date is enough.",
    )
    n: float = Field(strict=True, allow_inf_nan=False, description="How many units.")
    unit: Unit = Field(description="hours, business_hours, business_seconds, working_days or natural_days.")
    calendar: Any = Field(description="Name of a configured calendar, or a calendar as an object.")
    timezone: str | None = Field(None, description="IANA zone that takes the place of the calendar's own.")
    pauses: tuple[Any, ...] = Field((), description='[{"from", "to"}] or [[from, to]]: when the clock did not run.')
    day_end: Literal["close", "24:00"] = Field("close", description="working_days: when the last day ends.")
    roll_forward: bool = Field(True, description="natural_days: a last day that is not a working day moves on.")


class Calendars:
    """Calendars by name or by content; each is built once, however many lines use it."""

    def __init__(self, config_dir: Path) -> None:
        self._directory = config_dir / "calendars"
        self._named: dict[str, BusinessCalendar] | None = None
        self._inline: dict[str, BusinessCalendar] = {}
        self._rezoned: dict[tuple[int, str], BusinessCalendar] = {}

    def find(self, wanted: object, timezone: str | None) -> BusinessCalendar:
        """The calendar a question means. Raises LineRefused; ConfigurationError: a configured calendar is broken."""
        if isinstance(wanted, str):
            calendar = self._by_name(wanted)
        elif isinstance(wanted, dict):
            calendar = self._by_content(wanted)
        else:
            raise LineRefused("calendar", "must be the name of a calendar or an object with tz and hours")
        return calendar if timezone is None else self._in_zone(calendar, timezone)

    def _by_name(self, name: str) -> BusinessCalendar:
        if self._named is None:
            self._named = load_calendars(self._directory)
        if name not in self._named:
            raise LineRefused("calendar", f"there is no calendar {name!r}; known: {', '.join(self._named)}")
        return self._named[name]

    def _by_content(self, definition: dict[str, Any]) -> BusinessCalendar:
        content = json.dumps(definition)
        if content not in self._inline:
            try:
                parsed = CalendarDefinition.model_validate(definition)
            except ValidationError as error:
                _refuse_first(error, "calendar")
            self._inline[content] = BusinessCalendar.from_definition(parsed)
        return self._inline[content]

    def _in_zone(self, calendar: BusinessCalendar, timezone: str) -> BusinessCalendar:
        key = (id(calendar), timezone)
        if key not in self._rezoned:
            try:
                self._rezoned[key] = calendar.in_zone(ZoneInfo(timezone))
            except (KeyError, ValueError, OSError):
                raise LineRefused("timezone", f"{timezone!r} is not an IANA time zone") from None
        return self._rezoned[key]


def answer(question: object, calendars: Calendars) -> dict[str, Any]:
    """The answer to one question; raises LineRefused."""
    try:
        request = DeadlineRequest.model_validate(question)
    except ValidationError as error:
        _refuse_first(error)
    calendar = calendars.find(request.calendar, request.timezone)
    start = _instant(request.start, "from", calendar.zone, date_is_enough=request.unit in DAY_UNITS)
    pauses = tuple(_pause(pause, f"pauses.{index}", calendar.zone) for index, pause in enumerate(request.pauses))
    rules = DayRules(day_end=request.day_end, roll_forward=request.roll_forward)
    try:
        found = deadline(start, request.n, request.unit, calendar, pauses, rules)
    except DeadlineRefused as refused:
        raise LineRefused(_FIELDS.get(refused.argument, refused.argument), str(refused)) from None
    return {
        "id": request.id,
        "due": found.due_by.astimezone(calendar.zone).isoformat(),
        "provisional": found.provisional,
        "counted_days": [day.isoformat() for day in found.counted_days],
    }


def _instant(text: object, field: str, zone: ZoneInfo, *, date_is_enough: bool = False) -> datetime:
    if not isinstance(text, str):
        raise LineRefused(field, "must be an ISO 8601 text such as 2026-02-13T17:30:00+08:00")
    if _DATE_ONLY.fullmatch(text) and not date_is_enough:
        raise LineRefused(field, f"{text} is a date; this needs a time of day too")
    try:
        if not _WRITTEN.fullmatch(text):
            raise ValueError
        reading = datetime.fromisoformat(text)
        return reading if reading.tzinfo is not None else datetime_of(instant_of(reading, zone))
    except ValueError:
        raise LineRefused(field, f"{text!r} is not an ISO 8601 instant such as 2026-02-13T17:30:00+08:00") from None
    except OverflowError:
        raise LineRefused(field, f"{text!r} lies outside {EARLIEST_DAY} to {LATEST_DAY}") from None


def _pause(pause: object, field: str, zone: ZoneInfo) -> Pause:
    if isinstance(pause, dict) and pause.keys() == {"from", "to"}:
        began, ended = pause["from"], pause["to"]
    elif isinstance(pause, list | tuple) and len(pause) == 2:
        began, ended = pause
    else:
        raise LineRefused(field, 'must be {"from", "to"} or [from, to]; a pause that still lasts has no deadline yet')
    return _instant(began, f"{field}.from", zone), _instant(ended, f"{field}.to", zone)


def _refuse_first(error: ValidationError, inside: str = "") -> Never:
    where, reason = problems_of(error)[0]
    raise LineRefused(".".join(part for part in (inside, where) if part) or None, reason)

"""What a business calendar looks like in a file or on a command line, and what is refused.

A wrong calendar is worse than none: every deadline computed with it is wrong. So times must be exact, frames must not
overlap, unknown fields are refused, and so is a calendar that never opens (its deadlines would never come).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from services.sla.domain.open_time import Frame
from services.sla.domain.wall_clock import DAY_SECONDS, EARLIEST_DAY, LATEST_DAY

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)

_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
_CALENDAR_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def _time_of_day(value: object) -> int:
    """Seconds after midnight of ``"HH:MM"`` or ``"HH:MM:SS"``; 24:00 is the end of the day and not 23:59."""
    match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        hint = "; put it in quotes, YAML reads a bare 13:30 as a number" if isinstance(value, int) else ""
        raise ValueError(f"{value!r} is not a time of day: write HH:MM from 00:00 to 24:00{hint}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > DAY_SECONDS:
        raise ValueError(f"{value!r} is later than 24:00")
    return total


def _frame(value: object) -> object:
    """``[opening, closing]`` as seconds; a closing before the opening means the next day."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"{value!r} is not a pair [opening, closing]")
    opening, closing = _time_of_day(value[0]), _time_of_day(value[1])
    if opening == closing:
        raise ValueError(f"opens and closes at {value[0]}: it would never be open (a whole day is 00:00 to 24:00)")
    if opening == DAY_SECONDS:
        raise ValueError("opens at 24:00: write 00:00 of the next day")
    return opening, closing if closing > opening else closing + DAY_SECONDS


def _frames(value: object) -> object:
    """A list of frames; what is wrong with one of them is said at its own place."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is not a list of pairs [opening, closing]; a closed day is []")
    return value


def _in_order(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Frames of one day in order of time; frames that overlap are taken for a slip of the pen."""
    ordered = tuple(sorted(frames))
    for (_, closing), (opening, _) in pairwise(ordered):
        if opening < closing:
            raise ValueError(f"two frames overlap at {opening // 3600:02}:{opening // 60 % 60:02}")
    return ordered


def _calendar_date(value: object) -> object:
    if isinstance(value, str) and _CALENDAR_DATE.fullmatch(value):
        value = date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a date: write YYYY-MM-DD")
    if not EARLIEST_DAY <= value <= LATEST_DAY:
        raise ValueError(f"{value} lies outside {EARLIEST_DAY} to {LATEST_DAY}")
    return value


CalendarDate = Annotated[date, BeforeValidator(_calendar_date)]
_FrameOfDay = Annotated[Frame, BeforeValidator(_frame)]
Frames = Annotated[tuple[_FrameOfDay, ...], BeforeValidator(_frames)]
HoursOfDate = Annotated[
    Annotated[Weekday, Tag("weekday")] | Annotated[Frames, Tag("frames")],
    Discriminator(lambda value: "weekday" if isinstance(value, str) else "frames"),
]
"""Hours of one date: its own frames, or the name of the weekday whose hours apply."""


class CalendarDefinition(BaseModel):
    """A business calendar as written in ``deploy/config/calendars/*.yaml`` or inline on ``cbus deadline``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tz: str = Field(description="IANA time zone whose wall clock the hours are read on, e.g. Asia/Shanghai.")
    hours: dict[Weekday, Frames] = Field(
        description='Opening frames by weekday, half-open: {"mon": [["09:00", "12:00"], ["13:30", "18:00"]]}. '
        "A missing weekday is closed; a closing before its opening lies on the next day; 24:00 ends the day."
    )
    holidays: frozenset[CalendarDate] = Field(frozenset(), description="Dates without hours of their own.")
    special_dates: dict[CalendarDate, HoursOfDate] = Field(
        default_factory=dict,
        description="Dates whose hours replace the weekday's (make-up days, shifts), also on a holiday: "
        "frames, or the weekday whose hours apply.",
    )
    breaks: dict[CalendarDate, Frames] = Field(
        default_factory=dict, description="Frames of a date in which the office is closed although hours say open."
    )
    known_until: CalendarDate | None = Field(
        None, description="Last date whose holidays are announced; deadlines beyond are provisional. Absent: all known."
    )
    known_from: CalendarDate | None = Field(
        None,
        description="First date whose holidays are entered; deadlines that count earlier ones are provisional. "
        "Absent: all known.",
    )
    version: str = Field("unversioned", min_length=1, description="Version carried by every deadline computed with it.")

    @field_validator("tz")
    @classmethod
    def _is_a_known_zone(cls, key: str) -> str:
        try:
            ZoneInfo(key)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{key!r} is not an IANA time zone; use one like Asia/Shanghai or UTC") from None
        return key

    @field_validator("hours")
    @classmethod
    def _hours_in_order(cls, hours: dict[Weekday, tuple[Frame, ...]]) -> dict[Weekday, tuple[Frame, ...]]:
        return {weekday: _in_order(frames) for weekday, frames in hours.items()}

    @field_validator("special_dates")
    @classmethod
    def _special_dates_in_order(cls, dates: dict[date, Any]) -> dict[date, Any]:
        return {day: hours if isinstance(hours, str) else _in_order(hours) for day, hours in dates.items()}

    @model_validator(mode="after")
    def _opens_at_all(self) -> CalendarDefinition:
        if not any(self.hours.values()) and not any(self.frames_of(hours) for hours in self.special_dates.values()):
            raise ValueError("this calendar never opens: no weekday and no special date has hours")
        return self

    @model_validator(mode="after")
    def _knows_something(self) -> CalendarDefinition:
        if self.known_from is not None and self.known_until is not None and self.known_from > self.known_until:
            raise ValueError(f"known_from {self.known_from} lies after known_until {self.known_until}")
        return self

    def frames_of(self, hours: Weekday | tuple[Frame, ...]) -> tuple[Frame, ...]:
        """The frames meant by an entry of ``special_dates``."""
        return self.hours.get(hours, ()) if isinstance(hours, str) else hours

"""Business calendars the tests are about, and short ways to write instants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from services.sla.adapters.config_files import load_calendar
from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition

CONFIG = Path(__file__).resolve().parents[3] / "deploy" / "config"
WEEK = ("mon", "tue", "wed", "thu", "fri")


@cache
def cn() -> BusinessCalendar:
    """The shipped calendar of mainland China."""
    return load_calendar(CONFIG / "calendars" / "cn.yaml")


@cache
def always_open() -> BusinessCalendar:
    """The shipped 7×24 calendar."""
    return load_calendar(CONFIG / "calendars" / "always-open.yaml")


def every(weekdays: Iterable[str], *frames: list[str]) -> dict[str, Any]:
    """Weekly hours with the same frames on each of ``weekdays``."""
    return {weekday: list(frames) for weekday in weekdays}


def a_calendar(tz: str = "UTC", hours: dict[str, Any] | None = None, **more: Any) -> BusinessCalendar:
    """Monday to Friday 09:00-17:00 in ``tz`` unless told otherwise."""
    weekly = every(WEEK, ["09:00", "17:00"]) if hours is None else hours
    return BusinessCalendar.from_definition(CalendarDefinition.model_validate({"tz": tz, "hours": weekly, **more}))


def beijing(text: str) -> datetime:
    """``"2026-02-13 17:30"`` in Beijing."""
    return datetime.fromisoformat(f"{text}+08:00")


def at(text: str) -> datetime:
    """An instant in ISO 8601."""
    return datetime.fromisoformat(text)

"""Dates and times as a person reads them, in the enterprise's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def instant_filter(language: str, zone: ZoneInfo) -> Callable[[str], str]:
    """Turns RFC 3339 into ``2026年3月2日 09:30`` or ``2 March 2026, 09:30 (UTC+08:00)``; for use in templates."""

    def readable(instant: str) -> str:
        at = datetime.fromisoformat(instant).astimezone(zone)
        if language == "zh-CN":
            return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} ({_offset(at)})"

    return readable


def _offset(at: datetime) -> str:
    sign_hours_minutes = f"{at:%z}"
    return f"UTC{sign_hours_minutes[:3]}:{sign_hours_minutes[3:5]}"

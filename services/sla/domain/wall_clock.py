"""Wall-clock readings and the instants they mean.

Deadlines are computed on whole microseconds since the epoch: integers compare fast and never round. A reading such as
02:30 is turned into an instant with the offset of *that* date, and by two rules where clocks are changed:

* a reading that is skipped (spring) means the instant of the jump: an office that opens at 02:30 opens at 03:00;
* a reading that occurs twice (autumn) means its first occurrence, as RFC 5545 §3.3.5 has it.

Both rules keep the order of readings, so hours of business never turn inside out.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from shared import date_range

SECOND: Final = 1_000_000
"""One second in microseconds, the unit of every integer instant and duration here."""

DAY_SECONDS: Final = 86_400

EARLIEST_DAY: Final = date(date_range.EARLIEST_DAY.year - 1, 1, 1)
LATEST_DAY: Final = date(date_range.LATEST_DAY.year + 1, 12, 31)
"""Dates outside are refused: nothing a business promises lies there, and mistakes do. A year more at either end than
facts may have, so that what is counted from any fact has an answer."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FLOAT_IS_EXACT: Final = 4_000_000_000 * SECOND
"""Until 2096 a float of seconds is nearer to the right microsecond than to any other."""
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds_of(at: datetime) -> int:
    """The aware instant ``at`` as microseconds since the epoch; ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no UTC offset: an instant is needed, not a wall-clock reading")
    return (at - _EPOCH) // _MICROSECOND


def datetime_of(microseconds: int) -> datetime:
    """The UTC datetime of an integer instant."""
    if 0 <= microseconds < _FLOAT_IS_EXACT:
        return datetime.fromtimestamp(microseconds / SECOND, UTC)  # three times as fast
    return _EPOCH + timedelta(microseconds=microseconds)


def instant_of(reading: datetime, zone: ZoneInfo) -> int:
    """The instant the naive wall-clock ``reading`` means in ``zone``, by the two rules above."""
    first = reading.replace(tzinfo=zone, fold=0)
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    if before is None or after is None:  # pragma: no cover - ZoneInfo always knows its offset
        raise ValueError(f"no UTC offset is known for {reading.isoformat()} in {zone.key}")
    if before < after:
        return _jump_near(reading, zone, before, after)
    return microseconds_of(first)


@lru_cache(maxsize=8_192)
def midnight_of(day: date, zone: ZoneInfo) -> int:
    """The instant at which the local ``day`` begins: 00:00, or the first instant after it where 00:00 is skipped."""
    return instant_of(datetime.combine(day, time.min), zone)


def _jump_near(reading: datetime, zone: ZoneInfo, before: timedelta, after: timedelta) -> int:
    """The instant of the forward jump that skips ``reading``: it lies between its two possible meanings."""
    as_utc = reading.replace(tzinfo=UTC)
    earliest, latest = int((as_utc - after).timestamp()), int((as_utc - before).timestamp())

    def offset_at(second: int) -> timedelta:
        offset = datetime.fromtimestamp(second, zone).utcoffset()
        return offset if offset is not None else before

    seconds = range(earliest, latest + 1)
    return seconds[bisect_left(seconds, after, key=offset_at)] * SECOND

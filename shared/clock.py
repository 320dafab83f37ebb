"""The only source of "now". Passed in, so a month of deadlines runs in milliseconds in a test or a demo."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Tells the wall-clock time as UTC."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ScaledClock:
    """A clock that runs ``speed`` times faster than the machine's, from ``origin`` on (demo only).

    All processes that share ``origin`` and ``speed`` agree on the time, so deadlines computed in one fire in another.
    """

    def __init__(self, speed: float, origin: datetime) -> None:
        if speed <= 0:
            raise ValueError(f"clock speed must be positive, not {speed}")
        self._speed = speed
        self._origin_seconds = origin.timestamp()

    def now(self) -> datetime:
        elapsed = time.time() - self._origin_seconds
        return datetime.fromtimestamp(self._origin_seconds + elapsed * self._speed, UTC)


class ManualClock:
    """A clock that moves only when told to; for tests, replay and simulation."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Jump to ``now`` (backwards too: clock steps are a fault worth testing)."""
        self._now = now


def to_epoch_ms(instant: datetime) -> int:
    """Milliseconds since the epoch, rounded down; whole numbers only, since a float would lose some of them."""
    return (instant - _EPOCH) // _MILLISECOND


def from_epoch_ms(epoch_ms: int) -> datetime:
    """The UTC instant of ``epoch_ms``."""
    return _EPOCH + epoch_ms * _MILLISECOND

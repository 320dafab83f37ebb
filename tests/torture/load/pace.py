"""Spreads a fixed number of complaints over the time the faults still take, so that every fault meets traffic."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHORTEST_REST_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.5


def complaints_per_second(left: int, seconds_left: float, fastest: float) -> float:
    """The rate that uses up ``left`` in ``seconds_left``, never above ``fastest``; when time is up, ``fastest``."""
    if seconds_left <= 0:
        return fastest
    return min(fastest, left / max(seconds_left, SHORTEST_REST_SECONDS))


class Pace:
    """Hands out complaint numbers 1 … ``total``, each when its time has come; ``seconds_left`` may change any time."""

    def __init__(self, total: int, seconds_left: Callable[[], float], fastest: float) -> None:
        self.total = total
        self.given = 0
        self._seconds_left = seconds_left
        self._fastest = fastest
        self._lock = threading.Lock()
        self._next_at = time.monotonic()

    def take(self) -> int | None:
        """The next number, or None when all were given; waits for its time. Safe for many threads."""
        while True:
            with self._lock:
                if self.given >= self.total:
                    return None
                wait = self._wait_seconds()
                if wait <= 0:
                    return self._give()
            time.sleep(min(wait, LOOK_AGAIN_SECONDS))

    def _wait_seconds(self) -> float:
        return self._next_at - time.monotonic()

    def _give(self) -> int:
        rate = complaints_per_second(self.total - self.given, self._seconds_left(), self._fastest)
        self._next_at = max(self._next_at, time.monotonic() - 1.0) + 1.0 / rate  # at most a second is caught up
        self.given += 1
        return self.given

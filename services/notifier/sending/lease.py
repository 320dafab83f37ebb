"""Whether this process may still believe that its partitions are its own.

A process that was suspended wakes up as a zombie: others have taken over, and it does not know yet. Kafka fences
transactions, not messages to people, so the sender fences itself: after a silence of half a session nothing is handed
over until membership has been proven by a commit, which the group coordinator refuses to a former member.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Lease:
    """Renewed by the reading thread, asked by the lanes just before a message is handed over."""

    def __init__(self, session_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit_seconds = session_seconds / 2
        self._monotonic = monotonic
        self._renewed_at = monotonic()

    def is_fresh(self) -> bool:
        """False after a silence: perhaps somebody else owns the partitions by now."""
        return self._monotonic() - self._renewed_at <= self._limit_seconds

    def renew(self) -> None:
        """The loop came round, and membership is known."""
        self._renewed_at = self._monotonic()

"""One line when Kafka goes away from a process and one when it is back, however many parts of it wait and retry.

Every part that fails notes it, again and again; the first one begins the outage, and it ends when all of them are well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from shared.errors import ClusterNotReady
from shared.observability.logging import get_logger

_LOG = get_logger()


SETTLED_SECONDS: Final = 5.0
"""A broker that has just come back goes away again for this part or that; within this it is the same outage."""


class Outage:
    """Safe to use from several threads. Somebody must ``look`` from time to time, or nothing is ever told.

    Parts only note that they fail: the line is written by whoever looks, since that one asks the cluster itself and
    knows best why nobody answers. What is over before anybody looks is no news.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failing: dict[str, Exception] = {}
        self._since: str | None = None
        self._is_told = False
        self._began_at = self._well_at = 0.0

    def failing(self, part: str, error: Exception) -> None:
        """``part`` of this process cannot reach Kafka, because of ``error``.

        A topic or right that is missing is no outage: whoever looked at the cluster has told it.
        """
        self._end_if_over()
        if isinstance(error, ClusterNotReady):
            return
        with self._lock:
            self._failing[part] = error
            if self._since is None:
                self._began_at = self._monotonic()
                self._since = datetime.now(UTC).isoformat(timespec="seconds")

    def well(self, part: str) -> None:
        """``part`` came through. Cheap where nothing is wrong, so it may be called in every pass."""
        if part not in self._failing:
            return
        with self._lock:
            self._failing.pop(part, None)
            self._well_at = self._monotonic()

    def look(self, cause: Exception | None = None) -> None:
        """Tell the beginning, with ``cause`` where it is known better than by the parts, or the end.

        The end is told once all parts have been well for a while; the while does not count.
        """
        with self._lock:
            error = cause or next(iter(self._failing.values()), None)
            is_news = bool(self._failing) and not self._is_told
            self._is_told = self._is_told or is_news
        if is_news:
            _LOG.error("kafka_away", error=error, since=self._since)
        self._end_if_over()

    def _end_if_over(self) -> None:
        with self._lock:
            since, seconds = self._since, round(self._well_at - self._began_at, 1)
            if since is None or self._failing or self._monotonic() - self._well_at < SETTLED_SECONDS:
                return
            was_told, self._is_told, self._since = self._is_told, False, None
        if was_told:
            _LOG.warning("kafka_back", since=since, duration_seconds=seconds)


OUTAGE = Outage()
"""That of this process."""

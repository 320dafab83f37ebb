"""Which letters each address got in the last day: in Redis for all senders, in this process when Redis is away.

No address is kept, only its keyed hash; of a letter its id and time. Both memories are bounded and may be lost: then
somebody gets a few letters more than the limit says.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from services.notifier.domain.recipient_limit import DAY, HOUR, RecipientLimits, is_admitted
from shared.observability.logging import get_logger

_LOG = get_logger()

PAUSE_SECONDS: Final = 5.0
"""After a failure Redis is left alone this long, so that a hanging one does not slow every letter."""

MOST_ADDRESSES: Final = 10_000
"""Remembered in this process; the one not written to for longest is forgotten first."""

_ADMIT: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[2]) - tonumber(ARGV[6]))
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
local lately = redis.call('ZCOUNT', KEYS[1], '(' .. (tonumber(ARGV[2]) - tonumber(ARGV[5])), '+inf')
if lately >= tonumber(ARGV[3]) or redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
"""
"""``is_admitted``, and counting what is, in one step for all senders. ARGV: id, now, per hour, per day, hour, day."""


class LocalWindow:
    """The memory of this process. Safe to use from several threads."""

    def __init__(self, limits: RecipientLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._counted: OrderedDict[str, dict[str, float]] = OrderedDict()

    def admits(self, key: str, notification_id: str, now: float) -> bool:
        """Whether the letter may go; if so, it is counted."""
        with self._lock:
            recent = self._recent(key, now)
            admitted = is_admitted(recent, notification_id, now, self._limits)
            if admitted:
                recent.setdefault(notification_id, now)
            self._keep(key, recent)
            return admitted

    def note(self, key: str, notification_id: str, now: float) -> None:
        """Count a letter that somebody else admitted."""
        with self._lock:
            recent = self._recent(key, now)
            recent.setdefault(notification_id, now)
            self._keep(key, recent)

    def _recent(self, key: str, now: float) -> dict[str, float]:
        return {name: at for name, at in self._counted.get(key, {}).items() if at > now - DAY.total_seconds()}

    def _keep(self, key: str, recent: dict[str, float]) -> None:
        self._counted[key] = recent
        self._counted.move_to_end(key)
        while len(self._counted) > MOST_ADDRESSES:
            self._counted.popitem(last=False)


class RecipientWindow:
    """Asks Redis, and this process where Redis does not answer. Safe to use from several threads."""

    def __init__(
        self, redis: Redis | None, limits: RecipientLimits, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``redis`` None: this process alone. It must have a short timeout: every letter waits for it."""
        self._redis = redis
        self._limits = limits
        self._local = LocalWindow(limits)
        self._monotonic = monotonic
        self._paused_until = float("-inf")

    def admits(self, key: str, notification_id: str, at: datetime) -> bool:
        """Whether one more letter may go to the mailbox ``key`` stands for; if so, it is counted once."""
        now = at.timestamp()
        if self._redis is None or self._monotonic() < self._paused_until:
            return self._local.admits(key, notification_id, now)
        try:
            admitted = bool(self._ask(self._redis, key, notification_id, now))
        except (RedisError, OSError) as error:
            self._paused_until = self._monotonic() + PAUSE_SECONDS
            _LOG.warning("redis_unavailable", error=error, retry_in_seconds=PAUSE_SECONDS)
            return self._local.admits(key, notification_id, now)
        if admitted:
            self._local.note(key, notification_id, now)
        return admitted

    def _ask(self, redis: Redis, key: str, notification_id: str, now: float) -> object:
        periods = (int(HOUR.total_seconds()), int(DAY.total_seconds()))
        limits = (self._limits.per_hour, self._limits.per_day)
        return redis.eval(_ADMIT, 1, f"notifier:letters:{key}", notification_id, now, *limits, *periods)

"""Redis remembers which submissions are durable: a fast answer to repeats, and the one place that sees a key reused.

Written only after Kafka acknowledged, kept apart per Kafka cluster (a memory of another cluster would confirm what
was never written there), and never needed: when Redis is slow or away the door goes on without it. No personal data:
ids, a digest and an instant.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.intake.delivery import Delivered, from_text, to_text
from services.intake.memory.coalesce import Coalescer
from shared.observability.logging import get_logger

PAUSE_SECONDS = 1.0
"""After a failure Redis is left alone this long, so that a hanging one costs one submission its timeout, not all."""

_log = get_logger()


class RedisMemory:
    """What is durable already, by identity. Implements ``delivery.Memory``."""

    def __init__(
        self,
        redis: Redis,
        *,
        timeout_seconds: float,
        keep: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._timeout_seconds = timeout_seconds
        self._keep = keep
        self._monotonic = monotonic
        self._prefix: str | None = None
        self._paused_until = float("-inf")
        self._recalling = Coalescer(self._recall_together)
        self._remembering = Coalescer(self._remember_together)

    def use_cluster(self, cluster_id: str | None) -> None:
        """Remember for this Kafka cluster; while it is unknown, nothing is recalled or remembered."""
        self._prefix = None if cluster_id is None else f"intake:{cluster_id}:"

    async def recall(self, identity: str) -> Delivered | None:
        """What is known of this submission; None also when Redis does not answer in time."""
        if not self._answers():
            return None
        try:
            value = await self._recalling.ask(identity)
        except (RedisError, OSError, TimeoutError) as error:
            self._pause(error)
            return None
        return None if value is None else from_text(value.decode(errors="replace"))

    async def remember(self, identity: str, delivered: Delivered) -> None:
        """Note that it is durable, if Redis answers in time."""
        if not self._answers():
            return
        try:
            await self._remembering.ask((identity, delivered))
        except (RedisError, OSError, TimeoutError) as error:
            self._pause(error)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    def _answers(self) -> bool:
        return self._prefix is not None and self._monotonic() >= self._paused_until

    def _pause(self, error: Exception) -> None:
        if self._answers():
            _log.warning("redis_unavailable", error=error, retry_in_seconds=PAUSE_SECONDS)
        self._paused_until = self._monotonic() + PAUSE_SECONDS

    async def _recall_together(self, identities: Sequence[str]) -> Sequence[bytes | None]:
        async with asyncio.timeout(self._timeout_seconds):
            values = await self._redis.mget([self._key(identity) for identity in identities])
        return cast(Sequence[bytes | None], values)  # decode_responses is off

    async def _remember_together(self, entries: Sequence[tuple[str, Delivered]]) -> Sequence[object]:
        pipeline = self._redis.pipeline(transaction=False)
        for identity, delivered in entries:
            pipeline.set(self._key(identity), to_text(delivered), ex=self._keep)
        async with asyncio.timeout(self._timeout_seconds):
            answers: Sequence[object] = await pipeline.execute()
        return answers

    def _key(self, identity: str) -> str:
        return f"{self._prefix}{identity}"

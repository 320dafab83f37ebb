"""Records as the engine sees them, whatever broker is behind."""

from __future__ import annotations

from typing import NamedTuple

from shared.events.envelope import Headers


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"


class ConsumerRecord(NamedTuple):
    """A record read from a partition. ``timestamp_ms`` is the broker's or producer's, epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int

    @property
    def origin(self) -> str:
        """``topic[partition]@offset``, for messages to people."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


class ProducerRecord(NamedTuple):
    """A record to be written. Without ``partition`` the key decides (murmur2, as Java clients do)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None

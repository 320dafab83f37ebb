"""Which partition a key belongs to: by the number of partitions the bus reckons with, not by how many there are.

A client library counts the partitions it finds. One more, added by mistake or by habit, would then move most keys to
partitions whose state knows nothing of them, at each client at another moment. So the bus's own writers choose
themselves, and a surplus partition stays empty. Murmur2, as Java clients do.
"""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import murmur2

RecordedPartitions = Callable[[str], int | None]
"""By topic: how many partitions the bus reckons with; None: as many as there are."""

BY_THE_LIBRARY = -1


class Partitioner:
    """Called for each record that names no partition: under 0.2 µs (docs/decisions/0011)."""

    def __init__(self, recorded: RecordedPartitions) -> None:
        self._recorded = recorded

    def __call__(self, topic: str, key: bytes | None, value: bytes | None) -> int:
        """Its number; ``BY_THE_LIBRARY`` for topics that are not the bus's. Without a key the value decides."""
        count = self._recorded(topic)
        return BY_THE_LIBRARY if count is None else murmur2(key if key is not None else value or b"", count)

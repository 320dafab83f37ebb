"""The partition a complaint belongs to on every topic keyed by it: murmur2 over the key, as Java clients place it."""

from __future__ import annotations

from confluent_kafka import murmur2

from shared.events.topics import PARTITIONS


def partition_of_key(key: bytes) -> int:
    """Number of the partition, 0 to ``PARTITIONS`` - 1."""
    return int(murmur2(key, PARTITIONS))

"""When to stop reading requests: too many are unfinished, or one old one holds a partition's offset back.

Reading goes on when half of the excess is gone, so that it does not stop and start at every record.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.streaming.records import TopicPartition


class Throttle:
    """Decides which partitions are paused. ``max_pending`` requests over all; ``max_span`` offsets of one partition."""

    def __init__(self, max_pending: int, max_span: int) -> None:
        self._max_pending = max_pending
        self._max_span = max_span
        self._is_full = False
        self._stretched: set[TopicPartition] = set()

    def room(self, pending: int) -> int:
        """How many more requests may be read; at least 1, for what is read while everything is paused."""
        return max(1, self._max_pending - pending)

    def paused(self, pending: int, spans: Mapping[TopicPartition, int]) -> set[TopicPartition]:
        """The partitions to be paused now; ``spans`` has every owned one."""
        self._is_full = pending >= (self._max_pending // 2 + 1 if self._is_full else self._max_pending)
        self._stretched = {
            partition
            for partition, span in spans.items()
            if span >= (self._max_span // 2 + 1 if partition in self._stretched else self._max_span)
        }
        return set(spans) if self._is_full else set(self._stretched)

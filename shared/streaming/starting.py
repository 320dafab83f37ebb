"""Where a processor without state starts reading: what ``restore`` is for one with state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.processing import Processor, StateT
from shared.state.nothing import NothingKept
from shared.state.sqlite import PartitionStore
from shared.streaming.broker import Broker, Consumer, Offsets
from shared.streaming.records import TopicPartition
from shared.streaming.unread_gaps import UnreadGaps

_NOTHING: Final = NothingKept()


class Starter:
    """In place of a Restorer: there is no changelog to read, and no file."""

    def __init__(self, processor: Processor[StateT], broker: Broker) -> None:
        self.gaps = UnreadGaps(processor, broker)
        self.stores: dict[int, PartitionStore] = {}

    def assign(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> Offsets:
        """Where to start reading each of ``partitions``: what is committed, read only when no transaction is open.

        Raises LostProgress when records of the bus's own were deleted unread.
        """
        offsets = consumer.committed(partitions)
        self.stores = {place.partition: _NOTHING for place in partitions}
        return self.gaps.step_over(consumer, offsets)

    def release(self) -> None:
        """Another member may own the partitions now."""
        self.stores = {}

"""What a poll hands over: which partitions, in which order, and how their records mix, drawn from a seed.

Kafka keeps the order within a partition and promises nothing between partitions. A fetch may bring records of some of
them only; those of the others come in a later poll.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from shared.streaming.records import ConsumerRecord, TopicPartition

_SHARE_OF_PARTIAL_POLLS = 0.4


class Serving:
    """Draws for every poll of one history; each that brings records is told."""

    def __init__(self, seed: int, tell: Callable[[str], None] = lambda _: None) -> None:
        self._tell = tell
        self.random = Random(f"serving {seed}")
        self.leaves_out = True
        """Whether a poll may leave out partitions that have records; once faults have stopped it must not."""

    def partitions(self, readable: Sequence[TopicPartition]) -> Sequence[TopicPartition]:
        """Those of ``readable`` that one poll serves, first served first."""
        count = len(readable)
        if count < 2:
            return readable
        if self.leaves_out and self.random.random() < _SHARE_OF_PARTIAL_POLLS:
            count = self.random.randint(1, count - 1)
        return self.random.sample(readable, count)

    def mixed(self, records: Sequence[ConsumerRecord]) -> list[ConsumerRecord]:
        """The same records, partitions mixed at random, the order within each kept."""
        mixed = self._mixed(records)
        if mixed:
            self._tell(f"  … polled {', '.join(record.origin for record in mixed)}")
        return mixed

    def _mixed(self, records: Sequence[ConsumerRecord]) -> list[ConsumerRecord]:
        waiting: dict[tuple[str, int], list[ConsumerRecord]] = {}
        for record in reversed(records):
            waiting.setdefault((record.topic, record.partition), []).append(record)
        if len(waiting) < 2:
            return list(records)
        places = [(record.topic, record.partition) for record in records]
        self.random.shuffle(places)
        return [waiting[place].pop() for place in places]

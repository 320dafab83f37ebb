"""How much one pass takes on: a number of records, and no further one after a while. What is left is read again.

A number alone bounds nothing: a thousand records of the worst kind may take minutes, in which nothing is committed and
the group waits. So the time does, and the number follows it: half as many after a pass that ran out of time, up again
while there is time to spare, so that little is read in vain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from shared.streaming.records import ConsumerRecord, TopicPartition


class Pace:
    """Used by the loop's thread."""

    def __init__(self, max_records: int, pass_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = self._records = max_records
        self._pass_seconds = pass_seconds
        self._monotonic = monotonic
        self._begun_at = monotonic()

    @property
    def max_records(self) -> int:
        """So many records are asked for."""
        return self._records

    def begin(self) -> None:
        """The time runs from now on."""
        self._begun_at = self._monotonic()

    def is_over(self) -> bool:
        """Whether what is done now is enough for one transaction."""
        return self._monotonic() - self._begun_at >= self._pass_seconds

    def end(self, handled: int, left: int) -> None:
        """So many records were handled in the time, and so many had to be left."""
        if left:
            self._records = max(1, handled // 2)
        elif self._monotonic() - self._begun_at < self._pass_seconds / 2 and handled == self._records:
            self._records = min(self._limit, 2 * self._records)


def starts_of(records: Iterable[ConsumerRecord]) -> dict[TopicPartition, int]:
    """The first offset of each partition, of records that are in order within it."""
    starts: dict[TopicPartition, int] = {}
    for record in records:
        starts.setdefault(TopicPartition(record.topic, record.partition), record.offset)
    return starts

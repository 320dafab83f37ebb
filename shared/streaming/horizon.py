"""Up to which instant the input of a partition has been read completely: only timers due before that may fire.

Being "at the end" is not enough: under steady traffic there is always one more record. So the end offsets are asked
for at an instant t; once reading has passed them, everything that was on the log at t is known, and timers due by t
are safe (engine rule 6). Without this, an hour of downtime would breach cases that were resolved in the backlog.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.streaming.broker import Offsets
from shared.streaming.records import TopicPartition


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken_at: datetime
    ends: Offsets


class InputHorizon:
    """Knows, per partition number, until when its input is complete. Pure bookkeeping; the loop asks the broker."""

    def __init__(self) -> None:
        self._pending: dict[int, _Snapshot] = {}
        self._complete_until: dict[int, datetime] = {}

    def reset(self) -> None:
        """Forget everything: after an assignment or a rewind nothing is known."""
        self._pending.clear()
        self._complete_until.clear()

    def wants_snapshot(self, partitions: Iterable[int]) -> list[int]:
        """Those of ``partitions`` for which no snapshot is being waited for."""
        return [partition for partition in partitions if partition not in self._pending]

    def add_snapshot(self, partitions: Iterable[int], taken_at: datetime, ends: Offsets) -> None:
        """``ends`` were the end offsets at some time after ``taken_at``.

        A partition of which no end is known gets no snapshot: nothing read is not everything read.
        """
        for partition in partitions:
            own = {tp: end for tp, end in ends.items() if tp.partition == partition}
            if own:
                self._pending[partition] = _Snapshot(taken_at, own)

    def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        """Reading has come to ``positions``."""
        for partition, snapshot in list(self._pending.items()):
            if all(positions.get(tp, -1) >= end for tp, end in snapshot.ends.items()):
                self._complete_until[partition] = snapshot.taken_at
                del self._pending[partition]

    def complete_until(self, partition: int) -> datetime | None:
        """Everything on the log at this instant has been handled; None when that is not known of any instant."""
        return self._complete_until.get(partition)

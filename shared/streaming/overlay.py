"""The states of one batch over those in the stores: reads see the batch's own writes, stores are left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic

from shared.processing import Processor, StateT
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.largest import is_too_large
from shared.streaming.rows import encode_row

Place = tuple[int, bytes]
"""Partition and key."""


@dataclass(slots=True)
class StateOverlay(Generic[StateT]):
    """What was read is read once; what was changed is encoded once, when all is known (``weigh``, ``rows``)."""

    processor: Processor[StateT]
    stores: Mapping[int, PartitionStore]
    _changed: dict[Place, StateT | None] = field(default_factory=dict)
    _read: dict[Place, StateT | None] = field(default_factory=dict)
    _stored: dict[Place, bytes | None] = field(default_factory=dict)
    _encoded: dict[Place, Row] = field(default_factory=dict)
    _weighing: bool = False

    def prefetch(self, keys_by_partition: Mapping[int, set[bytes]]) -> None:
        """Read the states of many keys at once; ``state`` then need not ask the store one by one."""
        for partition, keys in keys_by_partition.items():
            found = self.stores[partition].get_many(keys)
            self._stored.update({(partition, key): found.get(key) for key in keys})

    def state(self, partition: int, key: bytes) -> StateT | None:
        """The state of ``key`` as of now."""
        place = (partition, key)
        if place in self._changed:
            return self._changed[place]
        if place not in self._read:
            value = self._stored[place] if place in self._stored else self.stores[partition].get(key)
            self._read[place] = None if value is None else self.processor.state_model.model_validate_json(value)
        return self._read[place]

    def put(self, partition: int, key: bytes, state: StateT | None) -> bool:
        """``state`` is that of ``key`` from now on; False: its row is too large to be written, so nothing changed.

        The very state it had changes nothing, so no row is written for it. Sizes count only once ``weigh`` was called.
        """
        if state is self.state(partition, key):
            return True
        place = (partition, key)
        if self._weighing:
            row = encode_row(self.processor, state)
            if is_too_large(key, row):
                return False
            self._encoded[place] = row
        self._changed[place] = state
        return True

    def weigh(self) -> bool:
        """Encode every changed row; False when one is too large to be written. From now on ``put`` refuses such.

        Encoding each row once, after the last record, costs nothing extra; after every record it would, and a row
        that is too large is a rarity. So the answer to False is ``start_again``.
        """
        self._weighing = True
        self._encoded = {place: encode_row(self.processor, state) for place, state in self._changed.items()}
        return not any(is_too_large(place[1], row) for place, row in self._encoded.items())

    def start_again(self) -> None:
        """Forget every change; what was read from the stores is still true."""
        self._changed.clear()
        self._encoded.clear()

    def is_changed(self, partition: int, key: bytes) -> bool:
        """True when the row of ``key`` will be written, with its timer, after the commit."""
        return (partition, key) in self._changed

    def changes(self) -> Iterator[tuple[StateT | None, StateT | None]]:
        """Every changed state as it was before the batch and as it is after it; for who counts what happened."""
        for place, after in self._changed.items():
            yield self._read[place], after

    def rows(self) -> dict[int, dict[bytes, Row]]:
        """Changed state rows by partition."""
        rows: dict[int, dict[bytes, Row]] = {}
        for place, state in self._changed.items():
            partition, key = place
            row = self._encoded.get(place) or encode_row(self.processor, state)
            rows.setdefault(partition, {})[key] = row
        return rows

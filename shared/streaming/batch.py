"""What one transaction will contain, collected in memory: outputs, new states, dead letters, input offsets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from shared.events.registry import encode
from shared.events.topics import LARGEST_RECORD_BYTES
from shared.events.unreadable import told
from shared.language import Text
from shared.processing import Emit, Processor, Refusal, StateT, Step
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.records import ProducerRecord, TopicPartition
from shared.streaming.rows import encode_row


@dataclass(slots=True)
class Batch(Generic[StateT]):
    """An overlay over the stores: reads see the batch's own writes; nothing touches a store before the commit."""

    processor: Processor[StateT]
    stores: Mapping[int, PartitionStore]
    now: datetime
    outputs: list[ProducerRecord] = field(default_factory=list)
    emits: list[Emit] = field(default_factory=list)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    handled: Counter[str] = field(default_factory=Counter)
    fired: set[tuple[int, bytes]] = field(default_factory=set)
    _states: dict[tuple[int, bytes], StateT | None] = field(default_factory=dict)
    _unchanged: dict[tuple[int, bytes], StateT | None] = field(default_factory=dict)
    _stored: dict[tuple[int, bytes], bytes | None] = field(default_factory=dict)
    _encoded: dict[tuple[int, bytes], Row] = field(default_factory=dict)
    _weighing: bool = False

    def is_empty(self) -> bool:
        """True when there is nothing to commit."""
        return not self.offsets

    def prefetch(self, keys_by_partition: Mapping[int, set[bytes]]) -> None:
        """Read the states of many keys at once; ``state`` then need not ask the store one by one."""
        for partition, keys in keys_by_partition.items():
            found = self.stores[partition].get_many(keys)
            self._stored.update({(partition, key): found.get(key) for key in keys})

    def state(self, partition: int, key: bytes) -> StateT | None:
        """The state of ``key`` as of now."""
        place = (partition, key)
        if place in self._states:
            return self._states[place]
        if place not in self._unchanged:
            value = self._stored[place] if place in self._stored else self.stores[partition].get(key)
            self._unchanged[place] = None if value is None else self.processor.state_model.model_validate_json(value)
        return self._unchanged[place]

    def take(self, partition: int, key: bytes, step: Step[StateT], traceparent: str | None) -> Refusal | None:
        """Add a step's new state and events; ``traceparent`` is that of the record behind it, if any.

        A step that returns the very state it was given changes nothing, so no row is written for it. A refusal: one of
        them is too large to be written, so nothing was added. Rows count only once ``weigh`` was called.
        """
        place = (partition, key)
        outputs = self._encode(key, step.emits, traceparent) if step.emits else []
        refusal = _too_large(outputs, traceparent)
        if refusal is None and step.state is not self.state(partition, key):
            refusal = self._change(place, step.state)
        if refusal is None:
            self.outputs.extend(outputs)
            self.emits.extend(step.emits)
        return refusal

    def weigh(self) -> bool:
        """Encode every changed row; False when one is too large to be written. From now on ``take`` refuses such.

        Encoding each row once, after the last record, costs nothing extra; after every record it would, and a row
        that is too large is a rarity. So the answer to False is ``start_again``.
        """
        self._weighing = True
        self._encoded = {place: encode_row(self.processor, state) for place, state in self._states.items()}
        return not any(_is_too_large(place[1], row) for place, row in self._encoded.items())

    def start_again(self) -> None:
        """Forget everything that was added; what was read from the stores is still true."""
        for collected in (self.outputs, self.emits, self.offsets, self.refusals, self.handled):
            collected.clear()
        self._states.clear()
        self._encoded.clear()

    def _change(self, place: tuple[int, bytes], state: StateT | None) -> Refusal | None:
        if self._weighing:
            row = encode_row(self.processor, state)
            if _is_too_large(place[1], row):
                return _refusal("the state of the complaint")
            self._encoded[place] = row
        self._states[place] = state
        return None

    def _encode(self, key: bytes, emits: Iterable[Emit], traceparent: str | None) -> list[ProducerRecord]:
        source = f"/complaint-bus/{self.processor.name}"
        subject = key.decode()
        outputs = []
        for emit in emits:
            value, headers = encode(
                emit.event,
                event_id=emit.event_id,
                source=source,
                subject=subject,
                time=self.now,
                traceparent=emit.traceparent or traceparent,
            )
            outputs.append(ProducerRecord(emit.topic, key, value, headers))
        return outputs

    def is_changed(self, partition: int, key: bytes) -> bool:
        """True when the row of ``key`` will be written, with its timer, after the commit."""
        return (partition, key) in self._states

    def changes(self) -> Iterator[tuple[StateT | None, StateT | None]]:
        """Every changed state as it was before the batch and as it is after it; for who counts what happened."""
        for place, after in self._states.items():
            yield self._unchanged[place], after

    def rows(self) -> dict[int, dict[bytes, Row]]:
        """Changed state rows by partition."""
        rows: dict[int, dict[bytes, Row]] = {}
        for place, state in self._states.items():
            partition, key = place
            row = self._encoded.get(place) or encode_row(self.processor, state)
            rows.setdefault(partition, {})[key] = row
        return rows


def _too_large(outputs: Iterable[ProducerRecord], traceparent: str | None) -> Refusal | None:
    """Headers are counted by what a writer can make long: the trace, and the key, which is the subject, too."""
    for record in outputs:
        size = len(record.value or b"") + 2 * len(record.key or b"") + len(traceparent or "")
        if size > LARGEST_RECORD_BYTES:
            return _refusal(f"a record for {record.topic}")
    return None


def _is_too_large(key: bytes, row: Row) -> bool:
    return row.value is not None and len(key) + len(row.value) > LARGEST_RECORD_BYTES


def _refusal(what: str) -> Refusal:
    limit = LARGEST_RECORD_BYTES
    found = Text(f"Too large: {what}, at most {limit} bytes.", f"内容过大，上限 {limit} 字节。")
    return Refusal("too_large", told("too_large", found))

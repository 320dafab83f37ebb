"""What one transaction will contain, collected in memory: outputs, new states, dead letters, input offsets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from shared.clock import to_epoch_ms
from shared.events.envelope import Headers
from shared.events.registry import encode
from shared.events.topics import state_topic
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.processor import Emit, Processor, StateT, Step
from shared.streaming.records import ProducerRecord, TopicPartition

_NO_HEADERS: Headers = []


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
    _states: dict[tuple[int, bytes], StateT | None] = field(default_factory=dict)
    _unchanged: dict[tuple[int, bytes], StateT | None] = field(default_factory=dict)
    _stored: dict[tuple[int, bytes], bytes | None] = field(default_factory=dict)

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

    def take(self, partition: int, key: bytes, step: Step[StateT], traceparent: str | None) -> None:
        """Add a step's new state and events; ``traceparent`` is that of the record behind it, if any.

        A step that returns the very state it was given changes nothing, so no row is written for it.
        """
        if step.state is not self.state(partition, key):
            self._states[(partition, key)] = step.state
        if step.emits:
            self._emit(key, step.emits, traceparent)

    def _emit(self, key: bytes, emits: Iterable[Emit], traceparent: str | None) -> None:
        source = f"/complaint-bus/{self.processor.name}"
        subject = key.decode()
        for emit in emits:
            value, headers = encode(
                emit.event,
                event_id=emit.event_id,
                source=source,
                subject=subject,
                time=self.now,
                traceparent=emit.traceparent or traceparent,
            )
            self.outputs.append(ProducerRecord(emit.topic, key, value, headers))
            self.emits.append(emit)

    def changes(self) -> Iterator[tuple[StateT | None, StateT | None]]:
        """Every changed state as it was before the batch and as it is after it; for who counts what happened."""
        for place, after in self._states.items():
            yield self._unchanged[place], after

    def rows(self) -> dict[int, dict[bytes, Row]]:
        """Changed state rows by partition."""
        rows: dict[int, dict[bytes, Row]] = {}
        for (partition, key), state in self._states.items():
            rows.setdefault(partition, {})[key] = encode_row(self.processor, state)
        return rows


def encode_row(processor: Processor[StateT], state: StateT | None) -> Row:
    """State as kept: JSON and the derived due time."""
    if state is None:
        return Row(None, None)
    value = state.__pydantic_serializer__.to_json(state, exclude_defaults=True)
    return Row(value, due_ms(processor, state))


def due_ms(processor: Processor[StateT], state: StateT) -> int | None:
    """The state's timer in epoch milliseconds."""
    due_at = processor.due_at(state)
    return None if due_at is None else to_epoch_ms(due_at)


def changelog_records(name: str, rows: Mapping[int, Mapping[bytes, Row]]) -> Iterator[list[ProducerRecord]]:
    """Changelog rows of ``rows``, partition by partition, each to the partition its state belongs to."""
    topic = state_topic(name)
    for partition, partition_rows in rows.items():
        yield [ProducerRecord(topic, key, row.value, _NO_HEADERS, partition) for key, row in partition_rows.items()]

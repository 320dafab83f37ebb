"""What one transaction will contain, collected in memory: outputs, new states, dead letters, input offsets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic

from shared.events.registry import encode
from shared.processing import Emit, Processor, Refusal, StateT, Step
from shared.state.sqlite import PartitionStore
from shared.streaming.largest import first_too_large, too_large
from shared.streaming.overlay import Place, StateOverlay
from shared.streaming.records import ProducerRecord, TopicPartition


class Batch(Generic[StateT]):
    """Outputs and what is told of them, beside the states they go with (``states``). Nothing touches a store."""

    __slots__ = ("emits", "fired", "handled", "now", "offsets", "outputs", "processor", "refusals", "states")

    def __init__(self, processor: Processor[StateT], stores: Mapping[int, PartitionStore], now: datetime) -> None:
        self.processor = processor
        self.now = now
        self.states = StateOverlay(processor, stores)
        self.outputs: list[ProducerRecord] = []
        self.emits: list[Emit] = []
        self.offsets: dict[TopicPartition, int] = {}
        self.refusals: list[tuple[str, str]] = []
        self.handled = Counter[str]()
        self.fired: set[Place] = set()

    def is_empty(self) -> bool:
        """True when there is nothing to commit."""
        return not self.offsets

    def take(self, partition: int, key: bytes, step: Step[StateT], traceparent: str | None) -> Refusal | None:
        """Add a step's new state and events; ``traceparent`` is that of the record behind it, if any.

        A refusal: one of them is too large to be written, so nothing was added.
        """
        if step.refusal is not None:
            return step.refusal
        outputs = self._encode(key, step.emits, traceparent) if step.emits else []
        large = first_too_large(outputs, traceparent)
        if large is not None:
            return too_large(f"a record for {large.topic}")
        if not self.states.put(partition, key, step.state):
            return too_large("the state of the complaint")
        self.outputs += outputs
        self.emits += step.emits
        return None

    def start_again(self) -> None:
        """Forget everything that was added; what was read from the stores is still true."""
        for collected in (self.outputs, self.emits, self.offsets, self.refusals, self.handled):
            collected.clear()
        self.states.start_again()

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

"""The tiny processor as a real process: ``python -m tests.component.engine.counter_process``.

It runs under the name of a real service, since only those have crash points. ``CBUS_FREEZE_AT`` makes it stop itself
(SIGSTOP) at a chosen step, once, as if the machine had been suspended just there.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from shared.processing import Message, Step
from shared.settings import KafkaSettings, load_settings
from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.engine_settings import ProcessorSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service
from tests.component.engine.harness import Count, Counter

NAME = "sla"
PARTITIONS = 2


class CounterSettings(ProcessorSettings):
    """Settings of the tiny process."""

    freeze_at: Literal["never", "reduce", "offsets", "commit"] = Field("never", description="Where to stop itself.")
    freeze_passage: int = Field(1, ge=1, description="At which passage; once only.")
    poison: str = Field("", description="The ce_id of an urge on which the reducer works and works.")
    poison_seconds: float = Field(float("inf"), description="So long.")


class Freezer:
    """Stops this process at one passage of one step; a test lets it go on."""

    def __init__(self, settings: CounterSettings) -> None:
        self._step = settings.freeze_at
        self._remaining = settings.freeze_passage

    def passing(self, step: str) -> None:
        """Stop here if this is the passage."""
        if step == self._step:
            self._remaining -= 1
            if self._remaining == 0:
                os.kill(os.getpid(), signal.SIGSTOP)


class FreezingProducer:
    """A transactional producer that may freeze before two of its steps."""

    def __init__(self, producer: Any, freezer: Freezer) -> None:
        self._producer = producer
        self._freezer = freezer

    def send_offsets(self, offsets: Offsets, group: GroupMetadata) -> None:
        self._freezer.passing("offsets")
        self._producer.send_offsets(offsets, group)

    def commit(self) -> None:
        self._freezer.passing("commit")
        self._producer.commit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)


class FreezingBroker:
    """Kafka, with such producers."""

    def __init__(self, broker: KafkaBroker, freezer: Freezer) -> None:
        self._broker = broker
        self._freezer = freezer

    def transactional_producer(self, transactional_id: str) -> FreezingProducer:
        return FreezingProducer(self._broker.transactional_producer(transactional_id), self._freezer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


class HangingCounter(Counter):
    """Comes back from one record late, or never."""

    def __init__(self, during_reduce: Callable[[], None], settings: CounterSettings) -> None:
        super().__init__(during_reduce, NAME)
        self._poison, self._seconds = settings.poison, settings.poison_seconds

    def reduce(self, state: Count | None, message: Message, now: datetime) -> Step[Count]:
        begun = time.monotonic()
        while message.envelope.id == self._poison and time.monotonic() - begun < self._seconds:
            pass
        return super().reduce(state, message, now)


def small_cluster(settings: KafkaSettings) -> KafkaBroker:
    """A cluster whose topics have few partitions, and whose writers know it."""
    return KafkaBroker(settings, recorded=lambda _: PARTITIONS)


def main() -> int:
    """Run until told to stop."""
    settings = load_settings(CounterSettings)
    freezer = Freezer(settings)
    broker: Any = FreezingBroker(small_cluster(settings.kafka), freezer)
    counter = HangingCounter(lambda: freezer.passing("reduce"), settings)
    return Service(counter, settings, broker=broker, clock=settings.make_clock()).run()


if __name__ == "__main__":
    sys.exit(main())

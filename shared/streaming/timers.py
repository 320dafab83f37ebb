"""Firing timers: on wall-clock time, and only where the input is known to be complete up to their instant (rule 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic

from shared.clock import to_epoch_ms
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable, InvalidEvent
from shared.observability.logging import get_logger
from shared.observability.metrics import SLA_FIRE_LATENESS_SECONDS, TIMER_FAILURES_TOTAL
from shared.state.sqlite import PartitionStore
from shared.streaming.batch import Batch
from shared.streaming.broker import Consumer, Offsets
from shared.streaming.horizon import InputHorizon
from shared.streaming.processor import Processor, StateT

_LOG = get_logger()


class TimerFirer(Generic[StateT]):
    """Finds due timers in the stores and runs them through the processor."""

    def __init__(self, processor: Processor[StateT], consumer: Consumer, grace: timedelta, max_timers: int) -> None:
        self._processor = processor
        self._consumer = consumer
        self._grace = grace
        self._max_timers = max_timers
        self._horizon = InputHorizon()
        self._failed: set[tuple[int, bytes]] = set()

    def reset(self) -> None:
        """Positions were changed: what was known to be complete no longer is. Timers that failed get another try."""
        self._horizon.reset()
        self._failed.clear()

    def fire(self, stores: Mapping[int, PartitionStore], batch: Batch[StateT]) -> None:
        """Add the outcome of every timer that may fire now to ``batch``."""
        waiting = _with_due_timers(stores, batch.now - self._grace)
        if not waiting:
            return
        positions = self._consumer.positions()
        self._ask_for_ends(waiting, positions, batch.now)
        self._horizon.advance(positions)
        for number in waiting:
            complete_until = self._horizon.complete_until(number)
            if complete_until is not None:
                self._fire_partition(number, stores[number], complete_until - self._grace, batch)
                _add_offsets(number, positions, batch)

    def _ask_for_ends(self, waiting: list[int], positions: Offsets, now: datetime) -> None:
        wanted = self._horizon.wants_snapshot(waiting)
        if not wanted:
            return
        partitions = [tp for tp in positions if tp.partition in wanted]
        try:
            self._horizon.add_snapshot(wanted, now, self._consumer.end_offsets(partitions))
        except BrokerUnavailable as error:
            _LOG.warning("timers_wait", reason="end offsets unknown", error=error)

    def _fire_partition(self, number: int, store: PartitionStore, until: datetime, batch: Batch[StateT]) -> None:
        for key in store.due(to_epoch_ms(until), self._max_timers):
            if (number, key) not in self._failed:
                self._fire_one(number, key, until, batch)

    def _fire_one(self, number: int, key: bytes, until: datetime, batch: Batch[StateT]) -> None:
        """A processor must not raise; if it does, this timer waits for the next restart, and all others fire."""
        state = batch.state(number, key)
        try:
            due_at = None if state is None else self._processor.due_at(state)
            if state is None or due_at is None or due_at > until:
                return  # a record of this very batch changed it
            crash_point(f"{self._processor.name}.before-fire")
            step = self._processor.fire(state, until)
        except Exception as error:
            self._fail(number, key, error)
            return
        refusal = batch.take(number, key, step, None)
        if refusal is not None:
            self._fail(number, key, InvalidEvent(*refusal))
            return
        SLA_FIRE_LATENESS_SECONDS.observe((batch.now - due_at).total_seconds())
        crash_point(f"{self._processor.name}.after-fire-before-commit")

    def _fail(self, number: int, key: bytes, error: Exception) -> None:
        self._failed.add((number, key))
        TIMER_FAILURES_TOTAL.labels(self._processor.name).inc()
        _LOG.error("timer_failed", complaint_id=key.decode(errors="replace"), error=error)


def _with_due_timers(stores: Mapping[int, PartitionStore], until: datetime) -> list[int]:
    until_ms = to_epoch_ms(until)
    return [number for number, store in stores.items() if (due := store.next_due_ms()) is not None and due <= until_ms]


def _add_offsets(number: int, positions: Offsets, batch: Batch[StateT]) -> None:
    """A transaction of timers alone must carry offsets too, or the broker could not fence a zombie's (rule 1)."""
    for partition, position in positions.items():
        if partition.partition == number:
            batch.offsets.setdefault(partition, position)

"""Firing timers: on wall-clock time, and only where the input is known to be complete up to their instant (rule 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Generic

from shared.clock import to_epoch_ms
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable, InvalidEvent
from shared.observability.logging import get_logger
from shared.observability.metrics import TIMER_FAILURES_TOTAL, TIMER_LATENESS_SECONDS
from shared.processing import Processor, StateT
from shared.state.sqlite import PartitionStore
from shared.streaming.batch import Batch
from shared.streaming.broker import Consumer, Offsets
from shared.streaming.horizon import InputHorizon
from shared.streaming.in_hand import TIMER, InHand, Place

_LOG = get_logger()


class TimerFirer(Generic[StateT]):
    """Finds due timers in the stores and runs them through the processor."""

    def __init__(
        self, processor: Processor[StateT], consumer: Consumer, grace: timedelta, max_timers: int, in_hand: InHand
    ) -> None:
        self._processor = processor
        self._in_hand = in_hand
        self._consumer = consumer
        self._grace = grace
        self._max_timers = max_timers
        self._horizon = InputHorizon()
        self._lateness = TIMER_LATENESS_SECONDS.labels(processor.name)

    def reset(self) -> None:
        """Positions were changed: what was known to be complete no longer is."""
        self._horizon.reset()

    def fire(self, stores: Mapping[int, PartitionStore], batch: Batch[StateT], is_enough: Callable[[], bool]) -> None:
        """Add the outcome of the timers that may fire now to ``batch``, until ``is_enough``: one of a partition."""
        waiting = _with_due_timers(stores, batch.now - self._grace)
        if not waiting:
            return
        positions = self._consumer.positions()
        self._ask_for_ends(waiting, positions, batch.now)
        self._horizon.advance(positions)
        for number in waiting:
            complete_until = self._horizon.complete_until(number)
            if complete_until is None:
                continue
            if self._fire_partition(number, stores[number], complete_until - self._grace, batch, is_enough):
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

    def _fire_partition(
        self,
        number: int,
        store: PartitionStore,
        until: datetime,
        batch: Batch[StateT],
        is_enough: Callable[[], bool],
    ) -> bool:
        """True when anything fired. What is not due after all moves, or it would be asked about in every pass."""
        has_fired = False
        moved: dict[bytes, int | None] = {}
        for key in store.due(to_epoch_ms(until), self._max_timers):
            try:
                state = batch.states.state(number, key)
                due_at = None if state is None else self._processor.due_at(state)
                if state is not None and due_at is not None and due_at <= until:
                    self._fire_one(number, key, state, until, batch)
                    self._lateness.observe((batch.now - due_at).total_seconds())
                    has_fired = True
                    batch.fired.add((number, key))
                    if is_enough():
                        break
                elif not batch.states.is_changed(number, key):
                    moved[key] = None if due_at is None else to_epoch_ms(due_at)
            except Exception as error:
                self._fail(number, key, error, batch)
        if moved:
            store.move_timers(moved)
        return has_fired

    def _fire_one(self, number: int, key: bytes, state: StateT, until: datetime, batch: Batch[StateT]) -> None:
        crash_point(f"{self._processor.name}.before-fire")
        place = Place(TIMER, number, key=key.decode())
        if self._in_hand.was_slow(place):
            raise InvalidEvent("too_slow", f"it took longer than {self._in_hand.limit_seconds:g} s before")
        self._in_hand.begin(place)
        try:
            step = self._processor.fire(state, until)
        finally:
            self._in_hand.end()
        refusal = batch.take(number, key, step, None)
        if refusal is not None:
            raise InvalidEvent(*refusal)
        crash_point(f"{self._processor.name}.after-fire-before-commit")

    def _fail(self, number: int, key: bytes, error: Exception, batch: Batch[StateT]) -> None:
        """A processor must not raise; if it does, this timer waits for the next restart, and all others fire."""
        TIMER_FAILURES_TOTAL.labels(self._processor.name).inc()
        _LOG.error("timer_failed", complaint_id=key.decode(errors="replace"), error=error)
        if not batch.states.is_changed(
            number, key
        ):  # else its row is about to be written, with its timer: it fails once more
            batch.states.stores[number].set_aside(key)


def _with_due_timers(stores: Mapping[int, PartitionStore], until: datetime) -> list[int]:
    until_ms = to_epoch_ms(until)
    return [number for number, store in stores.items() if (due := store.next_due_ms()) is not None and due <= until_ms]


def _add_offsets(number: int, positions: Offsets, batch: Batch[StateT]) -> None:
    """A transaction of timers alone must carry offsets too, or the broker could not fence a zombie's (rule 1)."""
    for partition, position in positions.items():
        if partition.partition == number:
            batch.offsets.setdefault(partition, position)

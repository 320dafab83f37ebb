"""Gauges of a loop that cost a question to the broker or the store: read every few seconds, not every pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from shared.errors import BrokerUnavailable
from shared.observability import metrics
from shared.state.sqlite import PartitionStore
from shared.streaming.broker import Consumer
from shared.streaming.census import PublishCensus, take_census
from shared.streaming.records import ConsumerRecord

_PAUSE_PER_COUNTING: Final = 100
"""So many times as long as the last counting took the next is put off: it costs a hundredth of the time at most."""
_NOTHING: Final = nullcontext()


class LoopGauges:
    """Publishes lag, number of state rows, and their census, of one service."""

    def __init__(
        self,
        service: str,
        consumer: Consumer,
        publish_census: PublishCensus | None = None,
        *,
        every_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        wall_seconds: Callable[[], float] = time.time,
        while_counting: AbstractContextManager[object] = _NOTHING,
    ) -> None:
        """``wall_seconds``: epoch seconds of the machine, by which records are stamped.

        ``while_counting``: held for one store after the other, where another thread uses them too.
        """
        self._service = service
        self._consumer = consumer
        self._publish_census = publish_census
        self._every_seconds = every_seconds
        self._monotonic = monotonic
        self._wall_seconds = wall_seconds
        self._while_counting = while_counting
        self._read_at = monotonic() - every_seconds
        self._count_at = self._read_at
        self._read_up_to: dict[tuple[str, int], float] = {}

    def refresh(self, handled: Iterable[ConsumerRecord], stores: Mapping[int, PartitionStore]) -> None:
        """Note what was handled, and publish if it is time; a broker that does not answer leaves the last values."""
        self._read_up_to.update({(record.topic, record.partition): record.timestamp_ms / 1000 for record in handled})
        if self._monotonic() - self._read_at < self._every_seconds or not stores:
            return
        self._read_at = self._monotonic()
        if self._read_at >= self._count_at:
            self._count(stores)
        self._publish_lag()

    def _count(self, stores: Mapping[int, PartitionStore]) -> None:
        """Every row is looked at, some 16 ms for 100,000 of them, while no record is handled: the more, the rarer."""
        rows = 0
        for store in stores.values():
            with self._while_counting:
                rows += store.count()
        metrics.STATE_ROWS.labels(self._service).set(rows)
        if self._publish_census is not None:
            self._publish_census(take_census(stores.values()))
        done_at = self._monotonic()
        self._count_at = done_at + _PAUSE_PER_COUNTING * (done_at - self._read_at)

    def forget(self) -> None:
        """The partitions belong to somebody else now; so does their lag, and what is in them."""
        self._read_up_to.clear()
        metrics.CONSUMER_LAG_RECORDS.clear()
        metrics.CONSUMER_LAG_SECONDS.clear()
        metrics.STATE_ROWS.labels(self._service).set(0)
        if self._publish_census is not None:
            self._publish_census({})

    def _publish_lag(self) -> None:
        asked_at = self._wall_seconds()
        positions = dict(self._consumer.positions())
        try:
            ends = self._consumer.end_offsets(list(positions))
        except BrokerUnavailable:
            return
        for partition, end in ends.items():
            labels = (self._service, *partition)
            lag = max(0, end - positions[partition])
            metrics.CONSUMER_LAG_RECORDS.labels(*labels).set(lag)
            if lag == 0:
                self._read_up_to[partition] = asked_at
            if (read_up_to := self._read_up_to.get(partition)) is not None:
                waiting = self._wall_seconds() - read_up_to if lag else 0.0
                metrics.CONSUMER_LAG_SECONDS.labels(*labels).set(max(0.0, waiting))

"""Gauges of a loop that cost a question to the broker or the store: read every few seconds, not every pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from shared.errors import BrokerUnavailable
from shared.observability import metrics
from shared.state.sqlite import PartitionStore
from shared.streaming.broker import Consumer


class LoopGauges:
    """Publishes lag and number of state rows of one service."""

    def __init__(
        self,
        service: str,
        consumer: Consumer,
        every_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._consumer = consumer
        self._every_seconds = every_seconds
        self._monotonic = monotonic
        self._read_at = monotonic() - every_seconds

    def refresh(self, stores: Mapping[int, PartitionStore]) -> None:
        """Publish if it is time; a broker that does not answer leaves the last values."""
        if self._monotonic() - self._read_at < self._every_seconds or not stores:
            return
        self._read_at = self._monotonic()
        metrics.STATE_ROWS.labels(self._service).set(sum(store.count() for store in stores.values()))
        positions = dict(self._consumer.positions())
        try:
            ends = self._consumer.end_offsets(list(positions))
        except BrokerUnavailable:
            return
        for partition, end in ends.items():
            lag = metrics.CONSUMER_LAG_RECORDS.labels(self._service, partition.topic, partition.partition)
            lag.set(max(0, end - positions[partition]))

    def forget(self) -> None:
        """The partitions belong to somebody else now; so does their lag."""
        metrics.CONSUMER_LAG_RECORDS.clear()
        metrics.STATE_ROWS.labels(self._service).set(0)

"""What the log itself says was taken in: known with Redis flushed, after a restart, and at every door alike.

A thread follows ``complaints.received.v1`` and notes of each complaint what a repeat must match and is to be told: the
digest of its content and its first receipt. It is a few milliseconds behind, which Redis covers. A door waits for it
some seconds when it has just found the cluster (``memory.cluster_watch``), and goes on without it if it cannot read.
What it knows is believed before Redis, which may have been told a second receipt while nobody knew of the first. No
personal data is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.intake.delivery import Delivered, from_text, to_text
from shared.clock import Clock, to_epoch_ms
from shared.errors import BrokerUnavailable, InvalidEvent
from shared.events.clients import RECEIPTS_GROUP
from shared.events.received import ComplaintSubmitted
from shared.events.registry import decode
from shared.events.topics import RECEIVED
from shared.observability.logging import get_logger
from shared.observability.outage import OUTAGE
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.broker import Broker, Offsets
from shared.streaming.gauges import LoopGauges
from shared.streaming.records import ConsumerRecord, TopicPartition

_LOG = get_logger()
_SERVICE: Final = "intake"
_PART: Final = "receipts"
_MOST_RECORDS: Final = 200
"""In one write: the door waits for it, so it is kept short."""
_POLL_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 2.0
_LEAVE_SECONDS: Final = 5.0
_FORGOTTEN = Row(None, None)


class Receipts:
    """Reads from ``start`` to ``stop``. Implements ``delivery.Memory``; ``remember`` is left to the log."""

    def __init__(self, broker: Broker, directory: Path, instance_id: str, keep: timedelta, clock: Clock) -> None:
        """``directory`` is this process's own. A complaint is forgotten ``keep`` after it was taken in."""
        self._broker = broker
        self._directory = directory
        self._instance_id = instance_id
        self._keep = keep
        self._clock = clock
        self._stores: dict[int, PartitionStore] = {}
        self._stores_cluster: str | None = None
        self._cluster_id: str | None = None
        self._lock = threading.Lock()
        self._ends: Offsets = {}
        self._begun = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)

    def use_cluster(self, cluster_id: str | None) -> None:
        """Speak for this Kafka cluster only; while it is unknown, nothing is recalled."""
        self._cluster_id = cluster_id

    def start(self) -> None:
        """Begin to follow the log."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until what was on the log at the start is read, or it turned out that it cannot be; or so long."""
        self._begun.wait(seconds)

    def stop(self) -> None:
        """Stop following; the thread closes the files at its end. One that cannot leave its group is left behind."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_LEAVE_SECONDS)

    async def recall(self, identity: str) -> Delivered | None:
        """The first complaint with this id on the log, as far as it was read; None also when a file is spoilt."""
        try:
            text = await self._find(identity.encode())
        except sqlite3.Error as error:
            _LOG.error("receipts_not_readable", error=error)
            return None
        return None if text is None else from_text(text.decode())

    async def remember(self, identity: str, delivered: Delivered) -> None:
        """Nothing to do: what is durable is on the log, and is read there."""

    async def _find(self, key: bytes) -> bytes | None:
        """Asked at once (some 10 µs); a thread waits while the files are written, for others are served meanwhile."""
        if not self._lock.acquire(blocking=False):
            return await asyncio.to_thread(self._wait_and_find, key)
        try:
            return self._get(key)
        finally:
            self._lock.release()

    def _wait_and_find(self, key: bytes) -> bytes | None:
        with self._lock:
            return self._get(key)

    def _get(self, key: bytes) -> bytes | None:
        """From the file of the key's partition, as this cluster places keys among those that are followed."""
        if self._cluster_id is None or self._cluster_id != self._stores_cluster or not self._stores:
            return None
        store = self._stores.get(self._broker.partition_of(key, len(self._stores)))
        return None if store is None else store.get(key)

    def _run(self) -> None:
        try:
            self._keep_following()
        finally:
            self._close_stores()

    def _keep_following(self) -> None:
        told = ""
        while not self._stopping.is_set():
            try:
                self._follow()
            except Exception as error:
                if isinstance(error, BrokerUnavailable):
                    OUTAGE.failing(_PART, error)
                else:
                    if str(error) != told:  # not once for each try
                        _LOG.warning("receipts_not_followed", error=error, retry_in_seconds=_RETRY_SECONDS)
                    told = str(error)
                    self._begun.set()
                self._stopping.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        consumer = self._broker.consumer(f"{RECEIPTS_GROUP}-{self._instance_id}", self._instance_id)
        gauges = LoopGauges(_SERVICE, consumer, while_counting=self._lock)
        with contextlib.closing(consumer):
            consumer.subscribe([RECEIVED], self._open_stores, lambda _lost: gauges.forget())
            while not self._stopping.is_set():
                records = consumer.poll(_MOST_RECORDS, _POLL_SECONDS)
                self._note(records)
                OUTAGE.well(_PART)
                if not self._begun.is_set() and self._ends and self._has_reached(consumer.positions()):
                    self._begun.set()
                gauges.refresh(records, self._stores)

    def _has_reached(self, positions: Offsets) -> bool:
        return all(positions.get(partition, 0) >= end for partition, end in self._ends.items())

    def _open_stores(self, assigned: Sequence[TopicPartition]) -> Offsets:
        """What lies in a surplus partition nobody works on: a repeat of it is new, and goes where it is read."""
        count = self._broker.recorded_partitions(RECEIVED)
        partitions = [place for place in assigned if count is None or place.partition < count]
        cluster_id, bounds = self._broker.cluster_id(), self._broker.log_bounds(partitions)
        if cluster_id != self._stores_cluster:
            self._close_stores()
        with self._lock:
            for partition in partitions:
                store = self._stores.get(partition.partition)
                if store is None:
                    path = self._directory / f"{partition.partition}.sqlite"
                    store = self._stores[partition.partition] = PartitionStore(path, cluster_id)
                if store.changelog_offset > bounds[partition].end:
                    store.clear()  # the topic was made anew
            self._stores_cluster = cluster_id
            self._ends = {partition: each.end for partition, each in bounds.items()}
            return {p: max(self._stores[p.partition].changelog_offset, bounds[p].start) for p in partitions}

    def _close_stores(self) -> None:
        with self._lock:
            for store in self._stores.values():
                store.close()
            self._stores = {}
            self._stores_cluster = None

    def _note(self, records: Sequence[ConsumerRecord]) -> None:
        now_ms = to_epoch_ms(self._clock.now())
        by_partition: dict[int, list[ConsumerRecord]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        for number, store in self._stores.items():
            read = by_partition.get(number, [])
            with self._lock:  # for one file after the other: the doors ask in between
                rows = dict.fromkeys(store.due(now_ms, _MOST_RECORDS), _FORGOTTEN) | self._rows(store, read, now_ms)
                if rows or read:
                    store.apply(rows, read[-1].offset + 1 if read else store.changelog_offset)

    def _rows(self, store: PartitionStore, records: Iterable[ConsumerRecord], now_ms: int) -> dict[bytes, Row]:
        """Of each complaint the first record; what is older than is to be kept is left out."""
        rows: dict[bytes, Row] = {}
        for record in records:
            key = record.key
            if key is None or key in rows or store.get(key) is not None:
                continue
            row = self._row(record, now_ms)
            if row is not None:
                rows[key] = row
        return rows

    def _row(self, record: ConsumerRecord, now_ms: int) -> Row | None:
        try:
            _, event = decode(record.headers, record.value)
        except InvalidEvent:  # the router tells of it
            return None
        if not isinstance(event, ComplaintSubmitted):
            return None
        complaint = event.complaint
        forget_ms = to_epoch_ms(complaint.ingested_at + self._keep)
        text = to_text(Delivered(complaint.content_digest, complaint.received_at))
        return Row(text.encode(), forget_ms) if forget_ms > now_ms else None

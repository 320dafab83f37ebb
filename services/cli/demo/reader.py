"""Reads the whole bus into the ledger, in a thread of its own: read_committed, without a group, with kafka-python."""

from __future__ import annotations

import threading
import time
from typing import Any

from services.cli.bus.kafka_access import all_partitions, bus_topics_of, open_reader, to_kafka, to_record
from services.cli.demo.ledger import Ledger
from shared.errors import BrokerUnavailable
from shared.settings import KafkaSettings

POLL_MS = 50
CATCH_UP_WITHIN_SECONDS = 30.0


class BusReader:
    """Enters every record written since it was made; ``finish`` reads to the end as of the call."""

    def __init__(self, settings: KafkaSettings, ledger: Ledger) -> None:
        self._ledger = ledger
        self._reader = open_reader(settings)
        partitions = all_partitions(self._reader, bus_topics_of(self._reader))
        self._partitions = [to_kafka(partition) for partition in partitions]
        self._reader.assign(self._partitions)
        for partition, end in self._reader.end_offsets(self._partitions).items():
            self._reader.seek(partition, end)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="bus-reader", daemon=True)

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def require_well(self) -> None:
        """Raise if the thread ended: figures without a reader would be lies."""
        if self._failure is not None:
            raise BrokerUnavailable(
                f"the demo's reader of the bus ended ({type(self._failure).__name__}), so nothing can be said about "
                "what arrived; did the broker go away?"
            ) from self._failure

    def finish(self) -> None:
        """Stop the thread and read up to the end as of now; raises BrokerUnavailable if that takes too long."""
        self._stop.set()
        self._thread.join()
        self.require_well()
        ends = self._reader.end_offsets(self._partitions)
        deadline = time.monotonic() + CATCH_UP_WITHIN_SECONDS
        while any(self._reader.position(partition) < end for partition, end in ends.items()):
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"the bus could not be read to its end within {CATCH_UP_WITHIN_SECONDS:g} s")
            self._read_some()

    def close(self) -> None:
        """Let go of the connection."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._reader.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._read_some()
        except BaseException as failure:  # kept, to be raised where somebody can act on it
            self._failure = failure

    def _read_some(self) -> None:
        polled: dict[Any, list[Any]] = self._reader.poll(timeout_ms=POLL_MS)
        for records in polled.values():
            for record in records:
                self._ledger.apply(to_record(record))

"""The idempotent producer of edges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as ConfluentProducer

from shared.errors import BrokerUnavailable, FatalError
from shared.streaming.kafka.connection_faults import ConnectionFaults
from shared.streaming.kafka.faults import FATAL, NO_RIGHT, cause_of, hopeless
from shared.streaming.kafka.majority_watch import MajorityWatch
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS
from shared.streaming.kafka.partitioning import Partitioner
from shared.streaming.records import ProducerRecord


class KafkaProducer:
    """Idempotent producer for edges. A background thread serves delivery reports and statistics."""

    def __init__(self, config: dict[str, Any], partition_of: Partitioner, faults: ConnectionFaults) -> None:
        """``partition_of`` places what names no partition; ``faults`` hears why a connection failed."""
        self._partition_of = partition_of
        self._faults = faults
        self._failure: FatalError | None = None
        self._on_failure: Callable[[FatalError], None] = lambda _failure: None
        self._majority = MajorityWatch()
        callbacks = {"stats_cb": self._majority.read, "error_cb": self._on_error}
        self._producer = ConfluentProducer(config | MajorityWatch.CONFIG | callbacks)
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._serve_reports, name="delivery-reports", daemon=True)
        self._poller.start()

    def send(self, record: ProducerRecord, on_delivery: Callable[[Exception | None], None]) -> None:
        def report(error: KafkaError | None, message: Any) -> None:
            on_delivery(undelivered(error, message))

        partition = record.partition
        if partition is None:
            partition = self._partition_of(record.topic, record.key, record.value)
        try:
            self._producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=record.headers,  # type: ignore[arg-type]  # the stub wants str | bytes values
                on_delivery=report,
                partition=partition,
            )
        except BufferError:
            raise BrokerUnavailable("the local queue is full: the broker does not keep up or is away") from None
        except KafkaException as error:
            cause = cause_of(error)
            if is_fatal(cause):
                raise self._failure or beyond_repair(cause) from error
            raise BrokerUnavailable(f"cannot queue for {record.topic}: {cause}") from error

    def watch_majority(self, notice: Callable[[bool], None]) -> None:
        self._majority.notice = notice

    def watch_failure(self, notice: Callable[[FatalError], None]) -> None:
        self._on_failure = notice
        if self._failure is not None:
            notice(self._failure)

    def flush(self, timeout_seconds: float) -> int:
        return int(self._producer.flush(timeout_seconds))

    def close(self) -> None:
        self.flush(REQUEST_TIMEOUT_SECONDS)
        self._closing.set()
        self._poller.join(timeout=REQUEST_TIMEOUT_SECONDS)

    def _on_error(self, error: KafkaError) -> None:
        self._faults.note(error)

    def _fail(self, cause: KafkaError) -> None:
        if self._failure is None:
            self._failure = beyond_repair(cause)
            self._on_failure(self._failure)

    def _serve_reports(self) -> None:
        while not self._closing.is_set():
            try:
                self._producer.poll(0.1)
            except KafkaException as error:  # a fatal error is raised here, and no callback hears of it
                cause = cause_of(error)
                if not is_fatal(cause):
                    raise
                self._fail(cause)
                self._closing.wait(0.1)


def is_fatal(cause: KafkaError) -> bool:
    """Whether the producer it came from is of no more use."""
    return bool(cause.fatal()) or cause.code() == FATAL


def beyond_repair(cause: KafkaError) -> FatalError:
    """Of a producer that can never send again; a new one can, unless the cause is a right that is missing."""
    if cause.code() in NO_RIGHT:
        return hopeless(cause, "beginning to write")
    return FatalError(f"this producer can never send again: {cause.name()}: {cause.str()}; a restart makes a new one")


def undelivered(error: KafkaError | None, message: Any) -> BrokerUnavailable | FatalError | None:
    """Why a delivery report does not mean that the record is on the log; None: it is.

    An acknowledgement tells the record's offset. librdkafka also reports success without one: when a later record of
    the partition was acknowledged, it takes an earlier one, refused or unanswered, for written. A broker that has just
    become leader and does not know the producer yet accepts the later one all the same, and the earlier is nowhere.
    """
    if error is not None and error.code() in NO_RIGHT:
        return hopeless(error, f"writing to {message.topic()}")
    if error is not None:
        return BrokerUnavailable(f"not acknowledged: {error.name()}")
    if message.offset() is None:
        return BrokerUnavailable("not acknowledged: the client library infers that it was written, no broker said so")
    return None

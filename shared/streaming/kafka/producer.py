"""The idempotent producer of edges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as ConfluentProducer

from shared.errors import BrokerUnavailable, FatalError
from shared.streaming.kafka.faults import FATAL
from shared.streaming.kafka.majority_watch import MajorityWatch
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS
from shared.streaming.records import ProducerRecord


class KafkaProducer:
    """Idempotent producer for edges. A background thread serves delivery reports and statistics."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._majority = MajorityWatch()
        self._producer = ConfluentProducer(config | MajorityWatch.CONFIG | {"stats_cb": self._majority.read})
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._serve_reports, name="delivery-reports", daemon=True)
        self._poller.start()

    def send(self, record: ProducerRecord, on_delivery: Callable[[Exception | None], None]) -> None:
        def report(error: KafkaError | None, _message: Any) -> None:
            on_delivery(None if error is None else BrokerUnavailable(f"not acknowledged: {error.name()}"))

        arguments: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
        try:
            self._producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=record.headers,  # type: ignore[arg-type]  # the stub wants str | bytes values
                on_delivery=report,
                **arguments,
            )
        except BufferError:
            raise BrokerUnavailable("the local queue is full: the broker does not keep up or is away") from None
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.fatal() or cause.code() == FATAL:
                raise FatalError(f"this producer can never send again: {cause.str()}; restarting mends it") from error
            raise BrokerUnavailable(f"cannot queue for {record.topic}: {cause}") from error

    def watch_majority(self, notice: Callable[[bool], None]) -> None:
        self._majority.notice = notice

    def flush(self, timeout_seconds: float) -> int:
        return int(self._producer.flush(timeout_seconds))

    def close(self) -> None:
        self.flush(REQUEST_TIMEOUT_SECONDS)
        self._closing.set()
        self._poller.join(timeout=REQUEST_TIMEOUT_SECONDS)

    def _serve_reports(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(0.1)

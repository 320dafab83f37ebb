"""Writes records until they are durable, however often it takes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from shared.errors import BrokerUnavailable, FatalError
from shared.observability.logging import get_logger
from shared.observability.outage import OUTAGE
from shared.streaming.broker import Producer
from shared.streaming.records import ProducerRecord

_LOG = get_logger()
_PART = "writer"
_RETRY_SECONDS = 0.5
_ANSWER_SECONDS = 60.0


class Stopping(Exception):
    """The process is ending; what was to be written is not, and will be done again by the next owner."""


class DurableWriter:
    """Safe to use from several threads. Ids are stable, so a record written twice is recognised as one."""

    def __init__(self, producer: Producer, stopping: threading.Event) -> None:
        self._producer = producer
        self._stopping = stopping
        self._failure: FatalError | None = None
        self._unwritten: queue.SimpleQueue[tuple[ProducerRecord, Callable[[], None]]] = queue.SimpleQueue()

    def write(self, record: ProducerRecord) -> None:
        """Return once ``record`` is durable; raise Stopping if the process ends first."""
        while True:
            answer: Future[Exception | None] = Future()
            try:
                self._producer.send(record, answer.set_result)
                error = answer.result(timeout=_ANSWER_SECONDS)
            except (BrokerUnavailable, TimeoutError) as refused:
                error = refused
            if error is None:
                OUTAGE.well(_PART)
                return
            if isinstance(error, FatalError):
                raise error
            OUTAGE.failing(_PART, error)
            if self._stopping.wait(_RETRY_SECONDS):
                raise Stopping

    def write_later(self, record: ProducerRecord, then: Callable[[], None]) -> None:
        """Return at once; ``then`` is called, perhaps from another thread, when ``record`` is durable."""

        def report(error: Exception | None) -> None:
            if error is None:
                OUTAGE.well(_PART)
                then()
            elif isinstance(error, FatalError):
                self._failure = error
            else:
                self._unwritten.put((record, then))

        try:
            self._producer.send(record, report)
        except BrokerUnavailable:
            self._unwritten.put((record, then))

    def resend(self) -> int:
        """Send again what was refused; call it from time to time. How many records that were.

        FatalError: one was refused for good.
        """
        if self._failure is not None:
            raise self._failure
        refused = self._unwritten.qsize()
        for _ in range(refused):
            record, then = self._unwritten.get()
            self.write_later(record, then)
        if refused:
            _LOG.debug("records_sent_again", records=refused)
        return refused

    def flush(self, timeout_seconds: float) -> None:
        """Wait for what is on its way."""
        self._producer.flush(timeout_seconds)

    def close(self) -> None:
        """Let go of the producer."""
        self._producer.close()

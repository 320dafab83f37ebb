"""The log behind the door: an awaitable append over a producer whose delivery reports come from another thread.

A record is durable when the producer's delivery report says so (acks=all), and not before. While Kafka acknowledges
nothing the door is shut: submissions are refused at once instead of each waiting out its deadline, except one trial
every half second. The first acknowledgement opens it again, so it recovers as fast as the producer reconnects.

When most brokers are out of reach it is shut before a deadline says so: whoever waits is told at once, and a trial
waits for a short time only.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from services.intake.delivery import Overloaded
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable, FatalError
from shared.observability.logging import get_logger
from shared.observability.metrics import INTAKE_IN_FLIGHT_RECORDS
from shared.streaming.broker import Producer
from shared.streaming.records import ProducerRecord

TRIAL_INTERVAL_SECONDS = 0.5
CUT_OFF_DEADLINE_SECONDS = 1.5
"""How long an acknowledgement is waited for while most brokers are out of reach."""

_log = get_logger()


class KafkaLog:
    """Appends records and waits for their acknowledgement. Used from one event loop.

    ``on_fatal`` is called when the producer can never send again and the process must restart.
    """

    def __init__(
        self,
        producer: Producer,
        *,
        deadline_seconds: float,
        max_in_flight: int,
        on_fatal: Callable[[FatalError], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._deadline_seconds = deadline_seconds
        self._max_in_flight = max_in_flight
        self._on_fatal = on_fatal
        self._monotonic = monotonic
        self._in_flight = 0
        self._acknowledged_at = monotonic()
        self._shut = False
        self._next_trial_at = 0.0
        self._is_cut_off = False
        self._waiting: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        producer.watch_majority(self._hear_of_majority)

    @property
    def in_flight(self) -> int:
        """Records that wait for their acknowledgement."""
        return self._in_flight

    async def append(self, record: ProducerRecord) -> None:
        """Return once ``record`` is durable.

        Raises Overloaded when too many wait already, and BrokerUnavailable when it was not acknowledged in time; such
        a record may still become durable later, which is why its id does not depend on the attempt.
        """
        self._admit()
        self._in_flight += 1
        INTAKE_IN_FLIGHT_RECORDS.inc()
        sent_at = self._monotonic()
        try:
            await self._send(record)
        except BrokerUnavailable:
            self._note_failure(sent_at)
            raise
        except FatalError as error:
            self._on_fatal(error)
            raise BrokerUnavailable(f"the producer is beyond repair: {error}") from error
        finally:
            self._in_flight -= 1
            INTAKE_IN_FLIGHT_RECORDS.dec()

    async def _send(self, record: ProducerRecord) -> None:
        loop = self._loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()

        def report(error: Exception | None) -> None:  # called from the producer's thread
            _in_loop(loop, self._settle, acknowledged, error)

        self._producer.send(record, report)
        crash_point("intake.after-produce")
        longest = CUT_OFF_DEADLINE_SECONDS if self._is_cut_off else self._deadline_seconds
        deadline_seconds = min(longest, self._deadline_seconds)
        self._waiting.add(acknowledged)
        try:
            async with asyncio.timeout(deadline_seconds):
                await acknowledged
        except TimeoutError:
            raise BrokerUnavailable(f"no acknowledgement within {deadline_seconds:g} s") from None
        finally:
            self._waiting.discard(acknowledged)

    def _settle(self, acknowledged: asyncio.Future[None], error: Exception | None) -> None:
        """A delivery report; one that comes after the deadline still tells that Kafka takes records in."""
        if error is None:
            self._note_acknowledgement()
        if acknowledged.done():
            return  # the deadline passed, or the caller is gone
        if error is None:
            acknowledged.set_result(None)
        else:
            acknowledged.set_exception(error)

    def _admit(self) -> None:
        if self._in_flight >= self._max_in_flight:
            raise Overloaded(f"{self._in_flight} records wait for their acknowledgement already")
        if not self._shut:
            return
        now = self._monotonic()
        if now < self._next_trial_at:
            raise BrokerUnavailable("Kafka acknowledges nothing at the moment; a trial is under way")
        self._next_trial_at = now + TRIAL_INTERVAL_SECONDS

    def _hear_of_majority(self, is_lost: bool) -> None:  # called from the producer's thread
        self._is_cut_off = is_lost
        if self._loop is not None:  # else nobody waits yet
            _in_loop(self._loop, self._note_majority, is_lost)

    def _note_majority(self, is_lost: bool) -> None:
        if not is_lost:
            _log.info("kafka_majority_back")
            self._next_trial_at = self._monotonic()
            return
        _log.error("kafka_majority_lost", count=len(self._waiting))
        self._shut = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(BrokerUnavailable("most brokers are out of reach"))

    def _note_failure(self, sent_at: float) -> None:
        if self._acknowledged_at > sent_at:
            return  # others sent later were acknowledged: one partition is in trouble, not the cluster
        if not self._shut:
            _log.error("kafka_unavailable", retry_in_seconds=TRIAL_INTERVAL_SECONDS, count=self._in_flight)
            self._shut = True
            self._next_trial_at = self._monotonic() + TRIAL_INTERVAL_SECONDS

    def _note_acknowledgement(self) -> None:
        self._acknowledged_at = self._monotonic()
        if self._shut:
            _log.info("kafka_available")
        self._shut = False


def _in_loop(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *arguments: object) -> None:
    """Call from another thread; a loop that has ended, even just now, does not care any more."""
    with contextlib.suppress(RuntimeError):  # asking first whether it is closed leaves a moment in which it closes
        loop.call_soon_threadsafe(act, *arguments)

"""Durable means acknowledged; without acknowledgements the log says so in time, sheds load, and tries again soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from services.intake.adapters import kafka_log
from services.intake.adapters.kafka_log import TRIAL_INTERVAL_SECONDS, KafkaLog
from services.intake.delivery import Overloaded
from shared.errors import BrokerUnavailable, FatalError
from shared.streaming.records import ProducerRecord
from tests.support.scripted_broker import Manner, ScriptedBroker

RECORD = ProducerRecord("complaints.received.v1", b"key", b"{}", [])
DEADLINE = 0.05


class Bench:
    """A log over a scripted broker, with a clock that moves by hand."""

    def __init__(self, broker: ScriptedBroker, max_in_flight: int, deadline_seconds: float) -> None:
        self.broker = broker
        self.now = 100.0
        self.fatal: list[FatalError] = []
        self.log = KafkaLog(
            broker,
            deadline_seconds=deadline_seconds,
            max_in_flight=max_in_flight,
            on_fatal=self.fatal.append,
            monotonic=lambda: self.now,
        )

    async def refused(self) -> BrokerUnavailable:
        """Append, expecting a refusal."""
        with pytest.raises(BrokerUnavailable) as caught:
            await self.log.append(RECORD)
        return caught.value

    async def refused_after_trial(self) -> None:
        """A trial is under way, so the next one is refused without being sent."""
        self.broker.manner = "silent"
        trial = asyncio.create_task(self.log.append(RECORD))
        await asyncio.sleep(0)
        sent = len(self.broker.sent)
        await self.refused()
        assert len(self.broker.sent) == sent
        trial.cancel()


@contextmanager
def bench(manner: Manner, max_in_flight: int = 10, deadline_seconds: float = DEADLINE) -> Iterator[Bench]:
    with closing(ScriptedBroker(manner)) as broker:
        yield Bench(broker, max_in_flight, deadline_seconds)


def test_an_append_returns_only_after_the_acknowledgement() -> None:
    async def scenario(at: Bench) -> None:
        appending = asyncio.create_task(at.log.append(RECORD))
        await asyncio.sleep(0.01)
        assert not appending.done()
        assert at.log.in_flight == 1
        at.broker.release()
        await appending
        assert at.log.in_flight == 0

    with bench("hold") as at:
        asyncio.run(scenario(at))


def test_silence_is_unavailable_within_the_deadline() -> None:
    with bench("silent") as at:
        started = time.monotonic()
        asyncio.run(at.refused())
        assert DEADLINE <= time.monotonic() - started < DEADLINE + 2


@pytest.mark.parametrize("manner", ["refuse", "full"])
def test_a_refused_record_is_unavailable(manner: Manner) -> None:
    with bench(manner) as at:
        asyncio.run(at.refused())
        assert at.log.in_flight == 0


def test_more_than_the_limit_in_flight_is_shed_without_being_sent() -> None:
    async def scenario(at: Bench) -> None:
        waiting = [asyncio.create_task(at.log.append(RECORD)) for _ in range(3)]
        await asyncio.sleep(0)
        assert isinstance(await at.refused(), Overloaded)
        assert len(at.broker.sent) == 3
        at.broker.release()
        await asyncio.gather(*waiting)
        at.broker.manner = "acknowledge"
        await at.log.append(RECORD)

    with bench("hold", max_in_flight=3) as at:
        asyncio.run(scenario(at))


def test_while_nothing_is_acknowledged_one_trial_per_interval_is_sent() -> None:
    async def scenario(at: Bench) -> None:
        await at.refused()
        for _ in range(5):
            await at.refused()
        assert len(at.broker.sent) == 1
        at.now += TRIAL_INTERVAL_SECONDS
        for _ in range(5):
            await at.refused()
        assert len(at.broker.sent) == 2

    with bench("refuse") as at:
        asyncio.run(scenario(at))


def test_the_first_acknowledgement_opens_the_door_again() -> None:
    async def scenario(at: Bench) -> None:
        await at.refused()
        at.broker.manner = "acknowledge"
        at.now += TRIAL_INTERVAL_SECONDS
        for _ in range(20):
            await at.log.append(RECORD)

    with bench("refuse") as at:
        asyncio.run(scenario(at))


def test_one_bad_partition_does_not_shut_the_door_for_the_others() -> None:
    async def scenario(at: Bench) -> None:
        at.broker.manner = "hold"
        stuck = asyncio.create_task(at.refused())
        await asyncio.sleep(0)
        at.now += 0.01
        at.broker.manner = "acknowledge"
        await at.log.append(RECORD)
        at.broker.release(BrokerUnavailable("leader not available"))
        await stuck
        await at.log.append(RECORD)

    with bench("acknowledge") as at:
        asyncio.run(scenario(at))


def test_when_most_brokers_are_lost_whoever_waits_is_told_at_once_and_the_door_is_shut() -> None:
    async def scenario(at: Bench) -> None:
        await at.log.append(RECORD)
        at.broker.manner = "hold"
        waiting = [asyncio.create_task(at.refused()) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.to_thread(at.broker.lose_majority)
        await asyncio.wait_for(asyncio.gather(*waiting), timeout=30)
        await at.refused_after_trial()

    with bench("acknowledge", deadline_seconds=600) as at:
        asyncio.run(scenario(at))


def test_while_most_brokers_are_lost_a_trial_waits_for_a_short_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_log, "CUT_OFF_DEADLINE_SECONDS", DEADLINE)

    async def scenario(at: Bench) -> None:
        at.broker.manner = "silent"
        await asyncio.to_thread(at.broker.lose_majority)
        await asyncio.wait_for(at.refused(), timeout=30)

    with bench("silent", deadline_seconds=600) as at:
        asyncio.run(scenario(at))


def test_an_acknowledgement_nobody_waits_for_any_more_opens_the_door_all_the_same() -> None:
    async def scenario(at: Bench) -> None:
        await at.refused()
        at.broker.release()
        at.broker.manner = "acknowledge"
        await asyncio.to_thread(at.broker.settle)
        for _ in range(5):
            await at.log.append(RECORD)

    with bench("hold") as at:
        asyncio.run(scenario(at))


def test_a_majority_that_is_back_is_tried_at_once() -> None:
    async def scenario(at: Bench) -> None:
        at.broker.manner = "hold"
        waiting = asyncio.create_task(at.refused())
        await asyncio.sleep(0)
        await asyncio.to_thread(at.broker.lose_majority)
        await waiting
        await at.refused_after_trial()
        at.broker.manner = "acknowledge"
        await asyncio.to_thread(at.broker.lose_majority, False)
        await at.log.append(RECORD)

    with bench("acknowledge", deadline_seconds=600) as at:
        asyncio.run(scenario(at))


def test_a_producer_beyond_repair_is_reported_and_refuses() -> None:
    with bench("fatal") as at:
        asyncio.run(at.refused())
        assert len(at.fatal) == 1


def test_a_report_after_the_deadline_or_after_the_end_does_no_harm() -> None:
    async def scenario(at: Bench) -> None:
        await at.refused()
        at.broker.release()
        await asyncio.sleep(0.02)

    with bench("hold") as at:
        asyncio.run(scenario(at))
        at.broker.manner = "hold"
        at.now += TRIAL_INTERVAL_SECONDS
        asyncio.run(at.refused())
        at.broker.release()  # the loop that asked is closed


def test_a_report_that_comes_while_the_event_loop_is_closing_is_nobodys_business(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop closes between the question whether it has and the call into it: that would end the client's thread."""
    loop = asyncio.new_event_loop()
    loop.close()
    monkeypatch.setattr(loop, "is_closed", lambda: False)
    kafka_log._in_loop(loop, pytest.fail, "called in a loop that has ended")

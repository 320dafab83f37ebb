"""Once per submission: repeats get the first outcome, a key never means two contents, nobody needs the memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.intake.delivery import Delivered, Delivery, Overloaded
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from shared.errors import BrokerUnavailable
from shared.streaming.records import ProducerRecord

AT = datetime(2024, 5, 1, tzinfo=UTC)
LATER = datetime(2024, 5, 2, tzinfo=UTC)
RECORD = ProducerRecord("complaints.received.v1", b"key", b"{}", [])


class GatedLog:
    """Acknowledges when told to, or fails."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.gate = asyncio.Event()
        self.appended = 0
        self.failure: BrokerUnavailable | None = None
        if is_open:
            self.gate.set()

    async def append(self, record: ProducerRecord) -> None:
        self.appended += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure


class DictMemory:
    """Remembers, or plays dead."""

    def __init__(self, *, dead: bool = False) -> None:
        self.known: dict[str, Delivered] = {}
        self.dead = dead

    async def recall(self, identity: str) -> Delivered | None:
        return None if self.dead else self.known.get(identity)

    async def remember(self, identity: str, delivered: Delivered) -> None:
        if not self.dead:
            self.known[identity] = Delivered(delivered.digest, delivered.received_at, repeated=True)


def test_a_repeat_is_answered_from_memory_with_the_first_receipt() -> None:
    async def scenario() -> None:
        log = GatedLog()
        delivery = Delivery(log, DictMemory())
        first = await delivery.once("a", Delivered("digest", AT), RECORD)
        again = await delivery.once("a", Delivered("digest", LATER), RECORD)
        assert first == Delivered("digest", AT, repeated=False)
        assert again == Delivered("digest", AT, repeated=True)
        assert log.appended == 1

    asyncio.run(scenario())


def test_a_key_used_for_other_content_is_refused() -> None:
    async def scenario() -> None:
        delivery = Delivery(GatedLog(), DictMemory())
        await delivery.once("a", Delivered("one", AT), RECORD)
        assert await delivery.once("a", Delivered("other", AT), RECORD) == DoorRefusal(RefusalReason.KEY_REUSED)

    asyncio.run(scenario())


@pytest.mark.parametrize("dead", [True, False])
def test_fifty_at_once_are_written_once(dead: bool) -> None:
    async def scenario() -> None:
        log = GatedLog(is_open=False)
        delivery = Delivery(log, DictMemory(dead=dead))
        posts = [asyncio.create_task(delivery.once("a", Delivered("digest", AT), RECORD)) for _ in range(50)]
        await asyncio.sleep(0.01)
        log.gate.set()
        outcomes = await asyncio.gather(*posts)
        assert log.appended == 1
        assert sorted(isinstance(o, Delivered) and o.repeated for o in outcomes) == [False] + [True] * 49

    asyncio.run(scenario())


def test_other_content_while_the_first_is_on_its_way_must_wait() -> None:
    async def scenario() -> None:
        log = GatedLog(is_open=False)
        delivery = Delivery(log, DictMemory())
        first = asyncio.create_task(delivery.once("a", Delivered("one", AT), RECORD))
        await asyncio.sleep(0.01)
        refused = await delivery.once("a", Delivered("other", AT), RECORD)
        assert refused == DoorRefusal(RefusalReason.KEY_IN_USE, retry_after_seconds=1)
        log.gate.set()
        assert isinstance(await first, Delivered)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (BrokerUnavailable("away"), RefusalReason.UNAVAILABLE),
        (Overloaded("too many"), RefusalReason.OVERLOADED),
    ],
)
def test_without_acknowledgement_nothing_is_remembered_and_the_next_try_is_a_new_one(
    failure: BrokerUnavailable, reason: RefusalReason
) -> None:
    async def scenario() -> None:
        log, memory = GatedLog(), DictMemory()
        log.failure = failure
        delivery = Delivery(log, memory)
        assert await delivery.once("a", Delivered("d", AT), RECORD) == DoorRefusal(reason, retry_after_seconds=2)
        assert memory.known == {}
        log.failure = None
        assert await delivery.once("a", Delivered("d", AT), RECORD) == Delivered("d", AT)

    asyncio.run(scenario())


def test_a_caller_who_hangs_up_does_not_undo_what_is_under_way() -> None:
    async def scenario() -> None:
        log, memory = GatedLog(is_open=False), DictMemory()
        delivery = Delivery(log, memory)
        caller = asyncio.create_task(delivery.once("a", Delivered("d", AT), RECORD))
        await asyncio.sleep(0.01)
        caller.cancel()
        log.gate.set()
        await delivery.settle()
        assert "a" in memory.known

    asyncio.run(scenario())

"""A call into the library that never returns: given up at once, and the end of the process if it stays away."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from confluent_kafka import KafkaError, KafkaException

from shared.errors import FatalError, TransactionDoubt
from shared.settings import KafkaSettings
from shared.streaming.kafka import bounded_call, consumer, transactional_producer
from shared.streaming.kafka.bounded_call import MOST_SECONDS, CallsAside
from shared.streaming.kafka.broker import KafkaBroker
from shared.streaming.kafka.consumer import KafkaConsumer
from shared.streaming.kafka.transactional_producer import KafkaTransactionalProducer
from shared.streaming.records import TopicPartition

OFFSETS = {TopicPartition("received", 0): 7}


class Aside:
    """Calls aside, and a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls = CallsAside(monotonic=lambda: self.now)
        self.returning = threading.Event()

    def hang(self) -> None:
        """What the library does."""
        self.returning.wait()


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aside]:
    instead = Aside()
    for module in (bounded_call, consumer, transactional_producer):
        monkeypatch.setattr(module, "ASIDE", instead.calls)
    yield instead
    instead.returning.set()
    join("send_offsets_to_transaction", "producer-discard", "consumer-discard")


def join(*names: str) -> None:
    """Wait until these threads have ended."""
    for thread in threading.enumerate():
        if thread.name in names:
            thread.join(10)
            assert not thread.is_alive()


class Client:
    """As much of librdkafka's producer as is asked; ``end_of_offsets`` is how its call ends."""

    end_of_offsets: Callable[[], None]
    freed_in: ClassVar[list[str]] = []
    """The threads that freed one."""

    def __init__(self, _config: object) -> None:
        weakref.finalize(self, lambda: Client.freed_in.append(threading.current_thread().name))

    def send_offsets_to_transaction(self, *_: object) -> None:
        type(self).end_of_offsets()

    def purge(self) -> None:
        """Nothing is queued."""


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> KafkaTransactionalProducer:
    """One whose calls are waited for a hundredth of a second."""
    Client.freed_in.clear()
    monkeypatch.setattr(transactional_producer, "ConfluentProducer", Client)
    monkeypatch.setattr(transactional_producer, "_SEND_OFFSETS_TIMEOUT_SECONDS", -0.99)
    return KafkaBroker(KafkaSettings(bootstrap_servers="127.0.0.1:1")).transactional_producer("p-0")


@pytest.fixture
def member() -> Iterator[KafkaConsumer]:
    config = {"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0}
    unasked: Any = None
    made = KafkaConsumer(config, unasked, unasked)
    yield made
    made.close()


def test_offsets_that_are_never_sent_are_a_doubt_first_and_the_end_of_the_process_after_a_minute(
    aside: Aside, producer: KafkaTransactionalProducer, member: KafkaConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is kept by the call that hangs: it can be thrown away by the process alone."""
    monkeypatch.setattr(Client, "end_of_offsets", aside.hang, raising=False)
    with pytest.raises(TransactionDoubt, match="has not returned"):
        producer.send_offsets(OFFSETS, None)
    producer.discard()
    join("producer-discard")
    aside.now += MOST_SECONDS
    member.poll(1, 0.0)
    aside.now += 1
    with pytest.raises(FatalError, match="send_offsets_to_transaction has not returned for 61 s") as ended:
        member.poll(1, 0.0)
    assert type(ended.value) is FatalError
    assert ended.value.exit_code == 1


def test_a_call_that_returns_late_is_forgiven_and_its_client_goes_with_it(
    aside: Aside, producer: KafkaTransactionalProducer, member: KafkaConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "end_of_offsets", aside.hang, raising=False)
    with pytest.raises(TransactionDoubt) as doubt:
        producer.send_offsets(OFFSETS, None)
    producer.discard()
    join("producer-discard")
    assert not Client.freed_in
    aside.returning.set()
    join("send_offsets_to_transaction")
    aside.now += 10 * MOST_SECONDS
    member.poll(1, 0.0)
    assert Client.freed_in == ["send_offsets_to_transaction"]
    assert doubt.value is not None  # and it is still kept


@pytest.mark.usefixtures("aside")
def test_a_discarded_client_is_freed_in_the_thread_that_waits_for_it_though_the_doubt_is_kept(
    producer: KafkaTransactionalProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who frees it waits for the library's threads: kept by the doubt's traceback, it was freed by the loop."""

    def refuse() -> None:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    monkeypatch.setattr(Client, "end_of_offsets", refuse, raising=False)
    monkeypatch.setattr(transactional_producer, "_SEND_OFFSETS_TIMEOUT_SECONDS", 10)
    with pytest.raises(TransactionDoubt, match="_TRANSPORT") as doubt:
        producer.send_offsets(OFFSETS, None)
    join("send_offsets_to_transaction")
    producer.discard()
    join("producer-discard")
    assert Client.freed_in == ["producer-discard"]
    assert doubt.value is not None


def test_a_fenced_client_whose_closing_hangs_ends_the_process_too(
    aside: Aside, member: KafkaConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fenced = member._consumer

    def hang(_client: object) -> None:
        aside.hang()

    monkeypatch.setattr(consumer, "_discard", hang)
    member.subscribe(["received"], lambda _: {}, lambda _: None)
    member._join_anew()
    assert member._consumer is not fenced
    aside.now += MOST_SECONDS + 1
    with pytest.raises(FatalError, match="consumer-discard has not returned"):
        member.poll(1, 0.0)


@pytest.mark.parametrize("number", [1, 3])
def test_any_of_the_calls_may_be_the_one(aside: Aside, number: int) -> None:
    for _ in range(number):
        aside.calls.start(aside.returning.wait, "send_offsets_to_transaction")
        aside.now += MOST_SECONDS / 3
    aside.calls.require_return()
    aside.now += MOST_SECONDS
    with pytest.raises(FatalError):
        aside.calls.require_return()
    aside.returning.set()
    join("send_offsets_to_transaction")
    aside.calls.require_return()


def test_one_that_raises_has_returned(aside: Aside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def fail() -> None:
        raise RuntimeError

    aside.calls.start(fail, "consumer-discard")
    join("consumer-discard")
    aside.now += 2 * MOST_SECONDS
    aside.calls.require_return()

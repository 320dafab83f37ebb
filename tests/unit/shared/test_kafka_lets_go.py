"""What fails while an exception is handled keeps nothing of it: no producer, no admin client, no frame of a caller."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest

from shared.errors import BrokerUnavailable, FatalError, TransactionDoubt
from shared.settings import KafkaSettings
from shared.streaming.broker import GroupMetadata
from shared.streaming.kafka import broker as broker_module
from shared.streaming.kafka import groups, offsets, reaching, replication, topics, transactional_producer
from shared.streaming.kafka.broker import KafkaBroker
from shared.streaming.records import ProducerRecord, TopicPartition

NOBODY = KafkaSettings(bootstrap_servers="127.0.0.1:1", transaction_timeout_seconds=1)
PLACE = TopicPartition("t", 0)
Call = Callable[[KafkaBroker], object]


class Held:
    """Stands for what a caller's frame holds."""


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (broker_module, groups, offsets, replication, topics):
        monkeypatch.setattr(module, "REQUEST_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(offsets, "_FIRST_TRY_SECONDS", 0.05)
    monkeypatch.setattr(transactional_producer, "_INITIALISE_TIMEOUT_SECONDS", 0.05)


@pytest.fixture(scope="module")
def broker() -> KafkaBroker:
    return KafkaBroker(NOBODY)


def _initialise(broker: KafkaBroker) -> None:
    broker.transactional_producer("t").initialise()


def _begin(broker: KafkaBroker) -> None:
    broker.transactional_producer("t").begin()


def _produce(broker: KafkaBroker) -> None:
    broker.transactional_producer("t").produce(ProducerRecord("t", b"k", b"v", []))


def _committed(broker: KafkaBroker) -> None:
    broker.consumer("g", None).committed([PLACE])


def _send_offsets(broker: KafkaBroker) -> None:
    group: GroupMetadata = broker.consumer("g", None).group_metadata()
    broker.transactional_producer("t").send_offsets({PLACE: 1}, group)


CALLS: dict[str, Call] = {
    "ping": lambda broker: broker.ping(0.05),
    "partitions_of": lambda broker: broker.partitions_of(["t"]),
    "log_bounds": lambda broker: broker.log_bounds([PLACE]),
    "describe": lambda broker: broker.describe(["t"]),
    "consumer_groups": lambda broker: broker.consumer_groups(),
    "cluster_id": lambda broker: broker.cluster_id(),
    "initialise": _initialise,
    "begin": _begin,
    "produce": _produce,
    "send_offsets": _send_offsets,
    "committed": _committed,
    "login": lambda _: reaching.is_login_refused(NOBODY, 0.05),
}


def _call_while_handling(call: Call, broker: KafkaBroker, held: Held) -> None:
    try:
        raise TransactionDoubt("the first")  # its traceback has this frame, and so ``held``
    except TransactionDoubt:
        try:
            call(broker)
        except (BrokerUnavailable, TransactionDoubt, FatalError):
            assert held is not None


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_fails_while_another_failure_is_handled_keeps_nothing_of_it(name: str, broker: KafkaBroker) -> None:
    held = Held()
    kept = weakref.ref(held)
    _call_while_handling(CALLS[name], broker, held)
    del held
    gc.collect()
    assert kept() is None

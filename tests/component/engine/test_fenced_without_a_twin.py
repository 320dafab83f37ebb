"""A static member whose place the coordinator remembers under an older member id is fenced by nobody but itself.

The coordinator writes its group down when a rebalance ends. A member whose session ended in between (its coordinator
was out of reach, say) joins under a new id; if the coordinator dies before that rebalance is over, the next one knows
the old id, and refuses the new one as a stranger's. It takes two restarts of brokers in a row, or one at the wrong
moment. Here the moment is made: a proxy holds the requests back, and the broker is killed meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.topics.provision import provision
from shared.errors import FatalError
from shared.settings import KafkaSettings
from shared.streaming.broker import Offsets
from shared.streaming.kafka import KafkaBroker
from shared.streaming.kafka.consumer import KafkaConsumer
from shared.streaming.records import TopicPartition
from tests.component.local_stack.topics import SampleTopic
from tests.support.kafka_proxy import ApiKey, KafkaProxy

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TOPIC = "inputs.v1"
SESSION_SECONDS = 2.0


class Member:
    """A consumer polled by a thread of its own, from ``poll_on`` until it fails or is stopped."""

    def __init__(self, bootstrap_servers: str, group: str, instance: str) -> None:
        settings = KafkaSettings(bootstrap_servers=bootstrap_servers, session_timeout_seconds=SESSION_SECONDS)
        self.consumer: KafkaConsumer = KafkaBroker(settings).consumer(group, instance)
        self.partitions: set[TopicPartition] = set()
        self.failure: FatalError | None = None
        self.fenced = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.consumer.subscribe([TOPIC], self._on_assigned, self._on_revoked)

    def poll_on(self) -> Member:
        self._thread.start()
        return self

    def poll_until(self, condition: Callable[[], bool]) -> None:
        """Poll in this thread, before ``poll_on``."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline
            self.consumer.poll(1, 0.05)

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.consumer.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.consumer.poll(1, 0.05)
        except FatalError as error:
            self.failure = error

    def _on_assigned(self, partitions: object) -> Offsets:
        assert isinstance(partitions, list)
        self.partitions = set(partitions)
        return dict.fromkeys(partitions, 0)

    def _on_revoked(self, _partitions: object) -> None:
        self.partitions = set()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KafkaCluster, KafkaProxy]]:
    """One broker behind a proxy."""
    broker: list[tuple[str, int]] = [("127.0.0.1", 1)]  # nobody, until the broker is there
    with (
        KafkaProxy(lambda: broker[0]) as proxy,
        KafkaCluster(tmp_path_factory.mktemp("kafka"), advertised={1: proxy.address}) as cluster,
    ):
        address = cluster.nodes[0].address
        broker[0] = address.host, address.client_port
        provision(cluster.bootstrap_servers, [SampleTopic(TOPIC, 2)], cluster.replication_factor)
        yield cluster, proxy


@pytest.fixture
def members() -> Iterator[list[Member]]:
    started = list[Member]()
    yield started
    for member in started:
        member.stop()


def test_a_place_held_under_an_older_id_of_its_own_is_taken_again(
    proxied: tuple[KafkaCluster, KafkaProxy], members: list[Member]
) -> None:
    cluster, proxy = proxied
    first, second = (Member(cluster.bootstrap_servers, "alone", name) for name in ("first", "second"))
    members += [first, second]
    wait_until(lambda: poll_both(first, second), "one partition each", timeout_seconds=30, interval_seconds=0)

    heartbeat = proxy.hold(ApiKey.HEARTBEAT, lambda request: b"alone-first" in request.body)
    heartbeat.wait(10)
    second.poll_until(lambda: True)
    time.sleep(SESSION_SECONDS + 1.5)  # what is tested is that the session ends, which nothing but time does
    syncs = [
        proxy.hold(ApiKey.SYNC_GROUP, lambda request: b"alone-first" in request.body),
        proxy.hold(ApiKey.SYNC_GROUP, lambda request: b"alone-second" in request.body),
    ]
    heartbeat.release()
    first.poll_until(lambda: not first.partitions)
    first.poll_on()
    second.poll_on()
    for sync in syncs:
        sync.wait(20)  # both know their new ids; the group is not written down yet
    cluster.nodes[0].kill()
    proxy.cut()
    cluster.nodes[0].restart()

    wait_until(
        lambda: (first.partitions and second.partitions) or first.failure or second.failure,
        "both to have their partitions again",
        timeout_seconds=30,
    )
    assert (first.failure, second.failure) == (None, None)
    assert first.partitions.isdisjoint(second.partitions)


def poll_both(first: Member, second: Member) -> bool:
    first.consumer.poll(1, 0.02)
    second.consumer.poll(1, 0.02)
    return len(first.partitions) == len(second.partitions) == 1


def test_a_place_a_true_twin_holds_is_left_to_it(
    proxied: tuple[KafkaCluster, KafkaProxy], members: list[Member]
) -> None:
    """Both processes believe to be this instance; the one that came later stays."""
    cluster, _ = proxied
    first = Member(cluster.bootstrap_servers, "twins", "same")
    members.append(first)
    first.poll_until(lambda: len(first.partitions) == 2)
    first.poll_on()
    twin = Member(cluster.bootstrap_servers, "twins", "same").poll_on()
    members.append(twin)
    wait_until(lambda: first.failure, "the first to end", timeout_seconds=20)
    assert "another process holds" in str(first.failure)
    assert first.partitions == set()
    assert len(twin.partitions) == 2
    assert twin.failure is None


def test_a_place_is_free_again_once_the_twin_has_died(
    proxied: tuple[KafkaCluster, KafkaProxy], members: list[Member]
) -> None:
    """Started beside the first by mistake, and ended at once."""
    cluster, _ = proxied
    first = Member(cluster.bootstrap_servers, "brief", "same")
    members.append(first)
    first.poll_until(lambda: len(first.partitions) == 2)
    twin = Member(cluster.bootstrap_servers, "brief", "same")
    twin.poll_until(lambda: len(twin.partitions) == 2)
    twin.stop()
    first.poll_on()
    wait_until(lambda: first.failure or not first.partitions, "the first to hear of it", timeout_seconds=20)
    wait_until(lambda: first.failure or len(first.partitions) == 2, "the place to be free", timeout_seconds=20)
    assert first.failure is None

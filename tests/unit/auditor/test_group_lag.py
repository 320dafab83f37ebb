"""How far behind the groups are: told of all of them, by one auditor, and never a reason for it to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError

from deploy.local.ports import free_port
from services.auditor.adapters.group_lag import NOTHING, GroupLag, GroupSeries, publish, series_of
from shared.errors import BrokerUnavailable, FatalError, UnsafeCluster
from shared.observability import metrics
from shared.observability.threads import ThreadWatch
from shared.settings import KafkaSettings
from shared.streaming.broker import GroupStanding, LogBounds, Offsets
from shared.streaming.companion import Companion
from shared.streaming.kafka import KafkaBroker
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord, TopicPartition

FIRST, SECOND = TopicPartition("departments.legal.v1", 0), TopicPartition("departments.legal.v1", 1)


@pytest.fixture(autouse=True)
def no_series_stay() -> Iterator[None]:
    yield
    publish(NOTHING)


def served() -> GroupSeries:
    """What a scrape would find."""
    gauges = (
        metrics.CONSUMERGROUP_LAG,
        metrics.CONSUMERGROUP_CURRENT_OFFSET,
        metrics.CONSUMERGROUP_MEMBERS,
        metrics.TOPIC_PARTITION_OLDEST_OFFSET,
        metrics.TOPIC_PARTITION_CURRENT_OFFSET,
    )
    found = [
        {tuple(sample.labels.values()): sample.value for family in gauge.collect() for sample in family.samples}
        for gauge in gauges
    ]
    return GroupSeries(*found)


def test_lag_is_what_lies_between_the_groups_offset_and_the_end() -> None:
    groups = {"legal": GroupStanding(2, {FIRST: 5, SECOND: 9}), "archive": GroupStanding(0, {FIRST: 0})}
    bounds = {FIRST: LogBounds(3, 12), SECOND: LogBounds(0, 9)}
    topic = FIRST.topic
    assert series_of(groups, bounds) == GroupSeries(
        lag={
            ("legal", topic, "0"): 7,
            ("legal", topic, "1"): 0,
            ("archive", topic, "0"): 12,
            ("archive", topic, "1"): 9,
        },
        committed={("legal", topic, "0"): 5, ("legal", topic, "1"): 9, ("archive", topic, "0"): 0},
        members={("legal",): 2, ("archive",): 0},
        starts={(topic, "0"): 3, (topic, "1"): 0},
        ends={(topic, "0"): 12, (topic, "1"): 9},
    )


def test_a_partition_without_an_offset_has_not_been_handled_at_all() -> None:
    other = TopicPartition("departments.quality.v1", 0)
    bounds = {FIRST: LogBounds(0, 5), SECOND: LogBounds(2, 6), other: LogBounds(0, 8)}
    series = series_of({"legal": GroupStanding(1, {FIRST: 5})}, bounds)
    assert series.lag == {("legal", FIRST.topic, "0"): 0, ("legal", FIRST.topic, "1"): 4}
    assert series.committed == {("legal", FIRST.topic, "0"): 5}


def test_offsets_set_beyond_the_end_are_no_negative_lag() -> None:
    series = series_of({"legal": GroupStanding(1, {FIRST: 5})}, {FIRST: LogBounds(0, 3)})
    assert list(series.lag.values()) == [0]


class Bus:
    """A broker in memory with one group that has read one of three records."""

    def __init__(self) -> None:
        self.broker = MemoryBroker({FIRST.topic: 2})
        producer = self.broker.producer()
        for value in (b"a", b"b", b"c"):
            producer.send(ProducerRecord(FIRST.topic, b"key", value, [], 0), lambda _: None)
        self.member = self.broker.consumer("legal", None)
        self.member.subscribe([FIRST.topic], self._at_the_start, lambda _: None)
        self.member.poll(1, 0)
        self.member.commit({FIRST: 1})
        self.is_my_turn = True
        self.now = 0.0
        stopping = threading.Event()
        self.watch = GroupLag(self.broker, lambda: self.is_my_turn, 0.0, stopping, monotonic=lambda: self.now)

    @staticmethod
    def _at_the_start(partitions: object) -> Offsets:
        return {FIRST: 0, SECOND: 0}


def test_what_the_cluster_says_is_served() -> None:
    Bus().watch.run_once()
    assert served().lag == {("legal", FIRST.topic, "0"): 2, ("legal", FIRST.topic, "1"): 0}
    assert served().members == {("legal",): 1}


def test_whoever_loses_the_turn_serves_nothing_more() -> None:
    bus = Bus()
    bus.watch.run_once()
    bus.is_my_turn = False
    bus.watch.run_once()
    assert served() == NOTHING


def test_a_group_nobody_is_in_any_more_stays_seen() -> None:
    bus = Bus()
    bus.member.close()
    bus.watch.run_once()
    assert served().members == {("legal",): 0}
    assert sum(served().lag.values()) == 2


@pytest.mark.parametrize("refused", [False, True])
def test_a_broker_that_says_nothing_leaves_the_last_values_for_a_minute(
    refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus()
    bus.watch.run_once()
    before = served()

    def refuse() -> None:
        raise UnsafeCluster("no right to look at it")

    bus.broker.available = False
    if refused:
        monkeypatch.setattr(bus.broker, "consumer_groups", refuse)
    for bus.now in (10, 60):
        bus.watch.run_once()
        assert served() == before
    bus.now = 61
    bus.watch.run_once()
    assert served() == NOTHING
    monkeypatch.undo()
    bus.broker.available = True
    bus.watch.run_once()
    assert served() == before


def test_a_cluster_out_of_reach_is_an_error_that_can_be_caught() -> None:
    """Nobody listens there: what the library returns is no exception, and raised it passes every handler by."""
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"))
    with pytest.raises(BrokerUnavailable, match="consumer groups"):
        broker.consumer_groups()


def test_when_it_ends_it_serves_nothing_more_and_the_process_ends_too() -> None:
    """By whatever it ended: its last values would stand still for ever, and pass for groups that do."""
    bus = Bus()

    def die() -> None:
        bus.watch.run_once()
        raise KafkaError(KafkaError._TIMED_OUT)  # type: ignore[misc]

    watch = SimpleNamespace(run_once=die, close=bus.watch.close)
    told = threading.Event()
    with the_threads_watched() as threads:
        companion = Companion("group-lag", lambda: watch, threading.Event(), 60)
        companion.start(on_failure=told.set)
        assert told.wait(5)
        companion.stop()
        assert served() == NOTHING
        assert isinstance(companion.failure, FatalError)
        assert "group-lag" in str(threads.problem())


@contextmanager
def the_threads_watched() -> Iterator[ThreadWatch]:
    watch = ThreadWatch()
    watch.start()
    yield watch
    watch.stop()

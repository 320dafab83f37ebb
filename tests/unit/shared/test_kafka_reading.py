"""What librdkafka hands over becomes records and positions, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from shared.errors import BrokerUnavailable, FatalError
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.kafka.consumer import read
from shared.streaming.kafka.faults import AUTO_OFFSET_RESET, PARTITION_EOF, ToldErrors
from shared.streaming.records import TopicPartition

FIRST, SECOND = TopicPartition("topic", 0), TopicPartition("topic", 1)


@dataclass
class Message:
    """As much of librdkafka's message as is read of it."""

    place: tuple[int, int]
    code: int | None = None

    def error(self) -> KafkaError | None:
        return None if self.code is None else KafkaError(self.code)

    def topic(self) -> str:
        return "topic"

    def partition(self) -> int:
        return self.place[0]

    def offset(self) -> int:
        return self.place[1]

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def key(self) -> bytes:
        return b"key"

    value = key

    def headers(self) -> list[tuple[str, bytes]]:
        return []


def test_records_move_positions_and_the_end_steps_over_markers() -> None:
    records, moved = read([Message((0, 5)), Message((0, 7)), Message((0, 9), PARTITION_EOF)], {FIRST: 5, SECOND: 2})
    assert [record.offset for record in records] == [5, 7]
    assert moved == {FIRST: 9}


def test_what_was_on_its_way_before_a_rewind_or_a_revocation_is_left_out() -> None:
    records, moved = read([Message((0, 4)), Message((1, 1)), Message((0, 5)), Message((0, 5))], {FIRST: 5})
    assert [record.offset for record in records] == [5]
    assert moved == {FIRST: 6}


def test_a_fatal_message_moves_no_position_past_the_records_before_it() -> None:
    positions = {FIRST: 5, SECOND: 2}
    with pytest.raises(FatalError):
        read([Message((0, 5)), Message((1, 2), AUTO_OFFSET_RESET)], positions)
    assert positions == {FIRST: 5, SECOND: 2}


# ---- errors among the messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (KafkaError._BAD_MSG, "replica"),
        (KafkaError.INVALID_MSG, "replica"),
        (KafkaError._BAD_COMPRESSION, "replica"),
        (KafkaError._NOT_IMPLEMENTED, "newer"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "ACL"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "ACL"),
    ],
)
def test_records_the_library_would_skip_or_may_not_read_end_the_process(code: int, hint: str) -> None:
    with pytest.raises(FatalError, match=rf"topic\[1\]@7.*{hint}"):
        read([Message((0, 5)), Message((1, 7), code)], {FIRST: 5, SECOND: 7})


# What the library reports while brokers die, leaders change and groups move, and mends by itself.
HEALED = (
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
    KafkaError._MAX_POLL_EXCEEDED,
    KafkaError._AUTHENTICATION,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.UNKNOWN,
)


@pytest.mark.parametrize("code", HEALED)
def test_what_the_library_mends_by_itself_stops_nobody_and_moves_nothing(code: int) -> None:
    records, moved = read([Message((0, 900), code), Message((0, 5))], {FIRST: 5})
    assert [record.offset for record in records] == [5]
    assert moved == {FIRST: 6}


def test_an_error_is_told_once_per_partition_until_that_is_read_again() -> None:
    told, positions = ToldErrors(), {FIRST: 5, SECOND: 2}
    trouble = [Message((0, 0), KafkaError._TRANSPORT), Message((1, 0), KafkaError._TRANSPORT)]
    with capture_logs() as lines:
        for _ in range(3):
            read(trouble, positions, told)
    assert [(line["topic"], line["partition"], line["reason"]) for line in lines] == [
        ("topic", 0, "_TRANSPORT"),
        ("topic", 1, "_TRANSPORT"),
    ]
    with capture_logs() as lines:
        read([Message((0, 5))], positions, told)
        read(trouble, positions, told)
    assert [line["partition"] for line in lines] == [0]


# ---- a partition read to its end -------------------------------------------------------------------------------------


class Reader:
    """Stands for librdkafka's consumer: hands over ``messages``, then nothing any more."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.is_closed = False

    def assign(self, _: object) -> None:
        return None

    def poll(self, _: float) -> Message | None:
        return self.messages.pop(0) if self.messages else None

    def consume(self, _count: int, _: float) -> list[Message]:
        return []

    def close(self) -> None:
        self.is_closed = True


def read_to_end(monkeypatch: pytest.MonkeyPatch, messages: list[Message], *ends: int) -> tuple[Reader, Iterator[Any]]:
    """Partitions that begin at 0 and end at ``ends``, of which ``messages`` arrive; patience is short."""
    reader = Reader(messages)
    bounds = {TopicPartition("topic", number): end for number, end in enumerate(ends)}
    monkeypatch.setattr("shared.streaming.kafka.broker.ConfluentConsumer", lambda _: reader)
    monkeypatch.setattr("shared.streaming.kafka.broker.list_start_offsets", lambda *_: dict.fromkeys(bounds, 0))
    monkeypatch.setattr("shared.streaming.kafka.broker.list_end_offsets", lambda *_: bounds)
    monkeypatch.setattr("shared.streaming.kafka.broker.NO_PROGRESS_SECONDS", 0.05)
    broker = KafkaBroker(KafkaSettings(bootstrap_servers="localhost:1"))
    return reader, iter(broker.read_to_end(dict.fromkeys(bounds, 0)))


def test_a_partition_is_read_to_its_end_over_what_the_library_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [
        Message((0, 0)),
        Message((0, 900), KafkaError._TRANSPORT),
        Message((0, 1)),
        Message((0, 3), PARTITION_EOF),
    ]
    reader, batches = read_to_end(monkeypatch, messages, 3)
    assert [record.offset for batch in batches for record in batch] == [0, 1]
    assert reader.is_closed


def test_a_partition_that_gives_nothing_more_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, batches = read_to_end(monkeypatch, [Message((0, 0)), Message((0, 1))], 9)
    kept = [next(batches), next(batches)]
    with pytest.raises(BrokerUnavailable, match=r"topic\[0\].*at 2 of 9"):
        next(batches)
    assert [record.offset for batch in kept for record in batch] == [0, 1], "what came is handed over first"
    assert reader.is_closed


def test_a_partition_with_spoilt_records_is_not_read_past_them(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, batches = read_to_end(monkeypatch, [Message((0, 0), KafkaError._BAD_MSG), Message((0, 1))], 2)
    with pytest.raises(FatalError, match=r"topic\[0\]@0"):
        list(batches)
    assert reader.is_closed


def test_several_partitions_are_read_until_the_last_has_come_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [Message((1, 0)), Message((0, 0)), Message((1, 1)), Message((1, 2)), Message((0, 1)), Message((1, 3))]
    reader, batches = read_to_end(monkeypatch, messages, 2, 2)
    assert [(each.partition, each.offset) for batch in batches for each in batch] == [(1, 0), (0, 0), (1, 1), (0, 1)]
    assert reader.is_closed


def test_what_comes_behind_the_end_is_ignored_and_leaves_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handed over in part, a later record would move the reader's offset past one it never saw."""
    messages = [Message((1, 0)), Message((1, 1)), Message((0, 0)), Message((1, 2)), Message((0, 1))]
    _, batches = read_to_end(monkeypatch, messages, 2, 1)
    assert [(each.partition, each.offset) for batch in batches for each in batch] == [(1, 0), (0, 0), (0, 1)]


def test_a_leader_that_is_away_is_named_among_the_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    _, batches = read_to_end(monkeypatch, [Message((0, 0))], 1, 3)
    with pytest.raises(BrokerUnavailable, match=r"topic\[1\].*at 0 of 3"):
        list(batches)


def test_where_there_is_nothing_to_read_no_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, batches = read_to_end(monkeypatch, [], 0, 0)
    assert list(batches) == []
    assert not reader.is_closed, "it was never asked for"

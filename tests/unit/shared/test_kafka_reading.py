"""What librdkafka hands over becomes records and positions, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from confluent_kafka import KafkaError

from shared.errors import FatalError
from shared.streaming.kafka.consumer import read
from shared.streaming.kafka.faults import AUTO_OFFSET_RESET, PARTITION_EOF
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

"""What the engine relies on, as a suite every broker adapter must pass. Subclasses provide ``broker``.

Topics ``in``, ``out``, ``log`` (two partitions each) are fresh for every test; ``Names`` maps them to real names.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from shared.errors import BrokerUnavailable, FatalError, ProducerFenced, TransactionDoubt
from shared.streaming.broker import (
    Broker,
    Consumer,
    FoundTopic,
    GroupStanding,
    LogBounds,
    Offsets,
    TransactionalProducer,
)
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

DEADLINE_SECONDS = 30.0


@dataclass(frozen=True)
class Bench:
    """A broker and names nobody else uses."""

    broker: Broker
    input_topic: str
    output_topic: str
    group: str


class Reader:
    """A group member that starts at the committed offsets and remembers what it saw."""

    def __init__(self, bench: Bench, instance: str | None = None) -> None:
        self.consumer: Consumer = bench.broker.consumer(bench.group, instance)
        self.assigned: list[TopicPartition] = []
        self.records: list[ConsumerRecord] = []
        self.told = 0
        self.consumer.subscribe([bench.input_topic], self._on_assigned, self._on_revoked)

    def _on_assigned(self, partitions: Sequence[TopicPartition]) -> Offsets:
        self.assigned = list(partitions)
        self.told += 1
        return self.consumer.committed(partitions)

    def _on_revoked(self, _partitions: Sequence[TopicPartition]) -> None:
        self.assigned = []

    def poll_until(self, done: Callable[[], bool]) -> None:
        """Poll until ``done``; fail at the deadline."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not done():
            assert time.monotonic() < deadline, "nothing came within the deadline"
            self.records.extend(self.consumer.poll(100, 0.05))

    @property
    def values(self) -> list[bytes | None]:
        """Values seen so far, in order of arrival."""
        return [record.value for record in self.records]


def send(bench: Bench, *values: bytes, topic: str | None = None) -> None:
    """Write records with an edge producer and wait until they are durable."""
    producer = bench.broker.producer()
    reports: list[Exception | None] = []
    for value in values:
        producer.send(ProducerRecord(topic or bench.input_topic, b"key", value, [("h", b"1")], 0), reports.append)
    assert producer.flush(10) == 0
    producer.close()
    assert reports == [None] * len(values)


def begin(bench: Bench, transactional_id: str) -> TransactionalProducer:
    """A producer with an open transaction that wrote one record."""
    producer = bench.broker.transactional_producer(f"{bench.group}-{transactional_id}")
    producer.initialise()
    producer.begin()
    producer.produce(ProducerRecord(bench.output_topic, b"key", b"written", [], 0))
    producer.flush()
    return producer


def output(bench: Bench) -> list[bytes | None]:
    """Committed values of the output topic."""
    batches = bench.broker.read_to_end({TopicPartition(bench.output_topic, 0): 0})
    return [record.value for batch in batches for record in batch]


class BrokerConformance:
    """The promises. ``bench`` comes from the subclass."""

    @pytest.fixture
    def reader(self, bench: Bench) -> Iterator[Reader]:
        reader = Reader(bench)
        yield reader
        reader.consumer.close()

    def test_records_arrive_with_key_headers_and_offset(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a", b"b")
        reader.poll_until(lambda: len(reader.records) == 2)
        first = reader.records[0]
        assert (first.key, first.value, list(first.headers), first.offset) == (b"key", b"a", [("h", b"1")], 0)
        assert first.timestamp_ms > 1_600_000_000_000

    def test_what_there_is_of_topics_is_told_and_what_there_is_not(self, bench: Bench) -> None:
        found = bench.broker.describe([bench.input_topic, "nothing.of.this.name"])
        assert found == {bench.input_topic: FoundTopic(2), "nothing.of.this.name": FoundTopic(0)}

    def test_an_uncommitted_record_is_invisible_and_a_committed_one_is_not(self, bench: Bench) -> None:
        producer = begin(bench, "writer")
        partition = TopicPartition(bench.output_topic, 0)
        consumer = bench.broker.consumer(bench.group, None)
        assert consumer.end_offsets([partition])[partition] == 1, "on the log, though nobody can read it yet"
        producer.commit()
        assert output(bench) == [b"written"]
        assert bench.broker.log_bounds([partition]) == {partition: LogBounds(0, 2)}
        consumer.close()

    def test_an_aborted_record_is_never_seen(self, bench: Bench) -> None:
        begin(bench, "writer").discard()
        producer = bench.broker.transactional_producer(f"{bench.group}-writer")
        producer.initialise()  # which aborts what the other left open
        producer.begin()
        producer.produce(ProducerRecord(bench.output_topic, b"key", b"second", [], 0))
        producer.flush()
        producer.commit()
        assert output(bench) == [b"second"]

    def test_the_partitions_of_topics_are_told_and_a_missing_topic_has_none(self, bench: Bench) -> None:
        asked = bench.broker.partitions_of([bench.input_topic, "no-such-topic"])
        assert sorted(asked) == [TopicPartition(bench.input_topic, number) for number in (0, 1)]

    def test_a_key_is_written_where_it_is_said_to_be(self, bench: Bench, reader: Reader) -> None:
        keys = [f"key-{number}".encode() for number in range(20)]
        producer = bench.broker.producer()
        for key in keys:
            producer.send(ProducerRecord(bench.input_topic, key, b"v", []), lambda error: None)
        assert producer.flush(10) == 0
        producer.close()
        reader.poll_until(lambda: len(reader.records) == len(keys))
        assert {record.key: record.partition for record in reader.records} == {
            key: bench.broker.partition_of(key, 2) for key in keys
        }

    def test_a_group_is_seen_with_its_members_and_offsets_and_stays_when_they_leave(self, bench: Bench) -> None:
        send(bench, b"a", b"b")
        reader = Reader(bench)
        reader.poll_until(lambda: len(reader.records) == 2)
        assert bench.broker.consumer_groups()[bench.group] == GroupStanding(1, {})
        read = TopicPartition(bench.input_topic, 0)
        reader.consumer.commit({read: 2})
        assert bench.broker.consumer_groups()[bench.group] == GroupStanding(1, {read: 2})
        reader.consumer.close()
        left_by = time.monotonic() + DEADLINE_SECONDS  # the coordinator learns of it a moment later
        while (standing := bench.broker.consumer_groups()[bench.group]).members and time.monotonic() < left_by:
            time.sleep(0.05)
        assert standing == GroupStanding(0, {read: 2})

    def test_several_partitions_are_read_to_their_ends_each_in_order(self, bench: Bench) -> None:
        first, second = (TopicPartition(bench.output_topic, number) for number in (0, 1))
        producer = bench.broker.transactional_producer(f"{bench.group}-t")
        producer.initialise()
        producer.begin()
        for value in (b"a", b"b", b"c"):
            producer.produce(ProducerRecord(bench.output_topic, b"key", value, [], 0))
            producer.produce(ProducerRecord(bench.output_topic, b"key", value, [], 1))
        producer.commit()
        found = [each for batch in bench.broker.read_to_end({first: 1, second: 0}) for each in batch]
        assert [each.value for each in found if each.partition == 0] == [b"b", b"c"]
        assert [each.value for each in found if each.partition == 1] == [b"a", b"b", b"c"]
        ends = {place: end for place, (_, end) in bench.broker.log_bounds([first, second]).items()}
        assert [each for batch in bench.broker.read_to_end(ends) for each in batch] == []

    def test_flush_tells_the_next_offset_per_partition(self, bench: Bench) -> None:
        producer = bench.broker.transactional_producer(f"{bench.group}-t")
        producer.initialise()
        producer.begin()
        for _ in range(3):
            producer.produce(ProducerRecord(bench.output_topic, b"key", b"x", [], 1))
        assert producer.flush()[TopicPartition(bench.output_topic, 1)] == 3
        producer.commit()

    def test_offsets_and_records_become_visible_together(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a")
        reader.poll_until(lambda: len(reader.records) == 1)
        partition = TopicPartition(bench.input_topic, 0)
        producer = begin(bench, "writer")
        producer.send_offsets({partition: 1}, reader.consumer.group_metadata())
        producer.commit()
        assert output(bench) == [b"written"]
        assert reader.consumer.committed([partition])[partition] == 1

    def test_committed_offsets_are_not_told_while_a_transaction_carries_them(
        self, bench: Bench, reader: Reader
    ) -> None:
        send(bench, b"a")
        reader.poll_until(lambda: len(reader.records) == 1)
        partition = TopicPartition(bench.input_topic, 0)
        producer = begin(bench, "writer")
        producer.send_offsets({partition: 1}, reader.consumer.group_metadata())
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(_ask_until_told(reader.consumer, partition)))
        asking.start()
        asking.join(timeout=0.5)
        assert answers == []
        producer.commit()
        asking.join(timeout=DEADLINE_SECONDS)
        assert answers == [1]

    def test_a_member_too_many_is_told_that_it_has_nothing(self, bench: Bench) -> None:
        """Else a spare could not know that it has joined, and would never be ready."""
        members = [Reader(bench) for _ in range(3)]
        shares = [(0, True), (1, True), (1, True)]
        try:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while sorted((len(member.assigned), member.told > 0) for member in members) != shares:
                assert time.monotonic() < deadline
                for member in members:
                    member.consumer.poll(10, 0.02)
        finally:
            for member in members:
                member.consumer.close()

    def test_a_new_producer_with_the_same_id_fences_the_old_one(self, bench: Bench) -> None:
        old = begin(bench, "slot")
        new = bench.broker.transactional_producer(f"{bench.group}-slot")
        new.initialise()
        with pytest.raises((ProducerFenced, TransactionDoubt)):
            old.commit()
        assert output(bench) == []

    def test_a_stale_membership_is_fenced(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a")
        reader.poll_until(lambda: len(reader.records) == 1)
        stale = reader.consumer.group_metadata()
        other = Reader(bench)
        try:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while not (reader.assigned and other.assigned):
                assert time.monotonic() < deadline
                reader.consumer.poll(10, 0.05)
                other.consumer.poll(10, 0.05)
            producer = begin(bench, "zombie")
            with pytest.raises(TransactionDoubt):
                producer.send_offsets({TopicPartition(bench.input_topic, 0): 1}, stale)
        finally:
            other.consumer.close()

    def test_seek_reads_again(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a", b"b")
        reader.poll_until(lambda: len(reader.records) == 2)
        reader.consumer.seek({TopicPartition(bench.input_topic, 0): 0})
        reader.poll_until(lambda: len(reader.records) == 4)
        assert reader.values == [b"a", b"b", b"a", b"b"]

    def test_a_paused_partition_hands_over_nothing_until_it_is_resumed(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a")
        reader.poll_until(lambda: len(reader.records) == 1)
        reader.consumer.pause([TopicPartition(bench.input_topic, 0)])
        send(bench, b"b", b"c")
        assert [record.value for _ in range(5) for record in reader.consumer.poll(100, 0.1)] == []
        reader.consumer.resume([TopicPartition(bench.input_topic, 0)])
        reader.poll_until(lambda: reader.values == [b"a", b"b", b"c"])

    def test_seek_ends_a_pause(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a")
        reader.poll_until(lambda: len(reader.records) == 1)
        reader.consumer.pause([TopicPartition(bench.input_topic, 0)])
        reader.consumer.seek({TopicPartition(bench.input_topic, 0): 0})
        reader.poll_until(lambda: reader.values == [b"a", b"a"])

    def test_positions_step_over_transaction_markers(self, bench: Bench, reader: Reader) -> None:
        producer = bench.broker.transactional_producer(f"{bench.group}-t")
        producer.initialise()
        producer.begin()
        producer.produce(ProducerRecord(bench.input_topic, b"key", b"a", [], 0))
        producer.flush()
        producer.commit()
        partition = TopicPartition(bench.input_topic, 0)
        reader.poll_until(lambda: reader.consumer.positions().get(partition) == 2)
        assert reader.consumer.end_offsets([partition])[partition] == 2
        assert reader.values == [b"a"]

    def test_a_partition_without_a_committed_offset_is_told_apart(self, bench: Bench, reader: Reader) -> None:
        partition, other = TopicPartition(bench.input_topic, 0), TopicPartition(bench.output_topic, 0)
        assert reader.consumer.never_committed([partition, other]) == {partition, other}
        send(bench, b"a")
        reader.poll_until(lambda: len(reader.records) == 1)
        reader.consumer.commit({partition: 1})
        assert reader.consumer.never_committed([partition, other]) == {other}

    def test_a_restarted_reader_goes_on_at_the_committed_offset(self, bench: Bench, reader: Reader) -> None:
        send(bench, b"a", b"b")
        reader.poll_until(lambda: len(reader.records) == 2)
        reader.consumer.commit({TopicPartition(bench.input_topic, 0): 1})
        reader.consumer.close()
        second = Reader(bench)
        second.poll_until(lambda: len(second.records) == 1)
        assert second.values == [b"b"]
        second.consumer.close()

    def test_partitions_with_the_same_number_have_the_same_owner(self, bench: Bench) -> None:
        owners: dict[int, set[int]] = {0: set(), 1: set()}
        consumers = [bench.broker.consumer(bench.group, None) for _ in range(2)]
        assigned: list[list[TopicPartition]] = [[], []]
        for index, consumer in enumerate(consumers):
            consumer.subscribe(
                [bench.input_topic, bench.output_topic],
                lambda partitions, index=index: (
                    assigned.__setitem__(index, list(partitions)) or dict.fromkeys(partitions, 0)
                ),  # type: ignore[misc]
                lambda _partitions, index=index: assigned.__setitem__(index, []),  # type: ignore[misc]
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not all(len(partitions) == 2 for partitions in assigned):
            assert time.monotonic() < deadline
            for consumer in consumers:
                consumer.poll(10, 0.05)
        for index, partitions in enumerate(assigned):
            for partition in partitions:
                owners[partition.partition].add(index)
        assert all(len(owner) == 1 for owner in owners.values())
        for consumer in consumers:
            consumer.close()

    def test_a_second_process_on_the_same_slot_stops_the_first(self, bench: Bench) -> None:
        first = Reader(bench, "slot")
        first.poll_until(lambda: bool(first.assigned))
        second = Reader(bench, "slot")
        second.poll_until(lambda: bool(second.assigned))
        with pytest.raises(FatalError):
            first.poll_until(lambda: False)
        second.consumer.close()


def _ask_until_told(consumer: Consumer, partition: TopicPartition) -> int:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            return consumer.committed([partition])[partition]
        except BrokerUnavailable:
            time.sleep(0.02)
    raise AssertionError("never told")

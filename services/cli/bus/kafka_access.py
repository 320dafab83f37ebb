"""Reading and writing the bus with kafka-python: pure Python, and apart from the client the services use.

What is seen here is therefore seen independently: read_committed, no consumer group, no offsets committed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, UnknownTopicOrPartitionError
from kafka.partitioner.abc import Partitioner
from kafka.partitioner.default import murmur2

from deploy.stack_file import adopt_running_stack, running_stack, stack_file
from services.cli.console.output import say
from shared.errors import BrokerUnavailable
from shared.events import topics
from shared.events.journey import stage_of, tells_of_complaints
from shared.kafka_security import kafka_python_security
from shared.settings import KafkaSettings, ServiceSettings, load_settings
from shared.streaming.kafka.reaching import reach
from shared.streaming.records import ConsumerRecord, TopicPartition
from shared.unread_variables import told, unread_variables

CONNECT_TIMEOUT_MS = 10_000
LONGEST_SCAN_WAIT_MS = 1_000
SILENCE_SECONDS = 30.0
"""As long as a new leader may take to be found; after that a scan is not waiting but hanging."""

_FROM_THE_START: Mapping[TopicPartition, int] = MappingProxyType({})


def cli_settings(bootstrap: str | None) -> ServiceSettings:
    """Settings of a command: the environment, else the stack that runs here, with ``bootstrap`` on top."""
    adopt_running_stack()
    if bootstrap is not None:
        os.environ["CBUS_KAFKA__BOOTSTRAP_SERVERS"] = bootstrap
    for name, meant in unread_variables(os.environ, ServiceSettings).items():
        say(told(name, meant))
    return load_settings(ServiceSettings)


def _where_it_looked() -> str:
    """Said where no stack of this checkout is known: the address is then the default, or the user's own."""
    return "" if running_stack() is not None else f"{stack_file()} names none that runs; "


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """kafka-python's options for these settings. ConfigurationError: a file they name cannot be used."""
    return {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        **kafka_python_security(settings),
    }


def open_reader(settings: KafkaSettings, group_id: str | None = None) -> Any:
    """A KafkaConsumer that sees committed records only and commits nothing by itself."""
    return connected(
        KafkaConsumer,
        settings,
        group_id=group_id,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        metrics_enabled=False,
    )


def open_writer(settings: KafkaSettings) -> Any:
    """A KafkaProducer that waits for all replicas; keys are placed by murmur2, as everywhere on the bus.

    By the number of partitions the bus reckons with: one more than that is read by nobody.
    """
    return connected(
        KafkaProducer,
        settings,
        acks="all",
        allow_auto_create_topics=False,
        max_block_ms=CONNECT_TIMEOUT_MS,
        metrics_enabled=False,
        partitioner=RecordedPartitions(),
    )


def connected(client: Any, settings: KafkaSettings, **options: Any) -> Any:
    """A client of kafka-python. BrokerUnavailable says why there is none, and by which setting."""
    security = connection_options(settings)
    return reach(
        lambda timeout_ms: client(**security, **options, bootstrap_timeout_ms=timeout_ms),
        settings,
        (KafkaTimeoutError, KafkaConnectionError, OSError),
        otherwise=f"; is the stack running? {_where_it_looked()}'cbus up' starts a local one",
    )


class RecordedPartitions(Partitioner):  # type: ignore[misc]  # kafka-python has no types
    """Chooses among the partitions the bus reckons with, however many there are."""

    def partition(
        self, topic: str, _key: object, serialized_key: bytes | None, _value: object, _bytes: object, cluster: Any
    ) -> int:
        """UnknownTopicOrPartitionError: the topic has fewer; its future raises it."""
        number = partition_of(serialized_key or b"", topics.PARTITIONS)
        if number not in (cluster.partitions_for_topic(topic) or ()):
            raise UnknownTopicOrPartitionError(f"{topic} has no partition {number}; it should have {topics.PARTITIONS}")
        return number


def bus_topics_of(reader: Any) -> list[str]:
    """The topics of the bus that exist, state left out, in the order a complaint passes through them."""
    found = {name for name in reader.topics() if tells_of_complaints(name)}
    return sorted(found, key=lambda name: (stage_of(name), name))


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as the default partitioner of Java and kafka-python chooses it."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def all_partitions(reader: Any, names: Sequence[str]) -> list[TopicPartition]:
    """Every partition of these topics."""
    return [
        TopicPartition(name, number) for name in names for number in sorted(reader.partitions_for_topic(name) or ())
    ]


def to_kafka(partition: TopicPartition) -> Any:
    """Our partition as kafka-python's."""
    return KafkaTopicPartition(*partition)


def scan(
    reader: Any, partitions: Sequence[TopicPartition], starts: Mapping[TopicPartition, int] = _FROM_THE_START
) -> Iterator[ConsumerRecord]:
    """Every committed record of these partitions, from the log's start or from ``starts``, to its end as of now.

    Raises BrokerUnavailable when nothing is heard for SILENCE_SECONDS: what was read by then is not all there is.
    """
    assigned = [to_kafka(partition) for partition in partitions]
    reader.assign(assigned)
    if not assigned:
        return
    waiting = _seek(reader, assigned, starts)
    reached: dict[Any, int | None] = {}
    heard_at = time.monotonic()
    while waiting:
        polled = reader.poll(timeout_ms=LONGEST_SCAN_WAIT_MS)
        for records in polled.values():
            yield from (to_record(record) for record in records)
        before, reached = reached, {place: reader.position(place, LONGEST_SCAN_WAIT_MS) for place in waiting}
        if polled or reached != before:
            heard_at = time.monotonic()
        _require_heard(heard_at, waiting)
        waiting = {place: end for place, end in waiting.items() if (reached[place] or 0) < end}


def _seek(reader: Any, assigned: Sequence[Any], starts: Mapping[TopicPartition, int]) -> dict[Any, int]:
    """Go where reading begins; the ends of those partitions in which there is something to read."""
    reader.seek_to_beginning(*assigned)
    ends: dict[Any, int] = reader.end_offsets(assigned)
    begins = reader.beginning_offsets(assigned) if starts else {}
    for place in assigned:
        start = starts.get(TopicPartition(place.topic, place.partition), 0)
        if starts and begins[place] < start:
            reader.seek(place, min(start, ends[place]))
    return {place: end for place, end in ends.items() if end > 0}


def _require_heard(heard_at: float, waiting: Mapping[Any, int]) -> None:
    """``heard_at``: the monotonic instant at which reading last came further."""
    if time.monotonic() - heard_at < SILENCE_SECONDS:
        return
    place = min(waiting)
    raise BrokerUnavailable(
        f"nothing more came for {SILENCE_SECONDS:g} s while {place.topic}[{place.partition}] was read, and its end was "
        "not reached; did the broker go away, or does the partition have no leader? What was read so far is not all: "
        "ask again when 'cbus doctor' reaches the broker"
    )


def to_record(record: Any) -> ConsumerRecord:
    """kafka-python's record as the bus's own."""
    return ConsumerRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        timestamp_ms=record.timestamp,
    )

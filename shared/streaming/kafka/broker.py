"""Makes Kafka clients with the settings the engine rules ask for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer as ConfluentConsumer
from confluent_kafka import KafkaException, Message, murmur2
from confluent_kafka.admin import AdminClient

from shared.errors import BrokerUnavailable
from shared.events.topics import LARGEST_DEAD_LETTER_BYTES, recorded_partitions
from shared.kafka_security import confluent_security
from shared.settings import KafkaSettings
from shared.streaming.broker import FoundTopic, GroupStanding, LogBounds, Offsets
from shared.streaming.kafka.connection_faults import ConnectionFaults
from shared.streaming.kafka.consumer import KafkaConsumer, read
from shared.streaming.kafka.conversion import to_confluent
from shared.streaming.kafka.faults import ToldErrors, cause_of, unavailable
from shared.streaming.kafka.groups import list_groups
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS, list_end_offsets, list_start_offsets
from shared.streaming.kafka.partitioning import Partitioner, RecordedPartitions
from shared.streaming.kafka.producer import KafkaProducer
from shared.streaming.kafka.renewed_admin import RenewedAdmin
from shared.streaming.kafka.replication import require_two_copies
from shared.streaming.kafka.topics import describe_topics
from shared.streaming.kafka.transactional_producer import KafkaTransactionalProducer
from shared.streaming.records import ConsumerRecord, TopicPartition

_READ_BATCH = 5000
NO_PROGRESS_SECONDS = 20.0
"""So long a partition is waited for that gives nothing, though it has more; this runs inside of rebalances, too."""
# Lines of librdkafka may name hosts and client ids, never record contents; errors reach us as exceptions anyway.
_LIBRARY_LOG = logging.getLogger("librdkafka")


class KafkaBroker:
    """Makes clients for one cluster."""

    def __init__(self, settings: KafkaSettings, recorded: RecordedPartitions = recorded_partitions) -> None:
        """``recorded``: the number of partitions this cluster's topics were made with; else the registry's."""
        self._settings = settings
        self.recorded_partitions = recorded
        self._partition_of = Partitioner(recorded)
        self._common: dict[str, Any] = {
            "bootstrap.servers": settings.bootstrap_servers,
            "socket.connection.setup.timeout.ms": 3000,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 500,
            "allow.auto.create.topics": False,
            "logger": _LIBRARY_LOG,
            "log_level": 2,  # critical; the rest reaches us as errors, or heals, or repeats itself every half second
            **confluent_security(settings),
        }
        self._faults = ConnectionFaults(settings)
        self._admin = RenewedAdmin(self._open_admin)
        self._is_safe = False

    def consumer(self, group_id: str, instance_id: str | None) -> KafkaConsumer:
        session_ms = int(self._settings.session_timeout_seconds * 1000)
        config = {
            **self._reader_config(),
            "group.id": group_id,
            "session.timeout.ms": session_ms,
            "heartbeat.interval.ms": max(100, session_ms // 4),
            "max.poll.interval.ms": int(self._settings.poll_interval_seconds * 1000),
            "partition.assignment.strategy": "range",
        }
        if instance_id is not None:
            config["group.instance.id"] = f"{group_id}-{instance_id}"
        return KafkaConsumer(config, self._admin.client, self._open_admin)

    def _open_admin(self) -> AdminClient:
        return AdminClient(_without(self._common, "allow.auto.create.topics") | {"error_cb": self._faults.note})

    def transactional_producer(self, transactional_id: str) -> KafkaTransactionalProducer:
        timeout_ms = int(self._settings.transaction_timeout_seconds * 1000)
        return KafkaTransactionalProducer(
            self._producer_config()
            | {
                "transactional.id": transactional_id,
                "transaction.timeout.ms": timeout_ms,
                "message.timeout.ms": timeout_ms,
                "linger.ms": 5,  # flush does not wait for it; until then records gather in fuller requests
                "retry.backoff.ms": 10,
                "queue.buffering.max.messages": 1_000_000,
            },
            self._settings.transaction_timeout_seconds,
            _LIBRARY_LOG,
            self._partition_of,
            self._faults,
        )

    def producer(self) -> KafkaProducer:
        timeout_ms = int(self._settings.delivery_timeout_seconds * 1000)
        return KafkaProducer(
            self._producer_config() | {"message.timeout.ms": timeout_ms, "linger.ms": 2, "retry.backoff.ms": 50},
            self._partition_of,
            self._faults,
        )

    def read_to_end(self, starts: Offsets) -> Iterator[Iterable[ConsumerRecord]]:
        bounds = self.log_bounds(list(starts))
        positions = {partition: max(start, bounds[partition].start) for partition, start in starts.items()}
        ends = {partition: end for partition, (_, end) in bounds.items() if positions[partition] < end}
        if ends:  # a client costs more than finding out that there is nothing to read
            yield from self._read_to(ends, {partition: positions[partition] for partition in ends})

    def _read_to(self, ends: Offsets, positions: dict[TopicPartition, int]) -> Iterator[Iterable[ConsumerRecord]]:
        """``positions``: where to begin; a partition leaves it at its end, and what comes of it later is ignored."""
        reader = ConfluentConsumer(
            self._reader_config()
            | {
                "group.id": "unused",
                "queued.min.messages": 100_000,
                "queued.max.messages.kbytes": 16_384,  # it lives as long as a restore, and a restore is in a hurry
                "fetch.message.max.bytes": 1_048_576,
                "fetch.max.bytes": 52_428_800,
                "fetch.wait.max.ms": 10,  # the end is told by an empty answer, which must not let a restart wait
            }
        )
        try:
            reader.assign([to_confluent(*place) for place in positions.items()])
            told, progress_at = ToldErrors(), time.monotonic()
            while positions:
                records, moved = read(_available(reader), positions, told)
                positions.update(moved)
                if moved:
                    yield records
                    progress_at = time.monotonic()
                elif time.monotonic() - progress_at > NO_PROGRESS_SECONDS:
                    place = min(positions)
                    raise BrokerUnavailable(
                        f"reading {place}: nothing came for {NO_PROGRESS_SECONDS:g} s at {positions[place]} of "
                        f"{ends[place]}; its leader is away, or a transaction is open there"
                    )
                for partition in moved:
                    if positions[partition] >= ends[partition]:
                        del positions[partition]
        except KafkaException as error:
            raise BrokerUnavailable(f"reading {', '.join(map(str, positions))}: {cause_of(error)}") from error
        finally:
            reader.close()

    def log_bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, LogBounds]:
        admin = self._admin.client()
        starts, ends = list_start_offsets(admin, partitions), list_end_offsets(admin, partitions)
        return {partition: LogBounds(starts[partition], ends[partition]) for partition in partitions}

    def partitions_of(self, topics: Iterable[str]) -> list[TopicPartition]:
        with unavailable("asking for topics"):
            known = self._admin.client().list_topics(timeout=REQUEST_TIMEOUT_SECONDS).topics
        return [
            TopicPartition(topic, number) for topic in topics if topic in known for number in known[topic].partitions
        ]

    def describe(self, topics: Sequence[str]) -> dict[str, FoundTopic]:
        return describe_topics(self._admin.client(), topics)

    def partition_of(self, key: bytes, partitions: int) -> int:
        return murmur2(key, partitions)

    def consumer_groups(self) -> dict[str, GroupStanding]:
        return list_groups(self._admin.client())

    def cluster_id(self) -> str:
        if not self._is_safe:
            self._is_safe = require_two_copies(self._admin.client())
        with unavailable("asking for the cluster id"):
            return str(self._admin.client().list_topics(timeout=REQUEST_TIMEOUT_SECONDS).cluster_id)

    def ping(self, timeout_seconds: float) -> None:
        admin = self._admin.client()
        try:
            admin.list_topics(timeout=timeout_seconds)
        except KafkaException as error:
            cause_of(error)
            admin.poll(0)  # what its connections met is told from here
            self._admin.silent()
            raise BrokerUnavailable(
                f"no answer from {self._settings.bootstrap_servers}: {self._faults.explain()}"
            ) from error
        self._admin.answered()

    def _reader_config(self) -> dict[str, Any]:
        return self._common | {
            "isolation.level": "read_committed",
            "enable.auto.commit": self._settings.enable_auto_commit,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "check.crcs": True,
            "fetch.wait.max.ms": 100,
            "fetch.queue.backoff.ms": 10,
            # Read ahead a few passes and no more: with 1 MB and 16 MB a service that worked a backlog off kept
            # a hundred megabytes more (docs/benchmark.md), and was no quicker. A larger record still comes, alone.
            "fetch.message.max.bytes": 262_144,
            "queued.max.messages.kbytes": 4_096,
        }

    def _producer_config(self) -> dict[str, Any]:
        return _without(self._common, "allow.auto.create.topics") | {
            "acks": self._settings.acks,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "message.max.bytes": LARGEST_DEAD_LETTER_BYTES,  # what a topic takes at most; most take less
            "compression.type": "lz4",
        }


def _available(reader: ConfluentConsumer) -> list[Message]:
    """What has arrived, after waiting for the first of it.

    ``consume`` alone waits out its timeout unless a batch is full, which at a partition's end it never is.
    """
    first = reader.poll(0.2)
    return [] if first is None else [first, *reader.consume(_READ_BATCH - 1, 0.0)]


def _without(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != key}

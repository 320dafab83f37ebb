"""Reading and writing the bus with kafka-python: pure Python, and apart from the client the services use.

What is seen here is therefore seen independently: read_committed, no consumer group, no offsets committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from services.cli.stack_file import adopt_running_stack
from shared.errors import BrokerUnavailable
from shared.events import topics
from shared.settings import KafkaSettings, ServiceSettings, load_settings
from shared.streaming.records import ConsumerRecord, TopicPartition

CONNECT_TIMEOUT_MS = 10_000
LONGEST_SCAN_WAIT_MS = 1_000

_CORE_TOPICS = (
    topics.RECEIVED,
    topics.LIFECYCLE,
    topics.SLA_EVENTS,
    topics.NOTIFICATION_REQUESTS,
    topics.NOTIFICATION_EVENTS,
    topics.AUDIT_EVENTS,
    topics.INSIGHT_ALERTS,
)
_DEAD_LETTERS = ".dead-letters.v1"


def cli_settings(bootstrap: str | None) -> ServiceSettings:
    """Settings of a command: the environment, else the stack that runs here, with ``bootstrap`` on top."""
    adopt_running_stack()
    if bootstrap is not None:
        os.environ["CBUS_KAFKA__BOOTSTRAP_SERVERS"] = bootstrap
    return load_settings(ServiceSettings)


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """kafka-python's options for these settings."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "bootstrap_timeout_ms": CONNECT_TIMEOUT_MS,
        "security_protocol": settings.security_protocol,
        "ssl_cafile": settings.ssl_ca_location,
        "metrics_enabled": False,
    }
    if settings.sasl_mechanism is not None:
        password = settings.sasl_password.get_secret_value() if settings.sasl_password else None
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": password,
        }
    return options


def open_reader(settings: KafkaSettings, group_id: str | None = None) -> Any:
    """A KafkaConsumer that sees committed records only and commits nothing by itself."""
    return _connected(
        KafkaConsumer,
        settings,
        group_id=group_id,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
    )


def open_writer(settings: KafkaSettings) -> Any:
    """A KafkaProducer that waits for all replicas; keys are placed by murmur2, as everywhere on the bus."""
    return _connected(
        KafkaProducer, settings, acks="all", allow_auto_create_topics=False, max_block_ms=CONNECT_TIMEOUT_MS
    )


def _connected(client: Any, settings: KafkaSettings, **options: Any) -> Any:
    try:
        return client(**connection_options(settings), **options)
    except (KafkaError, OSError) as failure:
        raise BrokerUnavailable(
            f"no Kafka broker answered at {settings.bootstrap_servers} within {CONNECT_TIMEOUT_MS // 1000} s "
            f"({type(failure).__name__}); is the stack running? 'cbus up' starts a local one"
        ) from None


def bus_topics_of(reader: Any) -> list[str]:
    """The topics of the bus that exist, state left out, in the order a complaint passes through them."""
    found = {name for name in reader.topics() if is_bus_topic(name)}
    return sorted(found, key=lambda name: (stage_of(name), name))


def is_bus_topic(name: str) -> bool:
    """True for topics that carry events or dead letters."""
    return name in _CORE_TOPICS or name.startswith("departments.") or name.endswith(_DEAD_LETTERS)


def is_dead_letter_topic(name: str) -> bool:
    """True for ``<service>.dead-letters.v1`` and ``departments.<dept>.dead-letters.v1``."""
    return name.endswith(_DEAD_LETTERS)


def department_of_topic(name: str) -> str | None:
    """The department whose queue this is; None for any other topic."""
    parts = name.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == "departments" and parts[2] == "v1" else None


def stage_of(topic: str) -> int:
    """Where in a complaint's journey a topic stands; orders records of the same instant."""
    if topic == topics.RECEIVED:
        return 0
    if topic == topics.LIFECYCLE:
        return 1
    if department_of_topic(topic) is not None:
        return 2
    if topic.startswith("departments."):
        return 3
    return 4 + (_CORE_TOPICS.index(topic) if topic in _CORE_TOPICS else len(_CORE_TOPICS))


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


def scan(reader: Any, partitions: Sequence[TopicPartition]) -> Iterator[ConsumerRecord]:
    """Every committed record of these partitions, from the log's start to its end as of now."""
    assigned = [to_kafka(partition) for partition in partitions]
    reader.assign(assigned)
    if not assigned:
        return
    reader.seek_to_beginning(*assigned)
    waiting = {partition: end for partition, end in reader.end_offsets(assigned).items() if end > 0}
    while waiting:
        for records in reader.poll(timeout_ms=LONGEST_SCAN_WAIT_MS).values():
            yield from (to_record(record) for record in records)
        waiting = {partition: end for partition, end in waiting.items() if reader.position(partition) < end}


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

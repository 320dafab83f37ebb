"""Create the topics that are missing; report those that differ; alter nothing.

kafka-python does the work, in pure Python and apart from the client of the data path, so the topics do not depend on
the code they serve. A topic's partition count decides which complaint belongs to which owner, and its cleanup policy
whether history survives: a difference in either is for an operator to settle, never for a start-up script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, NoError, TopicAlreadyExistsError, for_code

from shared.events.topics import TIMESTAMP_TYPE
from shared.kafka_security import kafka_python_security
from shared.settings import KafkaSettings
from shared.streaming.kafka.reaching import reach

MENDED_BY_COMMAND = frozenset({TIMESTAMP_TYPE, "max.message.bytes"})
"""Settings that take effect at once and put nothing on the log at risk."""
COPIES = 3
"""Copies of each partition, where the cluster has as many brokers: one may be away and another die."""
TOPICS_PER_REQUEST = 100
"""A controller makes at most 10,000 changes for one request, and a topic is some twenty."""


class TopicDefinition(Protocol):
    """What provisioning needs of a topic; ``shared.events.topics.Topic`` has it."""

    @property
    def name(self) -> str:
        """Topic name."""
        ...

    @property
    def partitions(self) -> int:
        """Partition count."""
        ...

    @property
    def cleanup_policy(self) -> Literal["delete", "compact"]:
        """Kafka's ``cleanup.policy``."""
        ...

    @property
    def retention_ms(self) -> int | None:
        """How long records stay, in milliseconds; None: for ever."""
        ...

    @property
    def config(self) -> Mapping[str, str]:
        """Further topic settings."""
        ...


@dataclass(frozen=True)
class Difference:
    """One thing about an existing topic that is not as the registry says."""

    topic: str
    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.actual}, the registry says {self.expected}{self._mended_by()}"

    def _mended_by(self) -> str:
        """The command for what a person may mend on a live bus; not every difference is."""
        if self.what not in MENDED_BY_COMMAND:
            return ""
        change = f"{self.what}={self.expected}"
        return f"; mend it: kafka-configs.sh --alter --topic {self.topic} --add-config {change}"


@dataclass(frozen=True)
class ProvisionReport:
    """What was done. ``existing`` names the topics that were there before; ``differing`` says how some differ."""

    created: tuple[str, ...]
    existing: tuple[str, ...]
    differing: tuple[Difference, ...]
    replication_factor: int = COPIES
    """Copies of each partition of what was created."""

    def summary(self) -> str:
        """One line for a person."""
        return f"topics: {len(self.created)} created, {len(self.existing)} existing, {len(self.differing)} differences"


def provision(
    kafka: KafkaSettings | str, topics: Iterable[TopicDefinition], replication_factor: int | None = None
) -> ProvisionReport:
    """Create every missing topic and wait until each partition has a leader; compare the others.

    ``kafka``: the settings the services have, or ``host:port,…`` of brokers that ask for nothing.
    ``replication_factor`` None: what ``copies_for`` says of this cluster.
    Raises ``BrokerUnavailable`` if no broker answers within 10 s, saying by which setting if it is one, and
    kafka-python's error, naming the topic, if the broker refuses to create one. Safe to run again and at the same time
    elsewhere.
    """
    settings = KafkaSettings(bootstrap_servers=kafka) if isinstance(kafka, str) else kafka
    wanted = {topic.name: topic for topic in topics}
    admin = _connect(settings)
    try:
        existing = sorted(wanted.keys() & set(admin.list_topics()))
        missing = [wanted[name] for name in wanted if name not in existing]
        copies = replication_factor or _copies(admin, existing)
        created = _create(admin, missing, copies)
        differing = _differences(admin, [wanted[name] for name in existing])
    finally:
        admin.close()
    return ProvisionReport(tuple(created), tuple(existing), tuple(differing), copies)


def copies_for(brokers: int, existing_copies: int) -> int:
    """Copies of each partition of a new topic: as many as there are brokers, at most three.

    ``existing_copies``: the most a topic of the bus has. A cluster that misses a broker today still gets what its other
    topics have; it refuses then, rather than keep a department's queue in fewer copies for ever.
    """
    return max(1, min(COPIES, max(brokers, existing_copies)))


def topic_settings(topic: TopicDefinition) -> dict[str, str]:
    """The topic-level Kafka settings of a topic; ``retention.ms`` -1 means for ever (compacted topics have none)."""
    settings: dict[str, str] = {"cleanup.policy": topic.cleanup_policy}
    if topic.cleanup_policy == "delete":
        settings["retention.ms"] = str(-1 if topic.retention_ms is None else topic.retention_ms)
    return {**settings, **topic.config}


def _connect(settings: KafkaSettings) -> Any:
    security = kafka_python_security(settings)
    return reach(
        lambda timeout_ms: KafkaAdminClient(
            bootstrap_servers=settings.bootstrap_servers.split(","), bootstrap_timeout_ms=timeout_ms, **security
        ),
        settings,
        (KafkaTimeoutError, KafkaConnectionError, OSError),
        otherwise="; no topic was created",
    )


def _copies(admin: Any, existing: list[str]) -> int:
    brokers = len(admin.describe_cluster()["brokers"])
    found = admin.describe_topics(existing) if existing else []
    copies = (len(partition["replica_nodes"]) for topic in found for partition in topic["partitions"])
    return copies_for(brokers, max(copies, default=0))


def _create(admin: Any, topics: list[TopicDefinition], replication_factor: int) -> list[str]:
    for first in range(0, len(topics), TOPICS_PER_REQUEST):
        _request(admin, topics[first : first + TOPICS_PER_REQUEST], replication_factor)
    return [topic.name for topic in topics]


def _request(admin: Any, topics: list[TopicDefinition], replication_factor: int) -> None:
    request = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": replication_factor,
            "configs": topic_settings(topic),
        }
        for topic in topics
    }
    response = admin.create_topics(request, timeout_ms=30_000, raise_errors=False)
    for result in response["topics"]:
        _raise_unless_there(result)
    admin.wait_for_topics([topic.name for topic in topics], timeout_ms=30_000)


def _raise_unless_there(result: Mapping[str, Any]) -> None:
    error = for_code(result["error_code"])
    if error not in (NoError, TopicAlreadyExistsError):  # somebody may have created it a moment ago
        raise error(f"topic {result['name']} was not created: {result.get('error_message')}")


def _differences(admin: Any, topics: list[TopicDefinition]) -> list[Difference]:
    if not topics:
        return []
    names = [topic.name for topic in topics]
    partitions = {found["name"]: len(found["partitions"]) for found in admin.describe_topics(names)}
    resources = [ConfigResource("TOPIC", name, None) for name in names]
    settings = admin.describe_configs(resources, config_filter="all")["topic"]
    return [
        difference
        for topic in topics
        for difference in compare(topic, partitions[topic.name], _values(settings[topic.name]))
    ]


def _values(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(setting["value"]) for name, setting in settings.items()}


def compare(topic: TopicDefinition, partitions: int, settings: Mapping[str, str]) -> list[Difference]:
    """How an existing topic with ``partitions`` and ``settings`` differs from its definition."""
    found = []
    if partitions != topic.partitions:
        found.append(Difference(topic.name, "partitions", str(topic.partitions), str(partitions)))
    for name, expected in topic_settings(topic).items():
        actual = settings.get(name)
        if actual != expected:
            found.append(Difference(topic.name, name, expected, str(actual)))
    return found

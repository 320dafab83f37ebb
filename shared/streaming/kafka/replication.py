"""Refuses a replicated cluster that acknowledges what only one broker holds (engine rule 7).

``acks=all`` waits for the replicas in sync, however few those are: with ``min.insync.replicas`` 1 that can be one, and
what it acknowledged dies with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from shared.errors import UnsafeCluster
from shared.events.topics import belongs_to_bus
from shared.observability.logging import get_logger
from shared.streaming.kafka.faults import cause_of, unavailable
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS

LEAST_IN_SYNC: Final = 2
_SETTING: Final = "min.insync.replicas"
_BROKERS_OWN: Final = frozenset({"__consumer_offsets", "__transaction_state"})
"""A commit is a record in these."""
_NOT_ALLOWED: Final = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})

_LOG = get_logger()


def require_two_copies(admin: AdminClient) -> bool:
    """True once the topics of the bus were seen and are safe; False while there are none.

    UnsafeCluster: a replicated one takes records with fewer than two copies in sync. BrokerUnavailable: no answer.
    A cluster that may not be asked (no DescribeConfigs right) is taken as it is, with a warning.
    """
    replicas = _replicas(admin)
    if not any(belongs_to_bus(name) for name in replicas):
        return False
    replicated = [name for name, count in replicas.items() if count >= LEAST_IN_SYNC]
    unsafe = unsafe_topics(_least_in_sync(admin, replicated))
    if unsafe:
        raise UnsafeCluster(
            f"{_SETTING} is below {LEAST_IN_SYNC} on {len(unsafe)} replicated topics, among them {unsafe[0]}: what one "
            f"broker alone acknowledged is lost with it. Set {_SETTING}={LEAST_IN_SYNC} on the brokers or the topics; "
            "this process then starts by itself"
        )
    return True


def unsafe_topics(least_in_sync: Mapping[str, int]) -> list[str]:
    """Replicated topics that acknowledge with too few copies in sync."""
    return sorted(name for name, least in least_in_sync.items() if least < LEAST_IN_SYNC)


def _replicas(admin: AdminClient) -> dict[str, int]:
    """Copies of each topic the bus relies on; the smallest number where its partitions differ."""
    with unavailable("asking how topics are replicated"):
        found = admin.list_topics(timeout=REQUEST_TIMEOUT_SECONDS).topics
    relied_on = {name: topic for name, topic in found.items() if belongs_to_bus(name) or name in _BROKERS_OWN}
    return {
        name: min((len(partition.replicas) for partition in topic.partitions.values()), default=0)
        for name, topic in relied_on.items()
    }


def _least_in_sync(admin: AdminClient, names: Iterable[str]) -> dict[str, int]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    found: dict[str, int] = {}
    for resource, answer in admin.describe_configs(resources, request_timeout=REQUEST_TIMEOUT_SECONDS).items():
        least = _setting(resource.name, answer)
        if least is not None:
            found[resource.name] = int(least)
    return found


def _setting(topic: str, answer: Future[dict[str, ConfigEntry]]) -> str | None:
    """What the topic's setting is; None if we may not see it."""
    with unavailable(f"asking for the settings of {topic}"):
        try:
            return answer.result()[_SETTING].value
        except KafkaException as error:
            if cause_of(error).code() not in _NOT_ALLOWED:
                raise
    _LOG.warning("replication_unchecked", topic=topic)
    return None

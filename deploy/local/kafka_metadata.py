"""Short questions to a broker that may not be up yet: who is there, and who leads a partition?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import ClusterMetadata

_silent = logging.getLogger("deploy.local.kafka_metadata")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_PLAINTEXT: Mapping[str, str] = MappingProxyType({})


def _metadata(
    bootstrap: str, timeout_seconds: float, topic: str | None = None, security: Mapping[str, str] = _PLAINTEXT
) -> ClusterMetadata | None:
    """The cluster as the broker at ``bootstrap`` sees it; None if it does not answer in time."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, **security}, logger=_silent)
    try:
        return admin.list_topics(topic, timeout=timeout_seconds)
    except KafkaException:
        return None


def broker_ids(bootstrap: str, timeout_seconds: float = 2.0, security: Mapping[str, str] = _PLAINTEXT) -> set[int]:
    """Ids of the brokers in the cluster's metadata; empty if nobody answers. ``security``: librdkafka's settings."""
    metadata = _metadata(bootstrap, timeout_seconds, security=security)
    return set(metadata.brokers) if metadata else set()


def partition_leader(bootstrap: str, topic: str, partition: int, timeout_seconds: float = 5.0) -> int | None:
    """The id of the broker that leads the partition now; None if there is none or nobody answers."""
    metadata = _metadata(bootstrap, timeout_seconds, topic)
    known = metadata.topics[topic].partitions.get(partition) if metadata else None
    return known.leader if known is not None and known.leader >= 0 else None

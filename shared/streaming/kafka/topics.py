"""Asking the cluster what topics there are, and what this client may do with them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclOperation,
    AdminClient,
    ConfigResource,
    ResourceType,
)

from shared.events.topics import LOG_APPEND_TIME, TIMESTAMP_TYPE, is_written_by_outsiders
from shared.streaming.broker import FoundTopic
from shared.streaming.kafka.faults import NO_RIGHT, cause_of, unavailable
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS

_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID})


def describe_topics(admin: AdminClient, topics: Sequence[str]) -> dict[str, FoundTopic]:
    """What there is of ``topics``; a broker without ACLs allows everything. BrokerUnavailable: not known of all."""
    names = sorted(set(topics))
    with unavailable("asking for topics"):
        described = admin.describe_topics(
            TopicCollection(names), include_authorized_operations=True, request_timeout=REQUEST_TIMEOUT_SECONDS
        )
        found = {name: _found(described[name]) for name in names}
        foreign = _stamped_by_writers(admin, [name for name in names if found[name].partitions])
    return {name: each._replace(stamped_by_writers=name in foreign) for name, each in found.items()}


def _found(answer: Future[Any]) -> FoundTopic:
    try:
        description = answer.result()
    except KafkaException as error:
        code = cause_of(error).code()
        if code in _MISSING:
            return FoundTopic(0)
        if code in NO_RIGHT:
            return FoundTopic(0, may_see=False)
        raise
    allowed = description.authorized_operations
    return FoundTopic(
        len(description.partitions),
        may_read=not allowed or AclOperation.READ in allowed,
        may_write=not allowed or AclOperation.WRITE in allowed,
    )


def _stamped_by_writers(admin: AdminClient, topics: Sequence[str]) -> set[str]:
    """Of the topics others write, those whose records carry the time their writer gives them."""
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in topics if is_written_by_outsiders(name)]
    if not resources:
        return set()
    answers = admin.describe_configs(resources, request_timeout=REQUEST_TIMEOUT_SECONDS)
    return {
        resource.name for resource, answer in answers.items() if _timestamp_type(answer) not in (LOG_APPEND_TIME, None)
    }


def _timestamp_type(answer: Future[Any]) -> str | None:
    """None: we may not see it."""
    try:
        return str(answer.result()[TIMESTAMP_TYPE].value)
    except KafkaException as error:
        if cause_of(error).code() in NO_RIGHT:
            return None
        raise

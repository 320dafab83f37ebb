"""Asking the cluster for its consumer groups: who is in them, and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from shared.streaming.broker import GroupStanding, Offsets
from shared.streaming.kafka.conversion import from_confluent
from shared.streaming.kafka.faults import cause_of, unavailable
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS


def list_groups(admin: AdminClient) -> dict[str, GroupStanding]:
    """Every group we may see. BrokerUnavailable: not known for all of them."""
    with unavailable("asking for the consumer groups"):
        listed = admin.list_consumer_groups(request_timeout=REQUEST_TIMEOUT_SECONDS).result()
        if listed.errors:
            raise KafkaException(listed.errors[0])  # a KafkaError alone can be raised, and no handler catches it
        names = [group.group_id for group in listed.valid]
        if not names:
            return {}
        described = admin.describe_consumer_groups(names, request_timeout=REQUEST_TIMEOUT_SECONDS)
        offsets = {name: _ask_offsets(admin, name) for name in names}
        members = _known({name: described[name] for name in names})
        committed = _known(offsets)
    return {
        name: GroupStanding(len(members[name].members), _offsets(committed[name]))
        for name in names
        if name in members and name in committed
    }


def _ask_offsets(admin: AdminClient, group: str) -> Future[Any]:
    asked = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group)], request_timeout=REQUEST_TIMEOUT_SECONDS
    )
    return asked[group]


def _known(answers: Mapping[str, Future[Any]]) -> dict[str, Any]:
    """The answers, without those of groups that went away since they were listed."""
    found = {}
    for name, answer in answers.items():
        try:
            found[name] = answer.result()
        except KafkaException as error:
            if cause_of(error).code() != KafkaError.GROUP_ID_NOT_FOUND:
                raise
    return found


def _offsets(group: Any) -> Offsets:
    return {from_confluent(each): each.offset for each in group.topic_partitions if each.offset >= 0}

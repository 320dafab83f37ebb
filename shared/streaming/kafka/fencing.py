"""Who is refused as a stranger in its own place: is it taken by a twin, or by what the coordinator remembers of it?

The coordinator writes down who is in a group when a rebalance ends. A static member that came back under a new id
(its session had ended) before the coordinator died is known to the next one by its old id, and refused with
FENCED_INSTANCE_ID, though no other process runs: seen at a rolling restart of brokers, and made on purpose in
``tests/component/engine/test_fenced_without_a_twin.py``. librdkafka's client is beyond repair after that, so a new one
joins – but never at once where a twin may hold the place, or the two would put each other out for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from shared.streaming.kafka.faults import cause_of, unavailable
from shared.streaming.kafka.offsets import REQUEST_TIMEOUT_SECONDS

SESSIONS_TO_WAIT: Final = 2.0
"""A holder that shows no life is put out after one session; one that is still there after two is a living twin."""

SESSIONS_TO_ASK: Final = 4.0
"""Whoever could not find out by then ends, and is started again: a new process needs no answer."""


class Verdict(Enum):
    """What becomes of a fenced member."""

    JOIN = "join"
    WAIT = "wait"
    TAKEN = "taken"


def judge(holder: str | None, own_ids: Collection[str], waited_seconds: float, session_seconds: float) -> Verdict:
    """``holder``: member id that has the place now; ``own_ids``: those this process has ever been given one under."""
    if holder is None or holder in own_ids:
        return Verdict.JOIN
    return Verdict.WAIT if waited_seconds < SESSIONS_TO_WAIT * session_seconds else Verdict.TAKEN


def place_holder(admin: AdminClient, group_id: str, instance_id: str) -> str | None:
    """Member id of who has this place in the group; None: nobody. BrokerUnavailable: not known now."""
    with unavailable(f"asking who is {instance_id} in group {group_id}"):
        try:
            asked = admin.describe_consumer_groups([group_id], request_timeout=REQUEST_TIMEOUT_SECONDS)
            members = asked[group_id].result().members
        except KafkaException as error:
            if cause_of(error).code() == KafkaError.GROUP_ID_NOT_FOUND:
                return None
            raise
    return next((str(each.member_id) for each in members if each.group_instance_id == instance_id), None)

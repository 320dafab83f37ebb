"""What Kafka's refusals mean to who typed the command: what, where, likely why, and what next."""

from __future__ import annotations

import os
from typing import Final

from kafka.errors import (
    AuthorizationError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    RetriableError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from shared.settings import KafkaSettings

_RIGHTS: Final = (
    (TopicAuthorizationFailedError, "Read on the topic, or Write where the command writes"),
    (GroupAuthorizationFailedError, "Read on the group"),
    (TransactionalIdAuthorizationFailedError, "Write on the transactional id"),
    (ClusterAuthorizationFailedError, "IdempotentWrite on the cluster, or Write on a topic"),
)


def in_words(failure: Exception) -> str | None:
    """One sentence for an error of the client or the broker; None for anything else, which is a mistake of ours."""
    if not isinstance(failure, KafkaError):
        return None
    name = type(failure).__name__
    where = os.environ.get("CBUS_KAFKA__BOOTSTRAP_SERVERS", KafkaSettings().bootstrap_servers)
    if isinstance(failure, AuthorizationError):
        user = os.environ.get("CBUS_KAFKA__SASL_USERNAME", "this user")
        return (
            f"{user} may not do this at {where} ({failure}): an ACL is missing{_right(failure)}. Ask who runs Kafka "
            "for it, or use an account that has it (CBUS_KAFKA__SASL_USERNAME)"
        )
    if isinstance(failure, UnknownTopicOrPartitionError):
        return (
            f"a topic is not there at {where} ({failure}); were the topics created? 'cbus doctor' says what is missing"
        )
    if isinstance(failure, RetriableError):
        return (
            f"Kafka at {where} answered once and then no more ({name}); did the broker go away? Run the command again "
            "when 'cbus doctor' reaches it"
        )
    return f"Kafka at {where} refused ({name}); are the CBUS_KAFKA__… settings those of this cluster? See 'cbus doctor'"


def _right(failure: AuthorizationError) -> str:
    return next((f", the right {right}" for kind, right in _RIGHTS if isinstance(failure, kind)), "")

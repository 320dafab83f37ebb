"""What Kafka's refusals mean to who typed the command: what, where, likely why, and what next."""

from __future__ import annotations

import os

from kafka.errors import AuthorizationError, KafkaError, RetriableError, UnknownTopicOrPartitionError

from shared.settings import KafkaSettings


def in_words(failure: Exception) -> str | None:
    """One sentence for an error of the client or the broker; None for anything else, which is a mistake of ours."""
    if not isinstance(failure, KafkaError):
        return None
    name = type(failure).__name__
    where = os.environ.get("CBUS_KAFKA__BOOTSTRAP_SERVERS", KafkaSettings().bootstrap_servers)
    if isinstance(failure, AuthorizationError):
        user = os.environ.get("CBUS_KAFKA__SASL_USERNAME", "this user")
        return (
            f"{user} may not do this at {where} ({failure}): an ACL is missing. Ask who runs Kafka for it, or use an "
            "account that has it (CBUS_KAFKA__SASL_USERNAME)"
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

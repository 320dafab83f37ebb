"""What librdkafka's errors mean to the engine: wait, recycle the producer, or stop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from confluent_kafka import KafkaError, KafkaException

from shared.errors import BrokerUnavailable, FatalError, ProducerFenced, TransactionDoubt

# librdkafka's own error codes are public constants that happen to begin with an underscore.
PARTITION_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001
FATAL = KafkaError._FATAL  # noqa: SLF001
AUTO_OFFSET_RESET = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001
DOUBTFUL = frozenset(
    {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._MSG_TIMED_OUT}  # noqa: SLF001
)
"""Seen during a transaction, these leave its outcome open (engine rule 2)."""
PRODUCER_FENCED = frozenset({KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH})  # noqa: SLF001


@contextlib.contextmanager
def unavailable(doing: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise BrokerUnavailable(f"{doing}: {error.args[0]}") from error


@contextlib.contextmanager
def doubtful(step: str) -> Iterator[None]:
    try:
        yield
    except BufferError:
        raise TransactionDoubt(f"{step}: the local queue is full") from None
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        if cause.code() in PRODUCER_FENCED:
            raise ProducerFenced(
                f"{step}: {cause.name()}; another process runs under this transactional id, or this one was away so "
                "long that the broker gave its transaction up"
            ) from error
        raise TransactionDoubt(f"{step}: {cause.name()}: {cause.str()}") from error


def raise_consumer_error(error: KafkaError, origin: str) -> None:
    """Turn a consumer error into an instruction; errors that librdkafka heals by itself are left to it."""
    if error.code() == FATAL:  # fatal() is False on this one; the text says which error made it fatal
        raise FatalError(f"consumer: {error.str()}; does another process hold this instance id?")
    if error.code() == AUTO_OFFSET_RESET:
        raise FatalError(
            f"{origin}: the committed offset no longer exists ({error.str()}); records "
            "may have been deleted before they were read. Compare with the audit, then set the offset by hand"
        )

"""What librdkafka's errors mean to the engine: wait, recycle the producer, or stop."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from shared.errors import (
    BrokerUnavailable,
    ClusterMismatch,
    FatalError,
    MemberFenced,
    OffsetGone,
    ProducerFenced,
    TransactionDoubt,
)
from shared.observability.logging import get_logger
from shared.streaming.records import TopicPartition

_LOG = get_logger()

# librdkafka's own error codes are public constants that happen to begin with an underscore.
PARTITION_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001
FATAL = KafkaError._FATAL  # noqa: SLF001
TIMED_OUT = KafkaError._TIMED_OUT  # noqa: SLF001
AUTO_OFFSET_RESET = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001
DOUBTFUL = frozenset(
    {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._MSG_TIMED_OUT}  # noqa: SLF001
)
"""Seen during a transaction, these leave its outcome open (engine rule 2)."""
CONNECTION: Final = frozenset({KafkaError._RESOLVE, KafkaError._SSL, KafkaError._AUTHENTICATION})  # noqa: SLF001
"""Why a connection was not made."""
_FENCED: Final = KafkaError(KafkaError.FENCED_INSTANCE_ID).str()
PRODUCER_FENCED = frozenset({KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH})  # noqa: SLF001


_RIGHT: Final = MappingProxyType(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED: "Read (what it reads), Write (what it writes) or Describe on the topic",
        KafkaError.GROUP_AUTHORIZATION_FAILED: "Read on the consumer group",
        KafkaError.CLUSTER_AUTHORIZATION_FAILED: "IdempotentWrite on the cluster, or Write on any topic",
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "Write on the transactional id",
    }
)
"""What is missing, in the words of Kafka's ACLs."""
_TOPICS = "provision the topics (deploy/topics), with the number of partitions the bus has"
_CONFIGURATION = "compare the configuration of the topic and the brokers with what deploy/topics asks for"
NO_RIGHT: Final = frozenset(_RIGHT)
NEXT_STEPS: Final[Mapping[int, str]] = MappingProxyType(
    {
        **{
            code: f"the user of CBUS_KAFKA__SASL_USERNAME lacks the right {right}: ask who runs Kafka for an ACL"
            for code, right in _RIGHT.items()
        },
        KafkaError.INVALID_TRANSACTION_TIMEOUT: "the brokers' transaction.max.timeout.ms is shorter than "
        "CBUS_KAFKA__TRANSACTION_TIMEOUT_SECONDS; raise the one or lower the other",
        KafkaError.MSG_SIZE_TOO_LARGE: "the topic's max.message.bytes is below what the bus writes "
        "(shared/events/topics.py); raise it",
        KafkaError.RECORD_LIST_TOO_LARGE: "the topic's segment.bytes is below what the bus writes; raise it",
        KafkaError.UNKNOWN_TOPIC_OR_PART: _TOPICS,
        KafkaError._UNKNOWN_TOPIC: _TOPICS,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION: _TOPICS,  # noqa: SLF001
        KafkaError.POLICY_VIOLATION: _CONFIGURATION,
        KafkaError.INVALID_RECORD: _CONFIGURATION,
        KafkaError.INVALID_REQUIRED_ACKS: _CONFIGURATION,
        KafkaError.UNSUPPORTED_COMPRESSION_TYPE: _CONFIGURATION,
        KafkaError.UNSUPPORTED_VERSION: "the brokers are too old for this client, or too new",
        KafkaError._UNSUPPORTED_FEATURE: "the brokers are too old for this client, or too new",  # noqa: SLF001
    }
)
"""Errors no retry mends, and what a person can do. The library was patient with those that may pass."""


_REPLICA = (
    "its bytes are spoilt, on a disk or on the way, and the library would leave them out. Look at the broker's log; "
    "let another replica lead this partition, or restore it"
)
_NEWER = "a newer writer used what this client does not know; bring the client up to date"
SKIPPED: Final[Mapping[int, str]] = MappingProxyType(
    {
        KafkaError._BAD_MSG: _REPLICA,  # noqa: SLF001
        KafkaError.INVALID_MSG: _REPLICA,
        KafkaError._BAD_COMPRESSION: _REPLICA,  # noqa: SLF001
        KafkaError._NOT_IMPLEMENTED: _NEWER,  # noqa: SLF001
    }
)
"""After these librdkafka goes on behind the records it could not read: unheard, they would be lost."""


_set_context = ctypes.pythonapi.PyException_SetContext
_set_context.argtypes, _set_context.restype = [ctypes.py_object, ctypes.c_void_p], None


def cause_of(error: KafkaException) -> KafkaError:
    """What librdkafka says, without what Python hung on it; to be asked wherever a ``KafkaException`` ends.

    A client that fails while another exception is handled has that one noted in its ``KafkaError``, which Python takes
    for an exception, and which never frees it (confluent-kafka 2.14): a doubt kept so keeps its traceback, and with it
    the producer or admin client in its frames, their threads and their sockets, as long as the process lives.
    """
    cause: KafkaError = error.args[0]
    _set_context(cause, None)
    return cause


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """For what is given up: nobody needs to know why it did not end well."""
    try:
        yield
    except KafkaException as error:
        cause_of(error)


@contextlib.contextmanager
def unavailable(doing: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        cause = cause_of(error)
        if cause.code() in NO_RIGHT:
            raise hopeless(cause, doing) from error
        raise BrokerUnavailable(f"{doing}: {cause}") from error


@contextlib.contextmanager
def doubtful(step: str) -> Iterator[None]:
    try:
        yield
    except (BufferError, KafkaException) as error:
        raise of_transaction(error, step) from error


def of_transaction(error: BufferError | KafkaException, step: str) -> TransactionDoubt | FatalError:
    """What a client's failure within a transaction is to be raised as."""
    if isinstance(error, KafkaException):
        return verdict(cause_of(error), step)
    return TransactionDoubt(f"{step}: the local queue is full")


def verdict(cause: KafkaError, step: str) -> TransactionDoubt | FatalError:
    """What an error within a transaction is to be raised as."""
    if cause.code() in PRODUCER_FENCED:
        return ProducerFenced(
            f"{step}: {cause.name()}; another process runs under this transactional id, or this one was away so "
            "long that the broker gave its transaction up"
        )
    if cause.code() in NEXT_STEPS:
        return hopeless(cause, step)
    return TransactionDoubt(f"{step}: {cause.name()}: {cause.str()}")


def hopeless(cause: KafkaError, doing: str) -> FatalError:
    """The process ends, and no restart mends it; what is to be done is said."""
    return ClusterMismatch(f"{doing}: {cause.name()}: {cause.str()}; {NEXT_STEPS[cause.code()]}")


def raise_consumer_error(error: KafkaError, partition: TopicPartition, offset: int) -> None:
    """Raise FatalError for an error that ends the process, met at this place."""
    origin = f"{partition}@{offset}"
    if error.code() == FATAL:  # fatal() is False on this one; the text says which error made it fatal
        kind = MemberFenced if _FENCED in error.str() else FatalError
        raise kind(f"consumer: {error.str()}; does another process hold this instance id?")
    if error.code() == AUTO_OFFSET_RESET:
        raise OffsetGone(
            *partition,
            f"{origin}: the committed offset no longer exists ({error.str()}); records "
            "may have been deleted before they were read. Compare with the audit, then set the offset by hand",
        )
    if error.code() in SKIPPED:
        raise FatalError(f"{origin}: {error.name()}: {error.str()}; {SKIPPED[error.code()]}")
    if error.code() in NO_RIGHT:
        raise hopeless(error, f"reading {origin}")


class ToldErrors:
    """Errors of a consumer that the library mends by itself: one line for each, not one for each attempt."""

    def __init__(self) -> None:
        self._told: set[tuple[TopicPartition, int]] = set()

    def tell(self, error: KafkaError, partition: TopicPartition) -> None:
        """Write a line, unless there is one already, or the outage has its own (``outage_watch``)."""
        if partition.partition < 0 and error.code() in DOUBTFUL | CONNECTION:
            return
        told = (partition, error.code())
        if told not in self._told:
            self._told.add(told)
            _LOG.warning(
                "consumer_error",
                topic=partition.topic,
                partition=partition.partition,
                reason=error.name(),
                error=error.str(),
            )

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """These were read again: the next error is news. So is one of no partition in particular."""
        if self._told:
            self._told = {told for told in self._told if told[0].partition >= 0 and told[0] not in partitions}

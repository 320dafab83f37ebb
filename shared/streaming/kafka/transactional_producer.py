"""Transactions, with the guard that turns every doubt into a new producer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as ConfluentProducer

from shared.errors import BrokerUnavailable, FatalError, TransactionDoubt
from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.kafka.bounded_call import ASIDE, within
from shared.streaming.kafka.connection_faults import ConnectionFaults
from shared.streaming.kafka.connection_watch import ConnectionWatch
from shared.streaming.kafka.conversion import to_confluent
from shared.streaming.kafka.faults import DOUBTFUL, TIMED_OUT, cause_of, doubtful, of_transaction, unheard, verdict
from shared.streaming.kafka.partitioning import Partitioner
from shared.streaming.records import ProducerRecord, TopicPartition

_INITIALISE_TIMEOUT_SECONDS = 5.0
"""Short, so that a stop signal is heard while the broker is away; the loop tries again."""
_SEND_OFFSETS_TIMEOUT_SECONDS = 3.0


class KafkaTransactionalProducer:
    """One transactional producer. Every failure is a TransactionDoubt, except those that end the process: being
    fenced, and what no retry mends.
    """

    def __init__(
        self,
        config: dict[str, Any],
        timeout_seconds: float,
        logger: logging.Logger,
        partition_of: Partitioner,
        faults: ConnectionFaults,
    ) -> None:
        """``logger`` gets the critical lines of the library; ``partition_of`` places what names no partition;
        ``faults`` hears why a connection failed.
        """
        self._partition_of = partition_of
        self._faults = faults
        self._timeout_seconds = timeout_seconds
        self._doubt: TransactionDoubt | FatalError | None = None
        self._next_offsets: dict[TopicPartition, int] = {}
        self._connections = ConnectionWatch(logger)
        watched = config | ConnectionWatch.CONFIG | {"logger": self._connections, "error_cb": self._on_error}
        self._producer: ConfluentProducer | None = ConfluentProducer(watched)

    def initialise(self) -> None:
        try:
            self._client.init_transactions(_INITIALISE_TIMEOUT_SECONDS)
        except KafkaException as error:
            cause = cause_of(error)
            if cause.code() == TIMED_OUT:
                self._client.poll(0)  # a login that was refused is told from here
                raise BrokerUnavailable("init_transactions: no answer yet; asking on") from error
            raise verdict(cause, "init_transactions") from error
        self._doubt = None

    def begin(self) -> None:
        self._client.poll(0)  # what was lost since the last commit had nothing in flight
        self._connections.forget()
        self._next_offsets = {}
        self._doubt = None
        with doubtful("begin_transaction"):
            self._client.begin_transaction()

    def produce(self, record: ProducerRecord) -> None:
        # The hot path: no context manager and one call per record. Each is reported on, since the commit alone tells
        # only of refused ones: one that the library takes for written, and no broker has, is committed without it.
        topic, key, value, headers, partition = record
        try:
            self._client.produce(
                topic,
                value,
                key,
                self._partition_of(topic, key, value) if partition is None else partition,
                self._on_delivery,
                headers=headers,  # type: ignore[arg-type]  # the stub wants str | bytes values
            )
        except (BufferError, KafkaException) as error:
            failure = of_transaction(error, f"produce to {topic}")
            self._client.poll(0)
            self._raise_doubt()  # a report on an earlier record tells why the transaction takes no more
            raise failure from error

    def flush(self) -> Mapping[TopicPartition, int]:
        with doubtful("flush"):
            undelivered = self._client.flush(self._timeout_seconds)
        if undelivered:
            raise TransactionDoubt(f"{undelivered} records not acknowledged within {self._timeout_seconds} s")
        self._raise_doubt()
        return self._next_offsets

    def send_offsets(self, offsets: Offsets, group: GroupMetadata) -> None:
        step = "send_offsets_to_transaction"
        positions = [to_confluent(partition, offset) for partition, offset in offsets.items()]
        with doubtful(step):
            # Its own timeout does not hold: after the only broker's restart it waits for a connection given up since.
            within(
                _SEND_OFFSETS_TIMEOUT_SECONDS + 1,
                partial(self._client.send_offsets_to_transaction, positions, group, _SEND_OFFSETS_TIMEOUT_SECONDS),
                step,
            )

    def commit(self) -> None:
        with doubtful("commit_transaction"):
            self._client.commit_transaction(self._timeout_seconds)
        self._client.poll(0)
        if self._connections.was_lost:
            raise TransactionDoubt("a connection was lost; a late copy of a request could hit the next transaction")
        self._raise_doubt()

    def discard(self) -> None:
        if self._producer is not None:
            # Destroying waits for the library's threads; the loop does not, so nothing here keeps the client.
            ASIDE.start(partial(_purge, self._given_up()), "producer-discard")

    @property
    def _client(self) -> ConfluentProducer:
        if self._producer is None:
            raise TransactionDoubt("this producer was discarded")
        return self._producer

    def _given_up(self) -> ConfluentProducer:
        client, self._producer = self._client, None
        return client

    def _on_delivery(self, error: KafkaError | None, message: Any) -> None:
        offset = message.offset()
        if error is not None:
            self._note(verdict(error, f"delivery to {message.topic()}"))
        elif offset is None:  # inferred by the library, said by no broker (docs/decisions/0010)
            self._note(TransactionDoubt(f"a record for {message.topic()} was acknowledged without an offset"))
        else:
            self._next_offsets[TopicPartition(message.topic(), message.partition())] = offset + 1

    def _on_error(self, error: KafkaError) -> None:
        self._faults.note(error)
        if error.code() in DOUBTFUL:
            self._note(TransactionDoubt(f"{error.name()} during the transaction"))

    def _note(self, doubt: TransactionDoubt | FatalError) -> None:
        """The first one counts, being the cause of the others; but what no retry mends counts most."""
        if self._doubt is None or (isinstance(doubt, FatalError) and not isinstance(self._doubt, FatalError)):
            self._doubt = doubt

    def _raise_doubt(self) -> None:
        if self._doubt is not None:
            raise self._doubt


def _purge(client: ConfluentProducer) -> None:
    with unheard():
        client.purge()

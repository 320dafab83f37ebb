"""A submission read from the log and written to it again: the one record on ``complaints.received.v1`` that intake did
not write (``docs/decisions/0008``).
"""

from __future__ import annotations

from concurrent.futures import Future

from shared.errors import BrokerUnavailable
from shared.events.clients import service
from shared.events.topics import RECEIVED
from shared.streaming.broker import Broker
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

_ANSWER_SECONDS = 60.0
_ROUTER_GROUP = service("router").groups[0].id


class Submissions:
    """The received log, as the auditor uses it. BrokerUnavailable: nothing is known, ask again."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._producer = broker.producer()
        self._router_group = broker.consumer(_ROUTER_GROUP, None)  # asked for its offsets, never joined

    def was_passed(self, partition: int, offset: int) -> bool:
        """True when the router has committed beyond this record: if it left no trace, it is lost, not late."""
        place = TopicPartition(RECEIVED, partition)
        return self._router_group.committed([place])[place] > offset

    def read(self, partition: int, offset: int) -> ConsumerRecord | None:
        """The record at this place; None when it is no longer kept."""
        for records in self._broker.read_to_end({TopicPartition(RECEIVED, partition): offset}):
            for record in records:
                return record if record.offset == offset else None
        return None

    def write_again(self, record: ConsumerRecord, header: tuple[str, bytes]) -> None:
        """The same key, value and headers to the same partition, and ``header``; returns once it is durable."""
        answer: Future[Exception | None] = Future()
        copy = ProducerRecord(RECEIVED, record.key, record.value, [*record.headers, header], record.partition)
        self._producer.send(copy, answer.set_result)
        try:
            error = answer.result(timeout=_ANSWER_SECONDS)
        except TimeoutError as late:
            raise BrokerUnavailable(f"no answer about a copy of {record.origin}") from late
        if error is not None:
            raise BrokerUnavailable(f"a copy of {record.origin} was not acknowledged: {error}")

    def close(self) -> None:
        """Let go of the clients."""
        self._producer.close()
        self._router_group.close()

"""Group membership, reading and positions."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer as ConfluentConsumer
from confluent_kafka import TopicPartition as ConfluentPartition
from confluent_kafka.admin import AdminClient

from shared.errors import BrokerUnavailable, MemberFenced
from shared.observability.logging import get_logger
from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.kafka.bounded_call import ASIDE
from shared.streaming.kafka.conversion import from_confluent, next_offset, to_confluent, to_record
from shared.streaming.kafka.faults import PARTITION_EOF, ToldErrors, raise_consumer_error, unavailable, unheard
from shared.streaming.kafka.fencing import SESSIONS_TO_ASK, Verdict, judge, place_holder
from shared.streaming.kafka.offsets import committed_offsets, list_end_offsets, list_start_offsets
from shared.streaming.records import ConsumerRecord, TopicPartition

_LOG = get_logger()
_ASK_AGAIN_SECONDS: Final = 1.0


class KafkaConsumer:
    """A group member. Keeps its own positions, since librdkafka's do not step over transaction markers."""

    def __init__(
        self, config: dict[str, Any], admin: Callable[[], AdminClient], open_admin: Callable[[], AdminClient]
    ) -> None:
        """``admin``: the process's present one; ``open_admin`` makes another, where that might ask the wrong broker."""
        self._config = config
        self._open_admin = open_admin
        self._consumer = ConfluentConsumer(config)
        self._admin = admin
        self._positions: dict[TopicPartition, int] = {}
        self._told = ToldErrors()
        self._fenced: Fenced | None = None
        self._own_ids: set[str] = set()
        self._join: Callable[[], None] = _not_subscribed
        self._on_revoked: Callable[[Sequence[TopicPartition]], None] = _not_subscribed

    def subscribe(
        self,
        topics: Sequence[str],
        on_assigned: Callable[[Sequence[TopicPartition]], Offsets],
        on_revoked: Callable[[Sequence[TopicPartition]], None],
    ) -> None:
        def assigned(consumer: ConfluentConsumer, partitions: list[ConfluentPartition]) -> None:
            self._own_ids.add(consumer.memberid())
            offsets = on_assigned([from_confluent(partition) for partition in partitions])
            self._positions = dict(offsets)
            self._assign(offsets)

        def revoked(consumer: ConfluentConsumer, partitions: list[ConfluentPartition]) -> None:
            if consumer is self._consumer:  # else it was fenced, and its successor works already
                on_revoked([from_confluent(partition) for partition in partitions])
                self._positions = {}
            consumer.unassign()

        def join() -> None:
            self._consumer.subscribe(list(topics), on_assign=assigned, on_revoke=revoked, on_lost=revoked)

        self._join, self._on_revoked = join, on_revoked
        join()

    def poll(self, max_records: int, timeout_seconds: float) -> list[ConsumerRecord]:
        ASIDE.require_return()
        if self._fenced is not None:
            self._find_out(self._fenced, timeout_seconds)
            return []
        try:
            return self._poll(max_records, timeout_seconds)
        except MemberFenced as error:
            self._step_back(error)
            return []

    def _poll(self, max_records: int, timeout_seconds: float) -> list[ConsumerRecord]:
        first = self._consumer.poll(timeout_seconds)
        if first is None:
            return []
        assignment = self._positions
        messages = [first, *self._consumer.consume(max_records - 1, 0.0)]
        if self._positions is not assignment:  # given anew meanwhile: the first is of the old reading
            del messages[0]
        records, moved = read(messages, self._positions, self._told)
        self._positions.update(moved)
        return records

    # -- refused as a stranger in its own place (``fencing``) ----------------------------------------------------

    def _step_back(self, error: MemberFenced) -> None:
        """Own nothing any more, and find out who has the place."""
        _LOG.warning("place_refused", group=self._config["group.id"], error=error)
        self._fenced = Fenced(time.monotonic())
        partitions, self._positions = list(self._positions), {}
        self._on_revoked(partitions)

    def _find_out(self, fenced: Fenced, timeout_seconds: float) -> None:
        """Join anew where no twin holds the place; FatalError where one does."""
        time.sleep(timeout_seconds)
        group, instance, now = self._config["group.id"], self._config["group.instance.id"], time.monotonic()
        if now < fenced.ask_at:
            return
        fenced.ask_at = now + _ASK_AGAIN_SECONDS
        try:
            # A new client each time: one that knew the group's coordinator goes on asking it after it has moved, and
            # was seen to get no answer for as long as it was asked.
            holder = place_holder(self._open_admin(), group, instance)
        except BrokerUnavailable as unknown:
            _LOG.warning("place_unknown", group=group, error=unknown)
            self._require_patience(fenced, now, group, instance)
            return
        verdict = judge(holder, self._own_ids, now - fenced.since, self._config["session.timeout.ms"] / 1000)
        if verdict is Verdict.TAKEN:
            raise MemberFenced(
                f"another process holds the place {instance} in group {group}: the coordinator knows it as {holder}, "
                "and it lives. Give each its own CBUS_INSTANCE_ID, or stop one; this process stops"
            )
        if verdict is Verdict.JOIN:
            self._join_anew()
            _LOG.warning("place_taken_again", group=group, seconds=round(now - fenced.since, 1))

    def _require_patience(self, fenced: Fenced, now: float, group: str, instance: str) -> None:
        """Not for ever: a process that starts anew is in the group, or refused by a twin, in a moment."""
        waited_seconds = now - fenced.since
        if waited_seconds > SESSIONS_TO_ASK * self._config["session.timeout.ms"] / 1000:
            raise MemberFenced(
                f"nobody could tell for {waited_seconds:.0f} s who holds the place {instance} in group {group}; "
                "a new process finds out"
            )

    def _join_anew(self) -> None:
        """With a new client: the fenced one never reads again. Closing it takes its time, in a thread of its own."""
        discard, self._consumer = partial(_discard, self._consumer), ConfluentConsumer(self._config)
        self._fenced = None
        ASIDE.start(discard, "consumer-discard")
        self._join()

    def committed(self, partitions: Sequence[TopicPartition]) -> Offsets:
        found = committed_offsets(self._consumer, partitions)
        unknown = [partition for partition, offset in found.items() if offset is None]
        starts = list_start_offsets(self._admin(), unknown) if unknown else {}
        return {partition: starts[partition] if offset is None else offset for partition, offset in found.items()}

    def never_committed(self, partitions: Sequence[TopicPartition]) -> set[TopicPartition]:
        found = committed_offsets(self._consumer, partitions)
        return {partition for partition, offset in found.items() if offset is None}

    def end_offsets(self, partitions: Sequence[TopicPartition]) -> Offsets:
        return list_end_offsets(self._admin(), partitions)

    def positions(self) -> Offsets:
        return self._positions

    def seek(self, offsets: Offsets) -> None:
        with unavailable("rewinding"):
            self._positions.update(offsets)
            self._assign(self._positions)

    def _assign(self, offsets: Offsets) -> None:
        partitions = [to_confluent(partition, offset) for partition, offset in offsets.items()]
        self._consumer.assign(partitions)
        self._consumer.resume(partitions)  # a pause outlives an assignment in librdkafka

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        with unavailable("pausing"):
            self._consumer.pause([to_confluent(partition) for partition in partitions])

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        with unavailable("resuming"):
            self._consumer.resume([to_confluent(partition) for partition in partitions])

    def commit(self, offsets: Offsets) -> None:
        with unavailable("committing offsets"):
            self._consumer.commit(offsets=[to_confluent(p, o) for p, o in offsets.items()], asynchronous=False)

    def group_metadata(self) -> GroupMetadata:
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        with contextlib.suppress(RuntimeError), unheard():
            self._consumer.close()


@dataclass
class Fenced:
    """Since when a member is refused, and when to ask next who has its place; seconds of the monotonic clock."""

    since: float
    ask_at: float = 0.0


def _discard(client: ConfluentConsumer) -> None:
    with contextlib.suppress(RuntimeError), unheard():
        client.close()


def _not_subscribed(*_: object) -> None:
    """Stands in until ``subscribe``."""


def read(
    messages: Sequence[Any], positions: Offsets, told: ToldErrors | None = None
) -> tuple[list[ConsumerRecord], dict[TopicPartition, int]]:
    """Records of what librdkafka handed over, and where reading stands after them.

    All or nothing: when one message is an error that ends the process, no position has moved past the others. Any
    other error moves nothing; ``told`` knows which of them have their line in the log.
    """
    told = told or ToldErrors()
    records: list[ConsumerRecord] = []
    moved: dict[TopicPartition, int] = {}
    for message in messages:
        error = message.error()
        partition = TopicPartition(message.topic(), message.partition())
        if error is not None and error.code() != PARTITION_EOF:
            raise_consumer_error(error, partition, message.offset())
            told.tell(error, partition)
            continue
        position = moved.get(partition, positions.get(partition))
        if position is None or message.offset() < position:
            continue  # revoked or rewound while it was on its way
        if error is None:
            records.append(to_record(message))
        moved[partition] = next_offset(message)
    if records:
        told.forget(moved)
    return records, moved

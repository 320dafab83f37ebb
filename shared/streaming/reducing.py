"""Input records through the reducer into a batch; what cannot be handled becomes a dead letter, never a gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic

from shared.errors import InvalidEvent
from shared.events import registry
from shared.events.topics import dead_letter_topic
from shared.events.unreadable import key_mismatch, told
from shared.language import Text
from shared.observability.logging import get_logger
from shared.processing import Message, NotesUnreadable, Processor, Refusal, StateT, Step
from shared.streaming.batch import Batch
from shared.streaming.dead_letters import DeadLetterMeter, dead_letter
from shared.streaming.in_hand import InHand, Place
from shared.streaming.records import ConsumerRecord, TopicPartition

_LOG = get_logger()


def _never() -> bool:
    return False


class RecordReducer(Generic[StateT]):
    """Feeds records to one processor."""

    def __init__(self, processor: Processor[StateT], dead_letter_max_share: float, in_hand: InHand) -> None:
        self._processor = processor
        self._in_hand = in_hand
        self._meter = DeadLetterMeter(dead_letter_max_share)
        self._own_dead_letters = dead_letter_topic(processor.name)

    def reduce(
        self, records: Sequence[ConsumerRecord], batch: Batch[StateT], is_enough: Callable[[], bool] = _never
    ) -> int:
        """Add the outcome of the first records to ``batch``, until ``is_enough``; how many: at least one.

        Raises DeadLetterLimit when too many are unreadable. What would be too large to be written is refused: else its
        transaction could only fail, again and again.
        """
        batch.states.prefetch(_keys_by_partition(records))
        outcomes = self._reduce_all(records, batch, is_enough)
        handled = batch.handled.total()
        if not batch.states.weigh():
            batch.start_again()
            outcomes = self._reduce_all(records[:handled], batch, _never)
        for is_unreadable in outcomes:
            self._meter.record(bad=is_unreadable)
        return handled

    def _reduce_all(
        self, records: Sequence[ConsumerRecord], batch: Batch[StateT], is_enough: Callable[[], bool]
    ) -> list[bool]:
        """For each record of the bus's own, whether it was unreadable."""
        outcomes = []
        for record in records:
            refusal, unreadable = self._outcome(record, batch)
            if self._is_ours(record):
                outcomes.append(unreadable)
            if refusal is not None:
                self._refuse(record, refusal, batch)
            batch.offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
            batch.handled[record.topic] += 1
            if is_enough():
                break
        return outcomes

    def _outcome(self, record: ConsumerRecord, batch: Batch[StateT]) -> tuple[Refusal | None, bool]:
        """Why it is refused, if it is, and whether because it is unreadable."""
        place = Place(record.topic, record.partition, record.offset)
        if self._in_hand.was_slow(place):
            return _took_too_long(self._in_hand.limit_seconds), False
        self._in_hand.begin(place)
        try:
            return self._reduce_one(record, batch), False
        except InvalidEvent as error:
            return Refusal(error.reason, error.detail), True
        finally:
            self._in_hand.end()

    def _is_ours(self, record: ConsumerRecord) -> bool:
        """Written by the bus itself: a department that writes nonsense must not stop the service for the others."""
        return self._processor.dead_letter_topic(record.topic) == self._own_dead_letters

    def _reduce_one(self, record: ConsumerRecord, batch: Batch[StateT]) -> Refusal | None:
        try:
            key, message = _read(record)
        except InvalidEvent as problem:
            return self._note_unreadable(record, problem, batch)
        step = self._call(batch.states.state(record.partition, key), message, batch)
        return batch.take(record.partition, key, step, message.envelope.traceparent)

    def _note_unreadable(self, record: ConsumerRecord, problem: InvalidEvent, batch: Batch[StateT]) -> Refusal | None:
        """Only who asks for unreadable records gets them, and only those with a key: state is kept by key."""
        if record.key is None or not isinstance(self._processor, NotesUnreadable):
            raise problem
        state = batch.states.state(record.partition, record.key)
        step: Step[StateT] = self._processor.note_unreadable(state, record, problem, batch.now)
        return batch.take(record.partition, record.key, step, None)

    def _call(self, state: StateT | None, message: Message, batch: Batch[StateT]) -> Step[StateT]:
        """A reducer must not raise; if it does, the record is kept as a dead letter and the error named by class."""
        try:
            return self._processor.reduce(state, message, batch.now)
        except InvalidEvent:
            raise
        except Exception as error:
            _LOG.error("reducer_failed", event_type=message.envelope.type, error=error)
            where, what = self._processor.name, type(error).__name__
            found = Text(f"{what} in {where}'s reducer.", f"{where} 处理时出错（{what}）。")
            raise InvalidEvent("unhandled", told("unhandled", found)) from error

    def _refuse(self, record: ConsumerRecord, refusal: Refusal, batch: Batch[StateT]) -> None:
        topic = self._processor.dead_letter_topic(record.topic)
        batch.outputs.append(dead_letter(record, topic, refusal, self._processor.name, batch.now))
        batch.refusals.append((record.topic, refusal.reason))
        _LOG.warning(
            "record_refused",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=refusal.reason,
        )


def _took_too_long(limit_seconds: float) -> Refusal:
    limit = Text(f"The limit is {limit_seconds:g} s.", f"上限为 {limit_seconds:g} 秒。")
    return Refusal("too_slow", told("too_slow", limit))


def _read(record: ConsumerRecord) -> tuple[bytes, Message]:
    """Key and message of a record; InvalidEvent when it cannot be decoded, or is not filed under its subject."""
    envelope, event = registry.decode(record.headers, record.value)
    key = record.key
    if key is None or key != envelope.subject.encode():
        text = None if key is None else key.decode(errors="replace")
        raise InvalidEvent("key_mismatch", key_mismatch(text, envelope.subject, "ce_subject"))
    return key, Message(record.topic, envelope, event, record)


def _keys_by_partition(records: Sequence[ConsumerRecord]) -> dict[int, set[bytes]]:
    keys: dict[int, set[bytes]] = {}
    for record in records:
        if record.key is not None:
            keys.setdefault(record.partition, set()).add(record.key)
    return keys

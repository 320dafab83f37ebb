"""What becomes of a record that was read: a delivery in its lane, nothing when it is settled, or a dead letter."""

from __future__ import annotations

from services.notifier.domain.progress import NOTHING_YET
from services.notifier.sending.delivery import Delivery, OwnedPartition
from services.notifier.sending.desk import Desk
from services.notifier.sending.lanes import Lanes
from services.notifier.sending.outcomes import sent
from services.notifier.sending.ownership import Ownership
from shared.errors import InvalidEvent
from shared.events import topics
from shared.events.clients import SENDER_GROUP
from shared.events.envelope import Envelope
from shared.events.notifications import NotificationRequested
from shared.events.registry import decode
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.processing import Refusal
from shared.streaming.dead_letters import DeadLetterMeter, dead_letter
from shared.streaming.records import ConsumerRecord, TopicPartition

SERVICE = SENDER_GROUP
"""Consumer group, and label of its metrics."""

_DEAD_LETTERS = topics.dead_letter_topic("notifier")
_LOG = get_logger()


class Reception:
    """Used by the reading thread alone."""

    def __init__(self, ownership: Ownership, lanes: Lanes, desk: Desk, meter: DeadLetterMeter) -> None:
        self._ownership = ownership
        self._lanes = lanes
        self._desk = desk
        self._meter = meter

    def accept(self, record: ConsumerRecord) -> None:
        """Take in one record that was noted as read. Raises DeadLetterLimit when too many cannot be read."""
        owned = self._ownership[TopicPartition(record.topic, record.partition)]
        if owned is None:
            return
        try:
            envelope, request = _decode(record)
        except InvalidEvent as invalid:
            self._put_aside(owned, record, invalid)
            return
        self._meter.record(bad=False)
        progress = owned.recovered.pop(request.notification_id, NOTHING_YET)
        delivery = Delivery(request, owned, record.offset, envelope.traceparent, progress)
        if not progress.is_settled:
            self._lanes.lane_of(request).schedule.add(delivery)
        elif progress.is_repeat_unsaid:
            self._say_repeat(delivery)
        else:
            owned.window.finish(record.offset)

    def _say_repeat(self, delivery: Delivery) -> None:
        """An owner died between handing over and saying so, after an earlier one had said it of its own attempt."""
        owned, offset = delivery.origin, delivery.offset
        outcome = sent(delivery, delivery.progress.attempts, True, self._desk.clock.now())
        self._desk.writer.write_later(outcome, lambda: self._desk.finished.put((owned, offset)))

    def _put_aside(self, owned: OwnedPartition, record: ConsumerRecord, invalid: InvalidEvent) -> None:
        """Write a dead letter; the offset is done once that is durable."""
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        _LOG.warning("dead_letter", **place, error=invalid)
        metrics.DEAD_LETTERS_TOTAL.labels(SERVICE, record.topic, invalid.reason).inc()
        refusal = Refusal(invalid.reason, invalid.detail)
        letter = dead_letter(record, _DEAD_LETTERS, refusal, SERVICE, self._desk.clock.now())
        self._desk.writer.write_later(letter, lambda: self._desk.finished.put((owned, record.offset)))
        self._meter.record(bad=True)


def _decode(record: ConsumerRecord) -> tuple[Envelope, NotificationRequested]:
    envelope, event = decode(record.headers, record.value)
    if not isinstance(event, NotificationRequested):
        raise InvalidEvent("unexpected_type", f"{envelope.type} is not a request")
    return envelope, event

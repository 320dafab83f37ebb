"""What is written to ``notifications.events.v1`` about a delivery, with ids that a repeat shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.notifier.domain.progress import Progress
from services.notifier.sending.delivery import Delivery
from services.notifier.sending.recovery import events_partition
from shared.events.ids import event_id
from shared.events.notifications import (
    NotificationAttempted,
    NotificationDeferred,
    NotificationFailed,
    NotificationOutcome,
    NotificationSent,
    NotificationSkipped,
)
from shared.events.registry import encode
from shared.streaming.records import ProducerRecord

SOURCE = "/complaint-bus/notifier"


def attempted(delivery: Delivery, attempt: int, now: datetime) -> ProducerRecord:
    """A message is about to be handed over."""
    return _record(delivery, NotificationAttempted(**_about(delivery, now), attempt=attempt), f"{attempt}", now)


def deferred(delivery: Delivery, progress: Progress, reason: str, now: datetime) -> ProducerRecord:
    """The last attempt came to nothing; ``progress`` says what was attempted and when the next is due."""
    event = NotificationDeferred(
        **_about(delivery, now),
        attempt=progress.attempts,
        reason=reason,
        retry_at=progress.retry_at or now,
        possibly_delivered=progress.possibly_delivered,
    )
    return _record(delivery, event, f"{progress.attempts}", now)


def sent(delivery: Delivery, attempt: int, possible_repeat: bool, now: datetime) -> ProducerRecord:
    """The provider took it."""
    event = NotificationSent(**_about(delivery, now), attempt=attempt, possible_repeat=possible_repeat)
    return _record(delivery, event, "", now)


def failed(delivery: Delivery, attempt: int, reason: str, now: datetime) -> ProducerRecord:
    """It cannot be delivered; a person should look."""
    return _record(delivery, NotificationFailed(**_about(delivery, now), attempt=attempt, reason=reason), "", now)


def withheld(delivery: Delivery, reason: str, now: datetime) -> ProducerRecord:
    """Its addressee has had enough letters for now."""
    return _record(delivery, NotificationSkipped(**_about(delivery, now), reason=reason), "", now)


def _about(delivery: Delivery, now: datetime) -> dict[str, Any]:
    request = delivery.request
    return {
        "notification_id": request.notification_id,
        "complaint_id": request.complaint_id,
        "cycle": request.cycle,
        "template": request.template,
        "audience": request.audience,
        "medium": request.medium,
        "happened_at": now,
    }


def _record(delivery: Delivery, event: NotificationOutcome, discriminator: str, now: datetime) -> ProducerRecord:
    """The record, in the partition where a takeover looks for it."""
    complaint_id = event.complaint_id
    value, headers = encode(
        event,
        event_id=event_id(event.notification_id, event.event_type, discriminator),
        source=SOURCE,
        subject=complaint_id,
        time=now,
        traceparent=delivery.traceparent,
    )
    topic, partition = events_partition(delivery.origin.partition)
    return ProducerRecord(topic, complaint_id.encode(), value, headers, partition)

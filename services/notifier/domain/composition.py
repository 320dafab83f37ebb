"""What makes a message necessary, and how one is written: asked for, or told why it is not."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.ids import event_id
from shared.events.notifications import NotificationRequested, NotificationSkipped
from shared.events.topics import NOTIFICATION_EVENTS, NOTIFICATION_REQUESTS
from shared.processing import Emit


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that makes a message necessary: its ``ce_id`` and trace context."""

    event_id: str
    traceparent: str | None = None


def emit(event: NotificationRequested | NotificationSkipped, traceparent: str | None) -> Emit:
    """``event`` on its way; the ``ce_id`` of a request is its notification id."""
    if isinstance(event, NotificationRequested):
        return Emit(NOTIFICATION_REQUESTS, event, event.notification_id, traceparent)
    return Emit(NOTIFICATION_EVENTS, event, event_id(event.notification_id, event.event_type), traceparent)

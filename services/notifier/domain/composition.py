"""What one step of the composer gives: the new state, the messages asked for, the reasons for those that are not."""

from __future__ import annotations

from dataclasses import dataclass

from services.notifier.domain.state import Correspondence
from shared.events.ids import event_id
from shared.events.notifications import NotificationRequested, NotificationSkipped


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that makes a message necessary: its ``ce_id`` and trace context."""

    event_id: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One event to be written."""

    event: NotificationRequested | NotificationSkipped
    traceparent: str | None = None

    @property
    def event_id(self) -> str:
        """``ce_id``: a request's is its notification id."""
        if isinstance(self.event, NotificationRequested):
            return self.event.notification_id
        return event_id(self.event.notification_id, self.event.event_type)


@dataclass(frozen=True, slots=True)
class Composition:
    """The outcome of one step. ``state`` None: nothing to remember."""

    state: Correspondence | None
    outputs: tuple[Output, ...] = ()

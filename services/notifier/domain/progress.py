"""How far a message got, read from its events: what a sender that takes over must know before it sends anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.events.base import Event
from shared.events.notifications import (
    NotificationAttempted,
    NotificationDeferred,
    NotificationFailed,
    NotificationSent,
    NotificationSkipped,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """The past of one message.

    ``possibly_delivered``: an attempt may have arrived, so another may be a repeat. ``open_attempts``: how many were
    begun of which no end is known; of a message that was sent, the one that was is among them.
    """

    attempts: int = 0
    possibly_delivered: bool = False
    retry_at: datetime | None = None
    open_attempts: int = 0
    is_settled: bool = False
    is_sent: bool = False
    is_repeat_said: bool = False

    @property
    def is_repeat_unsaid(self) -> bool:
        """Sent, and another owner's attempt may have arrived too, and no outcome says so."""
        return self.is_sent and self.open_attempts > 1 and not self.is_repeat_said


NOTHING_YET = Progress()


def follow(progress: Progress, event: Event) -> Progress:
    """``progress`` after ``event`` of the same message; events must come in the order in which they were written.

    Settled is settled. An attempt after that is a former owner's that was too late to make it, or a later owner's that
    did not know yet, and died before its own outcome: nobody can tell, so it counts as one that may have arrived.
    """
    match event:
        case NotificationAttempted(attempt=attempt):
            begun = replace(
                progress, attempts=max(attempt, progress.attempts), open_attempts=progress.open_attempts + 1
            )
            return begun if progress.is_settled else replace(begun, possibly_delivered=True, retry_at=None)
        case NotificationSent(possible_repeat=is_said):
            is_sent = progress.is_sent or not progress.is_settled
            return replace(
                progress, is_settled=True, is_sent=is_sent, is_repeat_said=is_said or progress.is_repeat_said
            )
        case NotificationDeferred() if not progress.is_settled:
            return _deferred(progress, event)
        case NotificationFailed() | NotificationSkipped():
            return replace(progress, is_settled=True)
        case _:
            return progress


def _deferred(progress: Progress, event: NotificationDeferred) -> Progress:
    """One attempt has ended; another owner's may still be open."""
    still_open = max(0, progress.open_attempts - 1)
    return Progress(
        max(event.attempt, progress.attempts),
        possibly_delivered=event.possibly_delivered or still_open > 0,
        retry_at=event.retry_at,
        open_attempts=still_open,
    )

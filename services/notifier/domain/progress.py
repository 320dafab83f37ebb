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
)


@dataclass(frozen=True, slots=True)
class Progress:
    """The past of one message.

    ``possibly_delivered``: an attempt may have arrived, so another may be a repeat. ``is_repeat_unsaid``: settled by an
    attempt that a later one had overtaken, which may have arrived too, and no outcome says so.
    """

    attempts: int = 0
    possibly_delivered: bool = False
    retry_at: datetime | None = None
    is_settled: bool = False
    is_repeat_unsaid: bool = False


NOTHING_YET = Progress()


def follow(progress: Progress, event: Event) -> Progress:
    """``progress`` after ``event`` of the same message; events must come in the order in which they were written.

    Settled is settled: a former owner that did not know yet may have written an attempt it then did not make.
    """
    if progress.is_settled:
        is_said = isinstance(event, NotificationSent) and event.possible_repeat
        return replace(progress, is_repeat_unsaid=False) if is_said else progress
    match event:
        case NotificationAttempted(attempt=attempt):
            return Progress(attempt, possibly_delivered=True)  # until its end is known
        case NotificationDeferred(attempt=attempt, retry_at=retry_at, possibly_delivered=doubt):
            return Progress(attempt, possibly_delivered=doubt, retry_at=retry_at)
        case NotificationSent(attempt=attempt, possible_repeat=is_said):
            is_overtaken = attempt < progress.attempts and progress.possibly_delivered
            return replace(progress, is_settled=True, is_repeat_unsaid=is_overtaken and not is_said)
        case NotificationFailed():
            return replace(progress, is_settled=True)
        case _:
            return progress

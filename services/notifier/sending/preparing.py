"""From a request to a message that may be handed over, by the medium it names.

One way for whoever asks: what the sender hands over, and what ``cbus compose`` shows of it.
"""

from __future__ import annotations

from services.notifier.sending.medium import Medium, Parcel, Unsendable
from shared.events.notifications import NotificationRequested
from shared.observability.logging import get_logger

_LOG = get_logger()


def prepared(request: NotificationRequested, medium: Medium) -> Parcel | Unsendable:
    """The message ``request`` asks for, or why there can be none, now or later.

    An error nobody thought of is a reason, too: raised, it would end one process after the other at this message.
    """
    if request.medium != medium.name:
        return Unsendable("unknown_medium", f"there is no sender for medium {request.medium!r}")
    try:
        return medium.prepare(request)
    except Exception as error:
        _LOG.error("letter_not_prepared", notification_id=request.notification_id, error=error)
        return Unsendable("unhandled", f"{type(error).__name__} while the letter was prepared")

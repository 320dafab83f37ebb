"""Facts on ``notifications.requests.v1`` and ``notifications.events.v1``: who is told what, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.events.base import Event, UtcDatetime
from shared.events.complaint import Complainant


class Audience(StrEnum):
    """Who is told."""

    COMPLAINANT = "complainant"
    DEPARTMENT = "department"


class Medium(StrEnum):
    """How a message travels."""

    EMAIL = "email"


class NotificationRequested(Event):
    """A message is to be sent. Text is made by the sender from template and parameters, so no body is on Kafka."""

    event_type: ClassVar[str] = "notification.requested.v1"

    notification_id: str = Field(description="UUIDv5 of cause, template and audience; becomes the Message-ID.")
    complaint_id: str = Field(description="The case.")
    ticket_number: str = Field(description="The number people read aloud.")
    cycle: int = Field(ge=1, description="Cycle of the case.")
    template: str = Field(description="Template id: acknowledgement, result, breach_notice.")
    language: str = Field(description="BCP 47 tag of the template to use.")
    medium: str = Field(description="One of Medium.")
    audience: str = Field(description="One of Audience.")
    department: str | None = Field(None, description="With audience department: which one.")
    complainant: Complainant | None = Field(None, description="With audience complainant: whom. Personal data.")
    parameters: dict[str, str] = Field(default_factory=dict, description="Values for the template; no personal data.")
    cause_event_id: str = Field(description="ce_id of the event that made this necessary.")
    requested_at: UtcDatetime = Field(description="When it was decided.")


class NotificationOutcome(Event):
    """What came of a request."""

    notification_id: str = Field(description="The request.")
    complaint_id: str = Field(description="The case.")
    cycle: int = Field(ge=1, description="Cycle of the case.")
    template: str = Field(description="Template id.")
    audience: str = Field(description="One of Audience.")
    medium: str = Field(description="One of Medium.")
    happened_at: UtcDatetime = Field(description="When.")


class NotificationAttempted(NotificationOutcome):
    """Written before the message is handed over; one without a later event of that attempt is an ambiguous send."""

    event_type: ClassVar[str] = "notification.attempted.v1"
    attempt: int = Field(ge=1, description="Number of this attempt.")


class NotificationDeferred(NotificationOutcome):
    """An attempt came to nothing for now and another follows: its end is known, so it is not an ambiguous send."""

    event_type: ClassVar[str] = "notification.deferred.v1"
    attempt: int = Field(ge=1, description="Number of the attempt that came to nothing.")
    reason: str = Field(description="Reason code, e.g. smtp_450, connection_lost, no_reply.")
    retry_at: UtcDatetime = Field(description="When the next attempt is due.")
    possibly_delivered: bool = Field(
        False, description="True when this or an earlier attempt may have arrived: no reply came after the message."
    )


class NotificationSent(NotificationOutcome):
    """The provider accepted the message."""

    event_type: ClassVar[str] = "notification.sent.v1"
    attempt: int = Field(ge=1, description="Number of the attempt that succeeded.")
    possible_repeat: bool = Field(
        False, description="True when an earlier attempt ended ambiguously: same Message-ID sent again."
    )


class NotificationFailed(NotificationOutcome):
    """The message cannot be delivered; a person should look."""

    event_type: ClassVar[str] = "notification.failed.v1"
    attempt: int = Field(ge=1, description="Number of attempts made.")
    reason: str = Field(description="Reason code, e.g. smtp_550, retries_exhausted.")


class NotificationSkipped(NotificationOutcome):
    """Nobody is to be told, for a reason: anonymous, no address, no consent."""

    event_type: ClassVar[str] = "notification.skipped.v1"
    reason: str = Field(description="Reason code.")


NotificationEvents = (
    NotificationAttempted | NotificationDeferred | NotificationSent | NotificationFailed | NotificationSkipped
)
"""Any outcome."""

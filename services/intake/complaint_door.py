"""The door for complaints: what a channel read in, a receipt or a refusal out. Every channel comes through here.

Decide purely, make durable, and only then say yes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.intake.delivery import Delivered, Delivery
from services.intake.domain.acceptance import accept
from services.intake.domain.parsed import Submitted, Unreadable
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.domain.trace_context import trace_id
from shared.clock import Clock
from shared.crash_points import crash_point
from shared.events import ids, registry, topics
from shared.events.base import UtcDatetime
from shared.events.complaint import Complaint
from shared.events.received import ComplaintSubmitted
from shared.observability.logging import get_logger
from shared.observability.metrics import INTAKE_COMPLAINTS_TOTAL, channel_label
from shared.streaming.records import ProducerRecord

SOURCE = "/complaint-bus/intake"

_log = get_logger()


class Receipt(BaseModel):
    """What the complainant is given. The query code is shown here and nowhere else."""

    model_config = ConfigDict(frozen=True)

    complaint_id: str = Field(description="The same for the same submission, always.")
    ticket_number: str = Field(description="The number people read aloud.")
    query_code: str = Field(repr=False, description="With the ticket number it opens the case. Keep it secret.")
    received_at: UtcDatetime = Field(description="Receipt at the enterprise's edge; legal clocks start here.")


class ComplaintDoor:
    """Takes in complaints."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        query_code_secret: bytes,
        clock: Clock,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._delivery = delivery
        self._query_code_secret = query_code_secret
        self._clock = clock
        self._new_id = new_id

    async def take_in(self, parsed: Submitted | Unreadable, traceparent: str) -> Receipt | DoorRefusal:
        """Take in one complaint; a receipt means that it is durable."""
        complaint = parsed.refusal if isinstance(parsed, Unreadable) else self._accept(parsed)
        if isinstance(complaint, DoorRefusal):
            _note_rejection(complaint)
            return complaint
        crash_point("intake.after-parse")
        record = _to_record(complaint, traceparent)
        delivered = await self._delivery.once(
            complaint.complaint_id, Delivered(complaint.content_digest, complaint.received_at), record
        )
        _note(complaint, delivered, traceparent)
        if isinstance(delivered, DoorRefusal):
            return delivered
        return self._receipt(complaint.complaint_id, delivered.received_at)

    def _accept(self, parsed: Submitted) -> Complaint | DoorRefusal:
        return accept(
            parsed.submission,
            idempotency_key=parsed.own_id,
            body_digest=parsed.digest,
            now=self._clock.now(),
            new_id=self._new_id,
        )

    def _receipt(self, complaint_id: str, received_at: datetime) -> Receipt:
        return Receipt(
            complaint_id=complaint_id,
            ticket_number=ids.ticket_number(complaint_id, received_at),
            query_code=ids.query_code(self._query_code_secret, complaint_id),
            received_at=received_at,
        )


def _to_record(complaint: Complaint, traceparent: str) -> ProducerRecord:
    event = ComplaintSubmitted(complaint=complaint)
    value, headers = registry.encode(
        event,
        event_id=ids.event_id(complaint.complaint_id, event.event_type, complaint.content_digest),
        source=SOURCE,
        subject=complaint.complaint_id,
        time=complaint.ingested_at,
        traceparent=traceparent,
    )
    return ProducerRecord(topics.RECEIVED, complaint.complaint_id.encode(), value, headers)


def outcome_label(outcome: Delivered | DoorRefusal) -> str:
    """The ``result`` label of an outcome: accepted, repeated, unavailable or rejected."""
    if isinstance(outcome, Delivered):
        return "repeated" if outcome.repeated else "accepted"
    unavailable = outcome.reason in (RefusalReason.UNAVAILABLE, RefusalReason.OVERLOADED)
    return "unavailable" if unavailable else "rejected"


def _note(complaint: Complaint, outcome: Delivered | DoorRefusal, traceparent: str) -> None:
    result = outcome_label(outcome)
    INTAKE_COMPLAINTS_TOTAL.labels(channel_label(complaint.channel), result).inc()
    _log.info(
        "complaint_" + result,
        complaint_id=complaint.complaint_id,
        ticket_number=complaint.ticket_number,
        channel=complaint.channel,
        trace_id=trace_id(traceparent),
        **({"reason": outcome.reason.value} if isinstance(outcome, DoorRefusal) else {}),
    )


def _note_rejection(refusal: DoorRefusal) -> None:
    """Counted without a channel: what could not be read has none. Field names are the sender's, so they stay out."""
    INTAKE_COMPLAINTS_TOTAL.labels(channel_label(""), "rejected").inc()
    _log.info("complaint_rejected", reason=refusal.reason.value, count=len(refusal.fields))

"""The door: raw bytes in, a receipt or a refusal out. Whatever carries submissions – HTTP, a batch – comes through here.

Read strictly, decide purely, make durable, and only then say yes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from services.intake.delivery import Delivered, Delivery
from services.intake.domain.acceptance import accept, is_idempotency_key
from services.intake.domain.consumer_message import MESSAGE_KINDS, to_event
from services.intake.domain.field_problems import invalid, read_fields
from services.intake.domain.refusal import FieldProblem, Refusal, RefusalReason
from services.intake.domain.strict_json import NotJson, canonical, parse_object
from services.intake.domain.submission import Submission
from services.intake.domain.trace_context import continue_trace
from shared.clock import Clock
from shared.crash_points import crash_point
from shared.events import ids, registry, topics
from shared.events.base import Event
from shared.events.complaint import Complaint
from shared.events.received import ComplaintSubmitted
from shared.observability.logging import get_logger
from shared.observability.metrics import INTAKE_COMPLAINTS_TOTAL
from shared.streaming.records import ProducerRecord

SOURCE = "complaint-bus/intake"

_log = get_logger()

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the complainant is given. ``query_code`` opens the case; it is shown here and nowhere else."""

    complaint_id: str
    ticket_number: str
    query_code: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class MessageReceipt:
    """What is told about a later message."""

    complaint_id: str
    event_id: str
    received_at: datetime


class Door:
    """Takes in complaints and later messages of complainants."""

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

    async def submit(
        self, body: bytes, idempotency_key: str | None, traceparent: str | None, *, id_required: bool = False
    ) -> Receipt | Refusal:
        """Take in one complaint. A receipt means that it is durable.

        ``id_required``: the body must name its ``channel_message_id``, as every line of a batch must.
        """
        complaint = self._read(body, idempotency_key, id_required=id_required)
        if isinstance(complaint, Refusal):
            _count("unknown", complaint)
            return complaint
        crash_point("intake.after-parse")
        delivered = await self._deliver(complaint, traceparent)
        _count(complaint.channel, delivered)
        if isinstance(delivered, Refusal):
            _log.warning(
                "complaint_refused",
                complaint_id=complaint.complaint_id,
                channel=complaint.channel,
                reason=delivered.reason,
            )
            return delivered
        _log.info(
            "complaint_accepted",
            complaint_id=complaint.complaint_id,
            channel=complaint.channel,
            result="repeated" if delivered.repeated else "accepted",
        )
        return self._receipt(complaint.complaint_id, delivered.received_at)

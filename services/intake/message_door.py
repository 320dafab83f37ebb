"""The door for what complainants say later. The query code opens it; who has it, speaks for the case.

A wrong code and an unknown complaint are answered alike: the code is computed from the id, so nothing is looked up and
nothing can be found out by trying.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.complaint_door import SOURCE, outcome_label
from services.intake.delivery import Delivered, Delivery
from services.intake.domain.acceptance import is_idempotency_key
from services.intake.domain.consumer_message import MESSAGE_KINDS, to_event
from services.intake.domain.field_problems import read_fields
from services.intake.domain.refusal import Refusal, RefusalReason
from services.intake.domain.trace_context import trace_id
from shared.clock import Clock
from shared.crash_points import crash_point
from shared.events import ids, registry, topics
from shared.events.base import UtcDatetime
from shared.events.received import ConsumerMessage
from shared.events.strict_json import NotJson, canonical, parse_object
from shared.observability.logging import get_logger
from shared.observability.metrics import INTAKE_MESSAGES_TOTAL
from shared.streaming.records import ProducerRecord

_log = get_logger()


class MessageReceipt(BaseModel):
    """What is told about a message that is durable."""

    model_config = ConfigDict(frozen=True)

    complaint_id: str = Field(description="The case.")
    event_id: str = Field(description="The message; the same for the same Idempotency-Key.")
    received_at: UtcDatetime = Field(description="Receipt at the enterprise's edge.")


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """One message as it came: ``kind`` is a key of ``MESSAGE_KINDS``."""

    kind: str
    complaint_id: str
    query_code: str
    body: bytes
    idempotency_key: str | None
    traceparent: str


@dataclass(frozen=True, slots=True)
class _Message:
    event: ConsumerMessage
    event_id: str
    digest: str


class MessageDoor:
    """Takes in later messages of complainants."""

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

    async def submit(self, request: MessageRequest) -> MessageReceipt | Refusal:
        """Take in one message; a receipt means that it is durable."""
        read = self._read(request)
        outcome = read if isinstance(read, Refusal) else await self._deliver(read, request)
        _note(request, None if isinstance(read, Refusal) else read.event.complaint_id, outcome)
        if isinstance(read, Refusal):
            return read
        if isinstance(outcome, Refusal):
            return outcome
        return MessageReceipt(
            complaint_id=read.event.complaint_id, event_id=read.event_id, received_at=outcome.received_at
        )

    def _read(self, request: MessageRequest) -> _Message | Refusal:
        complaint_id = self._opened(request)
        if complaint_id is None:
            return Refusal(RefusalReason.NOT_FOUND)
        if request.idempotency_key is not None and not is_idempotency_key(request.idempotency_key):
            return Refusal(RefusalReason.INVALID_IDEMPOTENCY_KEY)
        document = parse_object(request.body or b"{}")
        if isinstance(document, NotJson):
            return Refusal(RefusalReason.NOT_JSON, document.problems)
        kind = MESSAGE_KINDS[request.kind]
        body = read_fields(kind.body, document)
        if isinstance(body, Refusal):
            return body
        event = to_event(kind, body, complaint_id, self._clock.now())
        event_id = ids.event_id(complaint_id, event.event_type, request.idempotency_key or self._new_id())
        return _Message(event, event_id, ids.content_digest(canonical(document)))

    async def _deliver(self, message: _Message, request: MessageRequest) -> Delivered | Refusal:
        crash_point("intake.after-parse")
        return await self._delivery.once(
            message.event_id,
            Delivered(message.digest, message.event.received_at),
            _to_record(message, request.traceparent),
        )

    def _opened(self, request: MessageRequest) -> str | None:
        """The id in its one written form, if the code belongs to it. The same work is done whatever is wrong."""
        try:
            complaint_id = str(UUID(request.complaint_id))
        except ValueError:
            complaint_id = str(UUID(int=0))
        fits = ids.is_query_code(self._query_code_secret, complaint_id, request.query_code)
        return complaint_id if fits else None


def _to_record(message: _Message, traceparent: str) -> ProducerRecord:
    value, headers = registry.encode(
        message.event,
        event_id=message.event_id,
        source=SOURCE,
        subject=message.event.complaint_id,
        time=message.event.received_at,
        traceparent=traceparent,
    )
    return ProducerRecord(topics.RECEIVED, message.event.complaint_id.encode(), value, headers)


def _note(request: MessageRequest, complaint_id: str | None, outcome: Delivered | Refusal) -> None:
    """The id is logged only once it is known to be one: until then it is what somebody typed."""
    result = outcome_label(outcome)
    INTAKE_MESSAGES_TOTAL.labels(request.kind, result).inc()
    reason = {"reason": outcome.reason.value} if isinstance(outcome, Refusal) else {}
    known = {} if complaint_id is None else {"complaint_id": complaint_id}
    _log.info("message_" + result, action=request.kind, trace_id=trace_id(request.traceparent), **known, **reason)

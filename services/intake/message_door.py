"""The door for what complainants say later. A proof opens it, the query code for one; who has it, speaks for the case.

A wrong code and an unknown complaint are answered alike: the code is computed from the id, so nothing is looked up and
nothing can be found out by trying.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from services.intake.complaint_door import SOURCE, outcome_label
from services.intake.delivery import Delivered, Delivery
from services.intake.domain.consumer_message import MESSAGE_KINDS, to_event
from services.intake.domain.parsed import Reply, Unreadable
from services.intake.domain.proof import Proof
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.domain.trace_context import trace_id
from shared.clock import Clock
from shared.crash_points import crash_point
from shared.events import ids, registry, topics
from shared.events.base import UtcDatetime
from shared.events.received import ConsumerMessage
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

    async def take_in(
        self, kind: str, parsed: Reply | Unreadable, proof: Proof, traceparent: str
    ) -> MessageReceipt | DoorRefusal:
        """Take in one message; a receipt means that it is durable. ``kind`` is a key of ``MESSAGE_KINDS``."""
        read = self._read(parsed, proof)
        outcome = read if isinstance(read, DoorRefusal) else await self._deliver(read, traceparent)
        _note(kind, None if isinstance(read, DoorRefusal) else read.event.complaint_id, outcome, traceparent)
        if isinstance(read, DoorRefusal):
            return read
        if isinstance(outcome, DoorRefusal):
            return outcome
        return MessageReceipt(
            complaint_id=read.event.complaint_id, event_id=read.event_id, received_at=outcome.received_at
        )

    def _read(self, parsed: Reply | Unreadable, proof: Proof) -> _Message | DoorRefusal:
        complaint_id = proof.opened(self._query_code_secret)
        if complaint_id is None:  # said before anything of the message: who is no party learns nothing
            return DoorRefusal(RefusalReason.NOT_FOUND)
        if isinstance(parsed, Unreadable):
            return parsed.refusal
        event = to_event(MESSAGE_KINDS[parsed.kind], parsed.body, complaint_id, self._clock.now())
        event_id = ids.event_id(complaint_id, event.event_type, parsed.own_id or self._new_id())
        return _Message(event, event_id, parsed.digest)

    async def _deliver(self, message: _Message, traceparent: str) -> Delivered | DoorRefusal:
        crash_point("intake.after-parse")
        return await self._delivery.once(
            message.event_id, Delivered(message.digest, message.event.received_at), _to_record(message, traceparent)
        )


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


def _note(kind: str, complaint_id: str | None, outcome: Delivered | DoorRefusal, traceparent: str) -> None:
    """The id is logged only once it is known to be one: until then it is what somebody typed."""
    result = outcome_label(outcome)
    INTAKE_MESSAGES_TOTAL.labels(kind, result).inc()
    reason = {"reason": outcome.reason.value} if isinstance(outcome, DoorRefusal) else {}
    known = {} if complaint_id is None else {"complaint_id": complaint_id}
    _log.info("message_" + result, action=kind, trace_id=trace_id(traceparent), **known, **reason)

"""The entries one step adds to the case log, and what departments are told: numbered, identified, addressed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.router.domain.case import Case
from shared.events import ids
from shared.events.base import Event
from shared.events.envelope import Envelope
from shared.events.lifecycle import CaseEvent
from shared.events.topics import LIFECYCLE, department_topic
from shared.processing import Emit, Step


class CaseLog:
    """Collects what one step writes. ``cause`` is the envelope of the input record; ids derive from its id."""

    __slots__ = ("_cause_id", "_emits", "_sequence", "_traceparent")

    def __init__(self, cause: Envelope, sequence: int) -> None:
        """``sequence`` is the number of entries the log has already."""
        self._cause_id = cause.id
        self._traceparent = cause.traceparent
        self._sequence = sequence
        self._emits: list[Emit] = []

    def record(self, case: Case, entry: type[CaseEvent], happened_at: datetime, **facts: Any) -> None:
        """Add the next entry; ``facts`` are the fields ``entry`` has beyond those of every CaseEvent."""
        self._sequence += 1
        complaint = case.complaint
        event = entry(
            complaint_id=complaint.complaint_id,
            ticket_number=complaint.ticket_number,
            cycle=case.cycle,
            sequence=self._sequence,
            happened_at=happened_at,
            **facts,
        )
        self._write(LIFECYCLE, event, f"{complaint.complaint_id}/{self._sequence}")

    def tell(self, department: str, event: Event, discriminator: str) -> None:
        """Write ``event`` to the department's queue; ``discriminator`` names the assignment it is about."""
        self._write(department_topic(department), event, discriminator)

    def step(self, case: Case) -> Step[Case]:
        """The finished step: ``case`` with the log's length, and everything collected."""
        if case.sequence != self._sequence:
            case = case.model_copy(update={"sequence": self._sequence})
        return Step(case, self._emits)

    def _write(self, topic: str, event: Event, discriminator: str) -> None:
        event_id = ids.event_id(self._cause_id, event.event_type, discriminator)
        self._emits.append(Emit(topic, event, event_id, self._traceparent))

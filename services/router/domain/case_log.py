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
from shared.streaming.processor import Emit, Step


class CaseLog:
    """Collects the output of one step. ``cause`` is the input record: ids derive from it, its trace goes on."""

    __slots__ = ("_cause", "_emits", "_sequence")

    def __init__(self, cause: Envelope, sequence: int) -> None:
        """``sequence`` is the number of entries the log has already."""
        self._cause = cause
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
        self._emit(LIFECYCLE, event, f"{complaint.complaint_id}/{self._sequence}")

    def tell(self, department: str, event: Event, discriminator: str) -> None:
        """Write ``event`` to the department's queue; ``discriminator`` names the assignment it is about."""
        self._emit(department_topic(department), event, discriminator)

    def step(self, case: Case) -> Step[Case]:
        """The finished step: ``case`` with the log's length, and everything collected."""
        return Step(case.model_copy(update={"sequence": self._sequence}), self._emits)

    def _emit(self, topic: str, event: Event, discriminator: str) -> None:
        cause = self._cause
        event_id = ids.event_id(cause.id, event.event_type, discriminator)
        self._emits.append(Emit(topic, event, event_id, cause.traceparent))

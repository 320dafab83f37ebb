"""The router's reducer: one input record and the case so far make the next case and what is written about it.

Topic decides who speaks: only ``complaints.received.v1`` speaks for consumers, only ``departments.<d>.updates.v1``
for department ``<d>`` (design, Contracts). A record of the wrong type, or whose key is not its complaint, is refused
there; from intake, which is our own code, it counts as undecodable, so that a bad deploy stops the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.router.domain.departments import Departments

from services.router.domain.case import Case
from services.router.domain.consumer_messages import handle_consumer_message
from services.router.domain.department_updates import handle_update
from services.router.domain.refusals import EXPLANATIONS, Reason, refuse
from services.router.domain.registration import Assess, recognise, register
from shared.errors import InvalidEvent
from shared.events.departments import DepartmentUpdate
from shared.events.received import ComplaintSubmitted, ConsumerMessage
from shared.events.topics import (
    RECEIVED,
    dead_letter_topic,
    department_dead_letter_topic,
    department_updates_topic,
)
from shared.streaming.processor import Message, Step


class RouterProcessor:
    """Implements ``shared.streaming.processor.Processor`` for cases. Pure: configuration is given, time is passed in.

    Later inputs (``sla.events.v1``, ``notifications.events.v1``) get their own branch in ``reduce``.
    """

    name: str = "router"
    state_model: type[Case] = Case

    def __init__(self, departments: Departments, assess: Assess) -> None:
        """``assess`` decides on new complaints (``Assessor``); ``departments`` is the organisation they go to."""
        self._departments = departments
        self._assess = assess
        self._department_of: Final[Mapping[str, str]] = {
            department_updates_topic(department): department for department in sorted(departments.ids)
        }
        self.input_topics: tuple[str, ...] = (RECEIVED, *self._department_of)

    def dead_letter_topic(self, input_topic: str) -> str:
        """A department finds its refused updates in its own dead letters; the rest is for operators."""
        department = self._department_of.get(input_topic)
        return dead_letter_topic(self.name) if department is None else department_dead_letter_topic(department)

    def reduce(self, state: Case | None, message: Message, now: datetime) -> Step[Case]:
        """One record. Raises InvalidEvent (``key_mismatch``, ``unexpected_type``) for what intake must not write."""
        if message.topic == RECEIVED:
            return self._reduce_received(state, message, now)
        department = self._department_of.get(message.topic)
        if department is None:
            raise InvalidEvent(Reason.UNEXPECTED_TYPE.value, f"the router does not read {message.topic}")
        return self._reduce_update(state, message, department, now)

    def due_at(self, state: Case) -> datetime | None:
        """The router has no timers; deadlines are the SLA service's."""
        return None

    def fire(self, state: Case, now: datetime) -> Step[Case]:
        """Never called; there is no timer."""
        return Step(state)

    def _reduce_received(self, state: Case | None, message: Message, now: datetime) -> Step[Case]:
        event = message.event
        if isinstance(event, ComplaintSubmitted):
            _require_own_key(event.complaint.complaint_id, message)
            if state is None:
                return register(event.complaint, message.envelope, now, self._assess)
            return recognise(state, event.complaint, message.envelope, now)
        if not isinstance(event, ConsumerMessage):
            raise InvalidEvent(Reason.UNEXPECTED_TYPE.value, f"{message.envelope.type} on {message.topic}")
        _require_own_key(event.complaint_id, message)
        if state is None:
            return Step(None, refusal=refuse(Reason.UNKNOWN_CASE))
        return handle_consumer_message(state, event, message, now)

    def _reduce_update(self, state: Case | None, message: Message, department: str, now: datetime) -> Step[Case]:
        """A department's nonsense is refused, never an error: it must not stop the router for the others."""
        event = message.event
        if not isinstance(event, DepartmentUpdate):
            return Step(state, refusal=refuse(Reason.UNEXPECTED_TYPE))
        if event.complaint_id != message.envelope.subject:
            return Step(state, refusal=refuse(Reason.KEY_MISMATCH))
        if state is None:
            return Step(None, refusal=refuse(Reason.UNKNOWN_CASE))
        return handle_update(state, event, message, department, now, self._departments)


def _require_own_key(complaint_id: str, message: Message) -> None:
    if complaint_id != message.envelope.subject:
        raise InvalidEvent(Reason.KEY_MISMATCH.value, EXPLANATIONS[Reason.KEY_MISMATCH][0])

"""The router as the engine runs it: what consumers and departments say goes in, the case log and tasks come out.

The topic decides who speaks: only ``complaints.received.v1`` speaks for consumers, only ``departments.<d>.updates.v1``
for department ``<d>`` (design, Contracts). What intake may not write counts as undecodable, so that a bad deploy
stops the service; a department's nonsense is refused, for it must not stop the router for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from services.router.domain.case import Case, CaseStatus
from services.router.domain.consumer_messages import handle_consumer_message
from services.router.domain.department_updates import handle_update
from services.router.domain.departments import Departments
from services.router.domain.refusals import Reason, explain
from services.router.domain.registration import Assess, recognise, register
from shared.errors import InvalidEvent
from shared.events.departments import DepartmentUpdate
from shared.events.received import ComplaintSubmitted, ConsumerMessage
from shared.events.topics import (
    LIFECYCLE,
    RECEIVED,
    dead_letter_topic,
    department_dead_letter_topic,
    department_topic,
    department_updates_topic,
)
from shared.events.unreadable import key_mismatch
from shared.processing import Message, Reducer, Refusal, Standing, Step


class RouterProcessor(Reducer[Case]):
    """Keeps every case. Pure: configuration is given, time is passed in. No timers: deadlines are the SLA service's.

    Later inputs (``sla.events.v1``, ``notifications.events.v1``) get their own branch in ``_decide``.
    """

    name = "router"
    state_model = Case

    def __init__(
        self, departments: Departments, assess: Assess, partition_of: Callable[[bytes], int] | None = None
    ) -> None:
        """``assess`` decides on new complaints (``Assessor``); ``departments`` is the organisation they go to.

        ``partition_of`` says where a key belongs, so that a department whose client places records otherwise is told.
        """
        self._partition_of = partition_of
        self._departments = departments
        self._assess = assess
        self._department_of: Final[Mapping[str, str]] = {
            department_updates_topic(department): department for department in departments.ids
        }
        self.input_topics: tuple[str, ...] = (RECEIVED, *self._department_of)
        self.output_topics: tuple[str, ...] = (LIFECYCLE, *map(department_topic, departments.ids))

    def dead_letter_topic(self, input_topic: str) -> str:
        """A department finds its refused updates in its own dead letters; the rest is for operators."""
        department = self._department_of.get(input_topic)
        return dead_letter_topic(self.name) if department is None else department_dead_letter_topic(department)

    def reduce(self, state: Case | None, message: Message, now: datetime) -> Step[Case]:
        """One record. Raises InvalidEvent (``key_mismatch``, ``unexpected_type``) for what intake must not write."""
        decided = self._decide(state, message, now)
        if isinstance(decided, Reason):
            return Step(state, refusal=Refusal(decided.value, self._told(decided, message)))
        return decided

    def standing(self, state: Case) -> Standing | None:
        """Open cases by lead, priority and how far the lead got (or ``on_hold``), dated by the receipt."""
        lead = state.live_lead()
        if state.status is not CaseStatus.OPEN or lead is None:
            return None
        progress = "on_hold" if lead.on_hold else lead.status.value
        return Standing((lead.department, str(state.classification.priority), progress), state.complaint.received_at)

    def _decide(self, case: Case | None, message: Message, now: datetime) -> Step[Case] | Reason:
        if message.topic == RECEIVED:
            return self._received(case, message, now)
        department = self._department_of.get(message.topic)
        if department is None:
            raise InvalidEvent(Reason.UNEXPECTED_TYPE.value, f"the router does not read {message.topic}")
        return self._updated(case, message, department, now)

    def _received(self, case: Case | None, message: Message, now: datetime) -> Step[Case] | Reason:
        event, envelope = message.event, message.envelope
        if isinstance(event, ComplaintSubmitted):
            _require_own_key(event.complaint.complaint_id, message)
            if case is None:
                return register(event.complaint, envelope, now, self._assess, self._departments)
            return recognise(case, event.complaint, envelope, now)
        if not isinstance(event, ConsumerMessage):
            raise InvalidEvent(Reason.UNEXPECTED_TYPE.value, f"{envelope.type} does not belong on {message.topic}")
        _require_own_key(event.complaint_id, message)
        if case is None:
            return Reason.UNKNOWN_CASE
        return handle_consumer_message(case, event, envelope, now, self._departments, self._assess)

    def _updated(self, case: Case | None, message: Message, department: str, now: datetime) -> Step[Case] | Reason:
        event = message.event
        if not isinstance(event, DepartmentUpdate):
            return Reason.UNEXPECTED_TYPE
        if event.complaint_id != message.envelope.subject:
            return Reason.KEY_MISMATCH
        if case is None:
            return Reason.WRONG_PARTITION if self._is_astray(message) else Reason.UNKNOWN_CASE
        return handle_update(case, event, message.envelope, department, now, self._departments)

    def _told(self, reason: Reason, message: Message) -> str:
        event = message.event
        if reason is Reason.KEY_MISMATCH and isinstance(event, DepartmentUpdate):
            return key_mismatch(message.envelope.subject, event.complaint_id, "complaint_id")
        return explain(reason, self._departments.ids)

    def _is_astray(self, message: Message) -> bool:
        """Whether the record lies in a partition that is not its key's."""
        record = message.record
        if self._partition_of is None or record is None or record.key is None:
            return False
        return self._partition_of(record.key) != record.partition


def _require_own_key(complaint_id: str, message: Message) -> None:
    if complaint_id != message.envelope.subject:
        raise InvalidEvent(Reason.KEY_MISMATCH.value, explain(Reason.KEY_MISMATCH))

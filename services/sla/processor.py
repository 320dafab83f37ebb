"""The SLA service as the engine runs it: facts of a case in, clock events out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.policy import SlaPolicy
from services.sla.domain.reducer import happened, submitted
from services.sla.domain.refusals import DeadlineRefused
from services.sla.domain.state import ComplaintClocks
from services.sla.domain.terms import Promises
from services.sla.domain.timers import due_at, fire
from services.sla.domain.wall_clock import datetime_of
from shared.events.lifecycle import CaseEvent
from shared.events.received import ComplaintSubmitted, ConsumerMessage
from shared.events.topics import LIFECYCLE, RECEIVED, SLA_EVENTS
from shared.processing import Message, Reducer, Refusal, Standing, Step

NO_DEPARTMENT = "none"
"""Label that stands for the lead of a complaint that was not dispatched yet."""

FORGET_AFTER = timedelta(days=400)
"""As long as the case log is kept: until then a late fact may still correct a breach."""


_FOREIGN_KEY: Final = Refusal("key_mismatch", "the complaint_id in the value is not the record key")


class SlaProcessor(Reducer[ComplaintClocks]):
    """Runs the clocks of every complaint. Pure: policy, calendars and time are passed in."""

    name = "sla"
    state_model = ComplaintClocks
    input_topics: tuple[str, ...] = (RECEIVED, LIFECYCLE)
    output_topics: tuple[str, ...] = (SLA_EVENTS,)

    def __init__(
        self,
        policy: SlaPolicy,
        calendars: Mapping[str, BusinessCalendar],
        *,
        forget_after: timedelta = FORGET_AFTER,
    ) -> None:
        """``forget_after``: how long after a case was settled, and its last clock ended, its row is dropped."""
        self._promises = Promises(policy, calendars)
        self._forget_after = forget_after

    def reduce(self, state: ComplaintClocks | None, message: Message, now: datetime) -> Step[ComplaintClocks]:
        """Apply one fact. The same facts give the same events whatever ``now`` is; only ``detected_at`` shows it."""
        try:
            return self._apply(state, message, now)
        except DeadlineRefused as refused:
            return Step(state, refusal=Refusal("deadline_refused", str(refused)))

    @property
    def timer_settings(self) -> str:
        """How long settled rows are kept; the clocks themselves are in the rows."""
        return repr(self._forget_after)

    def due_at(self, state: ComplaintClocks) -> datetime | None:
        """The next instant at which a clock of this row warns or breaches, or the row is forgotten."""
        return due_at(state, self._forget_after)

    def standing(self, state: ComplaintClocks) -> Standing | None:
        """Complaints with clocks at risk, by lead department and clocks, dated by the first of their deadlines."""
        at_risk = state.at_risk
        if not at_risk:
            return None
        labels = (state.department or NO_DEPARTMENT, *sorted(clock.clock for clock in at_risk))
        return Standing(labels, datetime_of(min(clock.due for clock in at_risk)))

    def fire(self, state: ComplaintClocks, now: datetime) -> Step[ComplaintClocks]:
        """Announce what is due at ``now``, linked to the trace of the complaint."""
        step = fire(state, now, self._promises, self._forget_after)
        return step._replace(emits=[emit._replace(traceparent=state.traceparent) for emit in step.emits])

    def _apply(self, state: ComplaintClocks | None, message: Message, now: datetime) -> Step[ComplaintClocks]:
        event, envelope = message.event, message.envelope
        if isinstance(event, CaseEvent) and message.topic == LIFECYCLE:
            if event.complaint_id != envelope.subject:
                return Step(state, refusal=_FOREIGN_KEY)
            return happened(state, event, envelope.traceparent, self._promises, now)
        if isinstance(event, ComplaintSubmitted) and message.topic == RECEIVED:
            if event.complaint.complaint_id != envelope.subject:
                return Step(state, refusal=_FOREIGN_KEY)
            return submitted(state, event, envelope.traceparent, self._promises, now)
        if isinstance(event, ConsumerMessage) and message.topic == RECEIVED:
            return Step(state)  # what it means for the case, the router says in the case log
        unexpected = Refusal("unexpected_type", f"{event.event_type} does not belong on {message.topic}")
        return Step(state, refusal=unexpected)

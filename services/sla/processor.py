"""The SLA service as the engine runs it: facts of a case in, clock events out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from services.sla.domain.announcements import Announcement
from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.policy import SlaPolicy
from services.sla.domain.reducer import Outcome, happened, submitted
from services.sla.domain.refusals import DeadlineRefused
from services.sla.domain.state import ComplaintClocks
from services.sla.domain.terms import Promises
from services.sla.domain.timers import due_at, fire
from services.sla.domain.wall_clock import datetime_of
from shared.events.lifecycle import CaseEvent
from shared.events.received import ComplaintSubmitted, ConsumerMessage
from shared.events.topics import LIFECYCLE, RECEIVED, SLA_EVENTS, dead_letter_topic
from shared.streaming.processor import Emit, Message, Refusal, Standing, Step

NO_DEPARTMENT = "none"
"""Label that stands for the lead of a complaint that was not dispatched yet."""

FORGET_AFTER = timedelta(days=400)
"""As long as the case log is kept: until then a late fact may still correct a breach."""


class SlaProcessor:
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

    def dead_letter_topic(self, input_topic: str) -> str:
        """One for both inputs; each dead letter names its origin."""
        return dead_letter_topic(self.name)

    def reduce(self, state: ComplaintClocks | None, message: Message, now: datetime) -> Step[ComplaintClocks]:
        """Apply one fact. The same facts give the same events whatever ``now`` is; only ``detected_at`` shows it."""
        try:
            outcome = self._outcome(state, message, now)
        except DeadlineRefused as refused:
            return Step(state, refusal=Refusal("deadline_refused", str(refused)))
        if outcome.refusal is not None:
            return Step(state, refusal=Refusal(*outcome.refusal))
        return Step(outcome.row, _emits(outcome.announcements, None))

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
        outcome = fire(state, now, self._promises, self._forget_after)
        return Step(outcome.row, _emits(outcome.announcements, state.traceparent))

    def _outcome(self, state: ComplaintClocks | None, message: Message, now: datetime) -> Outcome:
        event, envelope = message.event, message.envelope
        if isinstance(event, CaseEvent) and message.topic == LIFECYCLE:
            if event.complaint_id != envelope.subject:
                return _foreign_key()
            return happened(state, event, envelope.traceparent, self._promises, now)
        if isinstance(event, ComplaintSubmitted) and message.topic == RECEIVED:
            if event.complaint.complaint_id != envelope.subject:
                return _foreign_key()
            return submitted(state, event, envelope.traceparent, self._promises, now)
        if isinstance(event, ConsumerMessage) and message.topic == RECEIVED:
            return Outcome(state)  # what it means for the case, the router says in the case log
        return Outcome(state, refusal=("unexpected_type", f"{event.event_type} does not belong on {message.topic}"))


def _foreign_key() -> Outcome:
    return Outcome(None, refusal=("key_mismatch", "the complaint_id in the value is not the record key"))


def _emits(announcements: Iterable[Announcement], traceparent: str | None) -> list[Emit]:
    return [Emit(SLA_EVENTS, event, event_id, traceparent) for event, event_id in announcements]

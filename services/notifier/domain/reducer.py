"""The composer: ``(state, event, now) -> (state, messages)``. What is told to whom is in the two modules it calls."""

from __future__ import annotations

from datetime import datetime

from services.notifier.domain.complainant_messages import message_about, tell_complainant
from services.notifier.domain.composition import Cause
from services.notifier.domain.department_notices import notice_about, release, tell_department
from services.notifier.domain.notification import tag_to_write_in
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.state import Correspondence
from shared.events.base import Event
from shared.events.complaint import Complainant
from shared.events.lifecycle import (
    CaseEvent,
    CaseWithdrawn,
    ComplaintClosed,
    ComplaintDispatched,
    ComplaintRegistered,
    ComplaintRejected,
    ComplaintReopened,
)
from shared.events.sla import ClockBreached, ClockCorrected
from shared.processing import Step


def compose(
    state: Correspondence | None, event: Event, cause: Cause, policy: CorrespondencePolicy, now: datetime
) -> Step[Correspondence]:
    """Handle one event of the case log or of a clock; events nobody is told about leave everything as it is."""
    if isinstance(event, ClockBreached | ClockCorrected):
        known = state or _not_registered_yet(event.complaint_id, policy, now)
        notice = notice_about(event, cause.event_id, cause.traceparent)
        return tell_department(known, notice, event.department, policy, now)
    if isinstance(event, CaseEvent):
        return _follow_case(state, event, cause, policy, now)
    return Step(state)


def expire(state: Correspondence, policy: CorrespondencePolicy, now: datetime) -> Step[Correspondence]:
    """Handle the passing of ``state.due_at()``: tell triage of what no department took, forget ended cases."""
    step = Step(state)
    if state.release_at is not None and state.release_at <= now:
        cycles = {notice.cycle for notice in state.held}
        step = release(state, cycles, policy.triage_department, policy, now)
    if state.forget_at is not None and state.forget_at <= now:
        return Step(None, step.emits)
    return step


def _follow_case(
    state: Correspondence | None, event: CaseEvent, cause: Cause, policy: CorrespondencePolicy, now: datetime
) -> Step[Correspondence]:
    if isinstance(event, ComplaintRegistered):
        state = _registered(state, event, cause)
    message = message_about(event)
    if message is None and not isinstance(event, ComplaintDispatched | ComplaintClosed):
        return Step(state)
    state = state or _not_registered_yet(event.complaint_id, policy, now)
    moved = _move(state, event, policy, now)
    if message is None or moved.state is None:
        return moved
    told = tell_complainant(moved.state, event, message, cause, now)
    return Step(told.state, (*moved.emits, *told.emits))


def _move(state: Correspondence, event: CaseEvent, policy: CorrespondencePolicy, now: datetime) -> Step[Correspondence]:
    """Who is responsible, and whether the case has ended, after ``event``."""
    match event:
        case ComplaintDispatched(decision=decision):
            return _make_responsible(state, event.cycle, decision.lead, policy, now)
        case CaseWithdrawn() | ComplaintRejected() | ComplaintClosed():
            ended = state.model_copy(update={"forget_at": now + policy.keep_for})
            return _make_responsible(ended, event.cycle, policy.triage_department, policy, now)
        case ComplaintReopened():
            return Step(state.model_copy(update={"forget_at": None}))
        case _:
            return Step(state)


def _make_responsible(
    state: Correspondence, cycle: int, department: str, policy: CorrespondencePolicy, now: datetime
) -> Step[Correspondence]:
    """The first to be responsible in a cycle stays so for notices that name nobody."""
    if cycle in state.responsible:
        return Step(state)
    known = state.model_copy(update={"responsible": state.responsible | {cycle: department}})
    return release(known, {cycle}, department, policy, now)


def _registered(state: Correspondence | None, event: ComplaintRegistered, cause: Cause) -> Correspondence:
    complaint = event.complaint
    person = complaint.complainant
    known = state or Correspondence(complaint_id=event.complaint_id)
    return known.model_copy(
        update={
            "complainant": Complainant(name=person.name, email=person.email, anonymous=person.anonymous),
            "language": tag_to_write_in(complaint.language),
            "contact_consent": complaint.consent.contact,
            "traceparent": cause.traceparent,
            "forget_at": None,
        }
    )


def _not_registered_yet(complaint_id: str, policy: CorrespondencePolicy, now: datetime) -> Correspondence:
    """A state for what was seen first; dropped some day if the registration never follows."""
    return Correspondence(complaint_id=complaint_id, forget_at=now + policy.keep_for)

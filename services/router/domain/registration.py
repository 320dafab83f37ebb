"""A complaint arrives: a new case, or a submission that is known already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.router.domain.case import Case
from services.router.domain.case_log import CaseLog
from services.router.domain.departments import Departments
from services.router.domain.dispatching import dispatch, initial_assignments
from services.router.domain.refusals import Reason
from shared.events.complaint import Complaint
from shared.events.decisions import Classification, RoutingDecision
from shared.events.envelope import Envelope
from shared.events.lifecycle import ComplaintAssessed, ComplaintRegistered, DuplicateDropped
from shared.processing import Step

Assess = Callable[[Complaint], tuple[Classification, RoutingDecision]]
"""What a complaint is about, and who acts on it."""


_ENTRIES_OF_A_REGISTRATION: Final = 3
"""Registered, assessed, dispatched. Known beforehand, the new case need not be copied to set its log's length."""


def register(
    complaint: Complaint, cause: Envelope, now: datetime, assess: Assess, departments: Departments
) -> Step[Case]:
    """Register, assess and dispatch a new case. The three facts happen now, but never before the receipt."""
    classification, decision = assess(complaint)
    case = Case(
        complaint=complaint,
        classification=classification,
        decision=decision,
        cycle_started_at=complaint.received_at,
        sequence=_ENTRIES_OF_A_REGISTRATION,
        assignments=initial_assignments(complaint.complaint_id, decision, departments),
    )
    log = CaseLog(cause, sequence=0)
    at = max(now, complaint.received_at)
    log.record(case, ComplaintRegistered, at, complaint=complaint)
    log.record(case, ComplaintAssessed, at, classification=classification)
    dispatch(log, case, case.assignments, "initial", at)
    return log.step(case)


def recognise(case: Case, complaint: Complaint, cause: Envelope, now: datetime) -> Step[Case] | Reason:
    """A submission of a known complaint: the same content is a duplicate and counted, other content is refused.

    The refused one is kept as a dead letter: two different submissions under one key, of which neither may be lost.
    """
    if complaint.content_digest != case.complaint.content_digest:
        return Reason.KEY_REUSED
    log = CaseLog(cause, case.sequence)
    log.record(case, DuplicateDropped, max(now, case.cycle_started_at), duplicate_event_id=cause.id)
    return log.step(case)

"""The end of a cycle: resolved when all who must are done, closed or reopened by what the complainant says."""

from __future__ import annotations

from datetime import datetime

from services.router.domain.case import AssignmentStatus, Case, CaseAssignment, CaseStatus
from services.router.domain.case_log import CaseLog
from services.router.domain.departments import Departments
from services.router.domain.reopening import reopen
from shared.events.departments import AssignmentCancelled
from shared.events.lifecycle import (
    ComplainantCalledBack,
    ComplaintClosed,
    ComplaintResolved,
    ComplaintResumed,
)


def finish_if_done(log: CaseLog, case: Case) -> Case:
    """Resolve the case when the lead and all mandatory co-handlers have resolved; otherwise return it unchanged.

    The case was resolved when the last of them was done. A withdrawn case that went on for safety's sake closes
    instead: its complainant is not told and not called back.
    """
    lead, at = case.live_lead(), case.last_resolved_at
    if lead is None or at is None or any(held.is_open and held.assignment.mandatory for held in case.assignments):
        return case
    for held in case.open_assignments():
        case = cancel_assignment(log, case, held, "case_resolved", at)
    if case.withdrawn:
        return close(log, case, at)
    log.record(case, ComplaintResolved, at, department=lead.department, resolution=case.resolution)
    return case.model_copy(update={"status": CaseStatus.RESOLVED})


def call_back(
    log: CaseLog,
    case: Case,
    solved: bool | None,
    score: int | None,
    at: datetime,
    now: datetime,
    departments: Departments,
) -> Case:
    """Record what the complainant said of the resolution: "not solved" reopens, anything else closes."""
    log.record(case, ComplainantCalledBack, at, solved=solved, score=score)
    if solved is False:
        return reopen(log, case, at, now, departments)
    return case if case.status is CaseStatus.CLOSED else close(log, case, at)


def close(log: CaseLog, case: Case, at: datetime) -> Case:
    """Nothing more is owed in this cycle."""
    log.record(case, ComplaintClosed, at)
    return case.model_copy(update={"status": CaseStatus.CLOSED})


def cancel_assignment(log: CaseLog, case: Case, held: CaseAssignment, reason: str, at: datetime) -> Case:
    """Tell the department to stop working on its part; a hold of it ends too, or clocks would pause for ever."""
    case, held = end_hold(log, case, held, at)
    assignment = held.assignment
    event = AssignmentCancelled(
        complaint_id=case.complaint.complaint_id,
        assignment_id=assignment.assignment_id,
        happened_at=at,
        reason=reason,
    )
    log.tell(assignment.department, event, assignment.assignment_id)
    return case.with_assignment(held.model_copy(update={"status": AssignmentStatus.CANCELLED, "ended_at": at}))


def end_hold(log: CaseLog, case: Case, held: CaseAssignment, at: datetime) -> tuple[Case, CaseAssignment]:
    """Resume the department's part if it is on hold."""
    if not held.on_hold:
        return case, held
    assignment = held.assignment
    log.record(
        case,
        ComplaintResumed,
        at,
        department=assignment.department,
        assignment_id=assignment.assignment_id,
    )
    held = held.model_copy(update={"on_hold": False})
    return case.with_assignment(held), held

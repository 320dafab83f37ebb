"""Giving departments their tasks: the assignments of a decision, and the records that hand them over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.router.domain.case import Case, CaseAssignment, Supplement
from services.router.domain.case_log import CaseLog
from services.router.domain.departments import Departments
from shared.events import ids
from shared.events.decisions import Assignment, Role, RoutingDecision
from shared.events.departments import AssignmentDispatched, AssignmentSupplemented
from shared.events.lifecycle import ComplaintDispatched


def initial_assignments(
    complaint_id: str, decision: RoutingDecision, departments: Departments
) -> tuple[CaseAssignment, ...]:
    """One lead and the co-handlers of a new case's decision; a department named twice gets one task."""
    co_handlers = dict.fromkeys(department for department in decision.co_handlers if department != decision.lead)
    return (
        new_assignment(complaint_id, 1, decision.lead, Role.LEAD),
        *(
            new_assignment(
                complaint_id,
                1,
                department,
                Role.CO_HANDLER,
                mandatory=departments.by_id[department].mandatory_co_handler,
            )
            for department in co_handlers
        ),
    )


def new_assignment(
    complaint_id: str,
    cycle: int,
    department: str,
    role: str,
    *,
    attempt: int = 1,
    mandatory: bool = True,
    forced: bool = False,
) -> CaseAssignment:
    """A task not yet looked at; its id follows from complaint, cycle, department and attempt."""
    return CaseAssignment(
        assignment=Assignment(
            assignment_id=ids.assignment_id(complaint_id, cycle, department, attempt),
            department=department,
            role=role,
            mandatory=mandatory,
            forced=forced,
        )
    )


def dispatch(log: CaseLog, case: Case, opened: Iterable[CaseAssignment], cause: str, at: datetime) -> None:
    """Log the dispatch and hand each opened task over with the whole matter: complaint, decision, later material."""
    assignments = tuple(held.assignment for held in opened)
    log.record(case, ComplaintDispatched, at, decision=case.decision, assignments=assignments, cause=cause)
    for assignment in assignments:
        _hand_over(log, case, assignment, at)


def _hand_over(log: CaseLog, case: Case, assignment: Assignment, at: datetime) -> None:
    event = AssignmentDispatched(
        assignment=assignment,
        cycle=case.cycle,
        complaint=case.complaint,
        classification=case.classification,
        decision=case.decision,
        dispatched_at=at,
    )
    log.tell(assignment.department, event, assignment.assignment_id)
    for number, supplement in enumerate(case.supplements, start=1):
        tell_supplement(log, case, assignment, supplement, number)


def tell_supplement(log: CaseLog, case: Case, assignment: Assignment, supplement: Supplement, number: int) -> None:
    """Pass material the complainant added to the department that has ``assignment``."""
    event = AssignmentSupplemented(
        complaint_id=case.complaint.complaint_id,
        assignment_id=assignment.assignment_id,
        happened_at=supplement.received_at,
        narrative=supplement.narrative,
        attachments=supplement.attachments,
    )
    log.tell(assignment.department, event, f"{assignment.assignment_id}/{number}")

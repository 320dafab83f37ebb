"""The complainant said "not solved": the case starts again as a new cycle, with its own clocks."""

from __future__ import annotations

from datetime import datetime

from services.router.domain.case import Case, CaseAssignment, CaseStatus
from services.router.domain.case_log import CaseLog
from services.router.domain.departments import Departments
from services.router.domain.dispatching import dispatch, new_assignment
from services.router.domain.rationales import Rationale, reason_of_reopening
from shared.events.decisions import Role, RoutingDecision
from shared.events.lifecycle import ComplaintReopened


def reopen(log: CaseLog, case: Case, at: datetime, now: datetime, departments: Departments) -> Case:
    """Start the next cycle with the departments that had the case last; a final decision (终审) stays final."""
    cycle, decision = case.cycle + 1, _decide_again(case, departments)
    case = case.model_copy(
        update={
            "status": CaseStatus.OPEN,
            "cycle": cycle,
            "cycle_started_at": at,
            "decision": decision,
            "assignments": _assignments_again(case, cycle, decision),
            "resolution": None,
            "last_resolved_at": None,
            "survey_answered": False,
        }
    )
    log.record(case, ComplaintReopened, at, reason="not_solved")
    dispatch(log, case, case.assignments, "reopened", max(now, at))
    return case


def _decide_again(case: Case, departments: Departments) -> RoutingDecision:
    """The standing decision, less the departments that no longer exist; triage steps in for a lead that is gone."""
    former, known = case.decision, departments.by_id
    lead = former.lead if former.lead in known else departments.triage.id
    rationale = Rationale.REOPENED if lead == former.lead else Rationale.REOPENED_TRIAGE
    return RoutingDecision(
        lead=lead,
        co_handlers=tuple(one for one in dict.fromkeys(former.co_handlers) if one in known and one != lead),
        rule_id=rationale.value,
        rules_version=former.rules_version,
        reasons=(reason_of_reopening(rationale, case.complaint.language),),
    )


def _assignments_again(case: Case, cycle: int, decision: RoutingDecision) -> tuple[CaseAssignment, ...]:
    """Fresh tasks under the terms on which each department last had its part."""
    last = {held.department: held.assignment for held in case.assignments}
    complaint_id = case.complaint.complaint_id
    lead_again = last.get(decision.lead)
    return (
        new_assignment(
            complaint_id,
            cycle,
            decision.lead,
            Role.LEAD,
            forced=lead_again is not None and lead_again.forced,
        ),
        *(
            new_assignment(
                complaint_id,
                cycle,
                department,
                Role.CO_HANDLER,
                mandatory=last[department].mandatory,
                forced=last[department].forced,
            )
            for department in decision.co_handlers
        ),
    )

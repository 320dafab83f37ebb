"""A department returns its part (退单): who gets it next.

The rule, in the order it is applied (reference: ``domain.md`` §5.5; loops A→B→A cannot happen):

1. Triage may hand on what it holds, by naming another department: that decision is final (终审), the part is *forced*
   there and cannot be returned again. Without a name triage keeps it, forced; from then on it must name one.
   Neither counts as a return: triage decides, it does not send back.
2. The first return in a cycle goes to the department the returner suggests, if there is one that has not itself
   returned in this cycle; else to triage.
3. The second return in a cycle goes to triage, forced: the arbiter decides. (A co-handler's part cannot when triage
   already has a part of the case; then it goes, forced, to the suggested department, or the return is refused.)

A part keeps its role, and whether it must be done. A department never has two parts of one case: a co-handler that gets
the lead gives up its co-handling; a co-handler's part is not given to a department that already works on the case.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.router.domain.case import AssignmentStatus, Case, CaseAssignment
from services.router.domain.case_log import CaseLog
from services.router.domain.completion import cancel_assignment, end_hold
from services.router.domain.departments import Departments
from services.router.domain.dispatching import dispatch, new_assignment
from services.router.domain.rationales import Rationale, reason_of_return
from services.router.domain.refusals import Reason
from shared.events.decisions import RoutingDecision
from shared.events.lifecycle import AssignmentReturned


class Replacement(NamedTuple):
    """Who takes over a returned part, whether for good, and why."""

    department: str
    forced: bool
    rationale: Rationale


def choose_replacement(
    case: Case, held: CaseAssignment, suggested: str | None, departments: Departments
) -> Replacement | Reason:
    """Who gets the part that the department of ``held`` returns, or why it cannot be returned."""
    triage = departments.triage.id
    usable = suggested if _is_usable(case, held, suggested, departments) else None
    if held.department == triage:
        return _passed_on(held, usable)
    if held.assignment.forced:
        return Reason.FORCED_ASSIGNMENT
    returned_by = case.returned_by() - {triage}
    if returned_by:
        return _arbitrated(case, held, usable, triage, returned_by)
    if usable is not None:
        return Replacement(usable, False, Rationale.SUGGESTED)
    if not _is_free_for(case, held, triage):
        return Reason.TRIAGE_ALREADY_INVOLVED
    return Replacement(triage, False, Rationale.TRIAGE)


def redispatch(
    log: CaseLog,
    case: Case,
    held: CaseAssignment,
    replacement: Replacement,
    departments: Departments,
    reason: str | None,
    returned_at: datetime,
    now: datetime,
) -> Case:
    """Log the return and hand the part over to ``replacement``."""
    case, held = end_hold(log, case, held, returned_at)
    log.record(
        case,
        AssignmentReturned,
        returned_at,
        department=held.department,
        assignment_id=held.assignment.assignment_id,
        reason=reason,
    )
    given_back = held.model_copy(update={"status": AssignmentStatus.RETURNED, "ended_at": returned_at})
    case = case.with_assignment(given_back)
    at = max(now, case.cycle_started_at)
    case = _give_up_lesser_part(log, case, replacement.department, at)
    opened = new_assignment(
        case.complaint.complaint_id,
        case.cycle,
        replacement.department,
        held.assignment.role,
        attempt=case.next_attempt(replacement.department),
        mandatory=held.assignment.mandatory,
        forced=replacement.forced,
    )
    assignments = (*case.assignments, opened)
    decision = _decide(case, assignments, held.department, replacement, departments)
    case = case.model_copy(update={"assignments": assignments, "decision": decision})
    dispatch(log, case, (opened,), "returned", at)
    return case


def _passed_on(held: CaseAssignment, usable: str | None) -> Replacement | Reason:
    if usable is not None:
        return Replacement(usable, True, Rationale.FINAL)
    if held.assignment.forced:
        return Reason.SUGGESTION_REQUIRED
    return Replacement(held.department, True, Rationale.KEPT)


def _arbitrated(
    case: Case, held: CaseAssignment, usable: str | None, triage: str, returned_by: frozenset[str]
) -> Replacement | Reason:
    """The second return. Where triage already has another part of the case, a fresh suggestion is the final word."""
    if _is_free_for(case, held, triage):
        return Replacement(triage, True, Rationale.ARBITER)
    if usable is None or usable in returned_by:
        return Reason.TRIAGE_ALREADY_INVOLVED
    return Replacement(usable, True, Rationale.ARBITER_FOLLOWS)


def _is_usable(case: Case, held: CaseAssignment, suggested: str | None, departments: Departments) -> bool:
    """True for an existing other department that can take the part."""
    return (
        suggested is not None
        and suggested in departments.by_id
        and suggested != held.department
        and _is_free_for(case, held, suggested)
    )


def _is_free_for(case: Case, held: CaseAssignment, department: str) -> bool:
    """True when the department would not end up with two parts; the lead may be given to a co-handler."""
    return held.is_lead or case.live_assignment_of(department) is None


def _give_up_lesser_part(log: CaseLog, case: Case, department: str, at: datetime) -> Case:
    """End the co-handling of a department that becomes the lead; one it had finished is just no longer counted."""
    lesser = case.live_assignment_of(department)
    if lesser is None:
        return case
    if lesser.is_open:
        return cancel_assignment(log, case, lesser, "taken_over", at)
    return case.with_assignment(lesser.model_copy(update={"status": AssignmentStatus.CANCELLED}))


def _decide(
    case: Case,
    assignments: tuple[CaseAssignment, ...],
    giver: str,
    replacement: Replacement,
    departments: Departments,
) -> RoutingDecision:
    """The standing decision: who acts now, and why it changed."""
    live = [held for held in assignments if held.is_live]
    taker = departments.by_id[replacement.department]
    why = reason_of_return(replacement.rationale, departments.by_id[giver], taker, case.complaint.language)
    return RoutingDecision(
        lead=next(held.department for held in live if held.is_lead),
        co_handlers=tuple(held.department for held in live if not held.is_lead),
        rule_id=replacement.rationale.value,
        rules_version=case.decision.rules_version,
        reasons=(why,),
    )

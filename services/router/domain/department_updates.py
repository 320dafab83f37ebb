"""What a department reports about its part, judged against the table of ``transitions`` and written to the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from services.router.domain.case import Case, CaseAssignment, CaseStatus
from services.router.domain.case_log import CaseLog
from services.router.domain.completion import call_back, end_hold, finish_if_done
from services.router.domain.departments import Departments
from services.router.domain.redispatch import choose_replacement, redispatch
from services.router.domain.refusals import Reason
from services.router.domain.repeats import fingerprint, remember
from services.router.domain.transitions import Effect, is_late_fact, judge
from shared.events.departments import Action, DepartmentUpdate
from shared.events.envelope import Envelope
from shared.events.lifecycle import (
    AssignmentAccepted,
    AssignmentProgressed,
    AssignmentResolved,
    ComplainantContacted,
    ComplaintHeld,
    ComplaintResumed,
    DepartmentEvent,
)
from shared.invisible import is_given
from shared.processing import Step

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far a department's clock may be off. Beyond it an update is refused, within it the time is set right."""

HOLD_REACHES_BACK: Final = CLOCK_TOLERANCE
"""How long before its report a hold may begin: what a clock may be off, and a moment for reports sent in batches.

A hold takes time away from the complainant, so it cannot be claimed for a past in which nobody said so: a hold dated
back to the receipt would undo every breach since (``domain.md`` §5.4, §5.7)."""


@dataclass(frozen=True, slots=True)
class Report:
    """One allowed update on its way into the case."""

    log: CaseLog
    update: DepartmentUpdate
    effect: Effect
    happened_at: datetime
    now: datetime
    departments: Departments


def handle_update(
    case: Case, update: DepartmentUpdate, cause: Envelope, department: str, now: datetime, departments: Departments
) -> Step[Case] | Reason:
    """Judge one update of ``department`` and apply it. A refused one leaves the case as it was."""
    mark = fingerprint(department, cause.id)
    admitted = _admit(case, update, mark, department, now)
    if isinstance(admitted, Reason):
        return admitted
    held, action, effect, happened_at = admitted
    log = CaseLog(cause, case.sequence)
    report = Report(log, update, effect, happened_at, now, departments)
    changed = _APPLIERS[action](report, case, held)
    if isinstance(changed, Reason):
        return changed
    return log.step(remember(changed, mark))


def happened_at_or_refusal(case: Case, action: Action, claimed: datetime, now: datetime) -> datetime | Reason:
    """The instant of a reported fact, within what is possible: not before the cycle began, not after now.

    A department may enter later what it did earlier, even before the dispatch reached it (the hotline may have put
    the caller through), so only times outside the cycle are questioned; of a call-back, those before the resolution.
    """
    if claimed - now > CLOCK_TOLERANCE:
        return Reason.FUTURE_TIME
    if action is Action.CALL_BACK:
        earliest, too_early = case.askable_from, Reason.BEFORE_RESOLUTION
    else:
        earliest, too_early = case.cycle_started_at, Reason.BEFORE_CYCLE
    if earliest - claimed > CLOCK_TOLERANCE:
        return too_early
    return max(min(claimed, now), earliest)


def _admit(
    case: Case, update: DepartmentUpdate, mark: str, department: str, now: datetime
) -> tuple[CaseAssignment, Action, Effect, datetime] | Reason:
    """Everything that can speak against an update, in the order that gives the most helpful answer."""
    if mark in case.recent_inputs:
        return Reason.DUPLICATE_UPDATE
    if update.action not in _KNOWN_ACTIONS:
        return Reason.UNKNOWN_ACTION
    late = _late_fact(case, Action(update.action), department, update.happened_at, now)
    if late is not None:
        return late
    if case.status is CaseStatus.CLOSED:
        return Reason.WITHDRAWN if case.withdrawn else Reason.CASE_CLOSED
    held = case.live_assignment_of(department)
    if held is None:
        return Reason.NO_ASSIGNMENT
    action = Action(update.action)
    verdict = judge(case, held, action, update)
    if isinstance(verdict, Reason):
        return verdict
    happened_at = happened_at_or_refusal(case, action, update.happened_at, now)
    return happened_at if isinstance(happened_at, Reason) else (held, action, verdict, happened_at)


def _late_fact(
    case: Case, action: Action, department: str, claimed: datetime, now: datetime
) -> tuple[CaseAssignment, Action, Effect, datetime] | None:
    """The update as one about a part that ended after it happened; None: it is judged as one of now.

    Otherwise a breach would stand or fall by which of two records arrived first.
    """
    held = case.latest_assignment_of(department)
    happened_at = happened_at_or_refusal(case, action, claimed, now)
    if held is None or isinstance(happened_at, Reason) or not is_late_fact(held, action, happened_at):
        return None
    return held, action, Effect(held.status), happened_at


# -- what each action does -----------------------------------------------------------------------------------------


def _accept(report: Report, case: Case, held: CaseAssignment) -> Case:
    return _advance(report, case, held, AssignmentAccepted)


def _contact(report: Report, case: Case, held: CaseAssignment) -> Case:
    return _advance(report, case, held, ComplainantContacted)


def _progress(report: Report, case: Case, held: CaseAssignment) -> Case:
    return _advance(report, case, held, AssignmentProgressed, preliminary_finding=report.update.preliminary_finding)


def _hold(report: Report, case: Case, held: CaseAssignment) -> Case:
    """What was claimed beyond the reach is kept in the log, for whoever asks why less counted."""
    on_hold = held.model_copy(update={"on_hold": True})
    earliest = max(report.now - HOLD_REACHES_BACK, case.cycle_started_at)
    facts: dict[str, Any] = {"reason": report.update.reason, "reported_at": report.now}
    if report.happened_at < earliest:
        report, facts["claimed_at"] = replace(report, happened_at=earliest), report.update.happened_at
    return _advance(report, case, on_hold, ComplaintHeld, **facts)


def _resume(report: Report, case: Case, held: CaseAssignment) -> Case:
    working = held.model_copy(update={"on_hold": False})
    return _advance(report, case, working, ComplaintResumed)


def _resolve(report: Report, case: Case, held: CaseAssignment) -> Case:
    """The department's part is done; the case is, when everybody's is."""
    case, held = end_hold(report.log, case, held, report.happened_at)
    case = _advance(report, case, held, AssignmentResolved, resolution=report.update.resolution)
    latest = max(report.happened_at, case.last_resolved_at or report.happened_at)
    changes: dict[str, Any] = {"last_resolved_at": latest}
    if held.is_lead:
        changes["resolution"] = report.update.resolution
    return finish_if_done(report.log, case.model_copy(update=changes))


def _return(report: Report, case: Case, held: CaseAssignment) -> Case | Reason:
    update, departments = report.update, report.departments
    suggested = update.suggested_department if is_given(update.suggested_department) else None
    if suggested is not None and suggested not in departments.by_id:
        return Reason.UNKNOWN_DEPARTMENT
    replacement = choose_replacement(case, held, suggested, departments)
    if isinstance(replacement, Reason):
        return replacement
    return redispatch(report.log, case, held, replacement, departments, update.reason, report.happened_at, report.now)


def _call_back(report: Report, case: Case, _held: CaseAssignment) -> Case:
    return call_back(report.log, case, report.update.solved, None, report.happened_at, report.now, report.departments)


def _advance(report: Report, case: Case, held: CaseAssignment, entry: type[DepartmentEvent], **facts: Any) -> Case:
    """Log ``entry``, after the tacit acceptance it may imply, and note how far the department is now."""
    names = {"department": held.department, "assignment_id": held.assignment.assignment_id}
    if report.effect.implies_acceptance:
        report.log.record(case, AssignmentAccepted, report.happened_at, **names)
    report.log.record(case, entry, report.happened_at, **names, **facts)
    changes: dict[str, Any] = {"status": report.effect.status}
    if entry is AssignmentResolved:
        changes["ended_at"] = report.happened_at
    return case.with_assignment(held.model_copy(update=changes))


_APPLIERS: Final[Mapping[Action, Callable[[Report, Case, CaseAssignment], Case | Reason]]] = MappingProxyType(
    {
        Action.ACCEPT: _accept,
        Action.CONTACT: _contact,
        Action.PROGRESS: _progress,
        Action.RETURN: _return,
        Action.RESOLVE: _resolve,
        Action.HOLD: _hold,
        Action.RESUME: _resume,
        Action.CALL_BACK: _call_back,
    }
)
_KNOWN_ACTIONS = frozenset(Action)

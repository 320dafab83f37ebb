"""What the complainant says later about a known case: more material, hurry up, never mind, solved or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.router.domain.case import Case, CaseAssignment, CaseStatus, Supplement
from services.router.domain.case_log import CaseLog
from services.router.domain.completion import call_back, cancel_assignment
from services.router.domain.departments import Departments
from services.router.domain.dispatching import tell_supplement
from services.router.domain.refusals import Reason
from services.router.domain.refused_messages import refuse_message
from services.router.domain.registration import Assess
from services.router.domain.repeats import CONSUMER, fingerprint, remember
from shared.events.departments import AssignmentUrged
from shared.events.envelope import Envelope
from shared.events.lifecycle import CaseWithdrawn, SupplementRegistered, UrgeRegistered
from shared.events.received import (
    ComplaintSupplemented,
    ComplaintUrged,
    ComplaintWithdrawn,
    ConsumerMessage,
    SurveyAnswered,
)
from shared.processing import Step

KEPT_SUPPLEMENTS: Final = 8
"""Supplements handed to a department that gets the case later. Older ones stay on ``complaints.received.v1``; the
limit keeps the largest state row, nine texts of 20,000 four-byte characters and attachments, below Kafka's 1 MB."""


def handle_consumer_message(
    case: Case, event: ConsumerMessage, cause: Envelope, now: datetime, departments: Departments, assess: Assess
) -> Step[Case] | Reason:
    """Apply one message of the complainant. One the case cannot take leaves it as it was, and goes to people."""
    mark = fingerprint(CONSUMER, cause.id)
    if mark in case.recent_inputs:
        return Reason.DUPLICATE_MESSAGE
    log = CaseLog(cause, case.sequence)
    changed = _apply(log, case, event, now, departments)
    if isinstance(changed, Reason):
        return refuse_message(case, event, cause, changed, departments, assess)
    return log.step(remember(changed, mark))


def _apply(log: CaseLog, case: Case, event: ConsumerMessage, now: datetime, departments: Departments) -> Case | Reason:
    if case.withdrawn:
        return Reason.WITHDRAWN
    if isinstance(event, SurveyAnswered):
        return _answer_survey(log, case, event, now, departments)
    if case.status is CaseStatus.CLOSED:
        return Reason.CASE_CLOSED
    return _APPLIERS[type(event)](log, case, event)


def _supplement(log: CaseLog, case: Case, event: ComplaintSupplemented) -> Case:
    supplement = Supplement(
        narrative=event.narrative, attachments=event.attachments, received_at=_happened_at(case, event)
    )
    log.record(case, SupplementRegistered, supplement.received_at)
    for held in _listeners(case):
        tell_supplement(log, case, held.assignment, supplement, 0)
    return case.model_copy(update={"supplements": (*case.supplements[1 - KEPT_SUPPLEMENTS :], supplement)})


def _urge(log: CaseLog, case: Case, event: ComplaintUrged) -> Case:
    urge_count, at = case.urge_count + 1, _happened_at(case, event)
    log.record(case, UrgeRegistered, at, urge_count=urge_count)
    for held in _listeners(case):
        assignment = held.assignment
        notice = AssignmentUrged(
            complaint_id=case.complaint.complaint_id,
            assignment_id=assignment.assignment_id,
            happened_at=at,
            urge_count=urge_count,
        )
        log.tell(assignment.department, notice, assignment.assignment_id)
    return case.model_copy(update={"urge_count": urge_count})


def _withdraw(log: CaseLog, case: Case, event: ComplaintWithdrawn) -> Case:
    """Handling ends the moment the withdrawal is received (CBIRC measures 2020, art. 15), except where people are
    in danger: there the departments go on, and only the talk with the complainant ends (``domain.md`` §5.5)."""
    at = _happened_at(case, event)
    goes_on = case.classification.safety and case.status is CaseStatus.OPEN
    if not goes_on:
        for held in case.open_assignments():
            case = cancel_assignment(log, case, held, "withdrawn", at)
    log.record(case, CaseWithdrawn, at)
    status = case.status if goes_on else CaseStatus.CLOSED
    return case.model_copy(update={"withdrawn": True, "status": status})


def _answer_survey(
    log: CaseLog, case: Case, event: SurveyAnswered, now: datetime, departments: Departments
) -> Case | Reason:
    """Only the current cycle's answer counts. "Not solved" reopens a closed case too; a "solved" that comes after
    the department's own call-back closed the case is recorded once, for the satisfaction figures."""
    if event.cycle != case.cycle:
        return Reason.STALE_CYCLE if event.cycle < case.cycle else Reason.FUTURE_CYCLE
    if case.status is CaseStatus.OPEN:
        return Reason.NOT_RESOLVED
    if event.solved and case.survey_answered:
        return Reason.ALREADY_ANSWERED
    answered = case.model_copy(update={"survey_answered": True})
    at = max(event.received_at, case.askable_from)
    return call_back(log, answered, event.solved, event.score, at, now, departments)


def _happened_at(case: Case, event: ConsumerMessage) -> datetime:
    """The receipt of the message; its order after the cycle's start is known even where two clocks disagree."""
    return max(event.received_at, case.cycle_started_at)


def _listeners(case: Case) -> list[CaseAssignment]:
    """Who is told: all who still work on it, and always the lead, so that nobody's word falls on deaf ears."""
    return [held for held in case.assignments if held.is_open or (held.is_lead and held.is_live)]


_APPLIERS: Final[Mapping[type[ConsumerMessage], Callable[[CaseLog, Case, Any], Case]]] = MappingProxyType(
    {ComplaintSupplemented: _supplement, ComplaintUrged: _urge, ComplaintWithdrawn: _withdraw}
)

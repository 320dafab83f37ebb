"""What each fact of a case does to its clocks.

Two topics are read and their order relative to one another is not known. It does not matter: both ``submitted`` and
``registered`` carry the complaint, so whichever comes first arms the clocks that run from receipt, and the other finds
them armed. Everything else comes from the case log alone, which is in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.sla.domain.clocks import CaseClocks
from services.sla.domain.policy import Milestone
from services.sla.domain.state import ComplaintClocks
from services.sla.domain.terms import Promises
from services.sla.domain.wall_clock import microseconds_of
from shared.events import lifecycle as log
from shared.events.base import Event
from shared.events.complaint import Complaint
from shared.events.received import ComplaintSubmitted
from shared.processing import Refusal, Step

_UNKNOWN_CASE: Final = (
    "no clocks are kept for this case: its registration was not read, or it was settled so long ago that its clocks "
    "were forgotten; only a reopening starts them again"
)


def submitted(
    row: ComplaintClocks | None, event: ComplaintSubmitted, traceparent: str | None, promises: Promises, now: datetime
) -> Step[ComplaintClocks]:
    """Arm the clocks that run from receipt, unless the case log was faster."""
    if row is not None:
        return Step(row)
    clocks = _opened(event.complaint, traceparent, promises, now)
    return Step(clocks.row(), clocks.emits)


def happened(
    row: ComplaintClocks | None, event: log.CaseEvent, traceparent: str | None, promises: Promises, now: datetime
) -> Step[ComplaintClocks]:
    """Apply one entry of the case log. May raise DeadlineRefused for instants no calendar answers for."""
    effect = EFFECTS.get(type(event))
    if effect is None:
        return Step(row)
    if row is not None:
        clocks = CaseClocks(row, promises, now)
    elif isinstance(event, log.ComplaintRegistered):
        clocks = _opened(event.complaint, traceparent, promises, now)
    elif isinstance(event, log.ComplaintReopened):
        clocks = CaseClocks(_forgotten(event, traceparent), promises, now)
    else:
        return Step(None, refusal=Refusal("unknown_case", _UNKNOWN_CASE))
    effect(clocks, event, microseconds_of(event.happened_at))
    return Step(clocks.row(), clocks.emits)


def _opened(complaint: Complaint, traceparent: str | None, promises: Promises, now: datetime) -> CaseClocks:
    respond_by = complaint.regulator_respond_by
    row = ComplaintClocks(
        complaint_id=complaint.complaint_id,
        ticket=complaint.ticket_number,
        channel=complaint.channel,
        anonymous=complaint.complainant.anonymous,
        respond_by=None if respond_by is None else microseconds_of(respond_by),
        traceparent=traceparent,
    )
    clocks = CaseClocks(row, promises, now)
    clocks.reach(Milestone.RECEIVED, row.cycle, microseconds_of(complaint.received_at))
    return clocks


def _forgotten(event: log.ComplaintReopened, traceparent: str | None) -> ComplaintClocks:
    """A row for a case whose clocks were forgotten; what only its beginning told is taken for the ordinary."""
    return ComplaintClocks(
        complaint_id=event.complaint_id, ticket=event.ticket_number, cycle=event.cycle - 1, traceparent=traceparent
    )


# -- effects: what a fact does; `at` is when it happened ---------------------------------------------------------------

Effect = Callable[[CaseClocks, Any, int], None]


def _reaches(*milestones: Milestone) -> Effect:
    def reach(clocks: CaseClocks, event: log.CaseEvent, at: int) -> None:
        for milestone in milestones:
            clocks.reach(milestone, event.cycle, at)

    return reach


def _in_current_cycle(effect: Effect) -> Effect:
    def apply(clocks: CaseClocks, event: log.CaseEvent, at: int) -> None:
        if event.cycle == clocks.cycle:
            effect(clocks, event, at)

    return apply


def _assess(clocks: CaseClocks, event: log.ComplaintAssessed, _at: int) -> None:
    clocks.assess(event.classification.category, event.classification.severity)


def _dispatch(clocks: CaseClocks, event: log.ComplaintDispatched, at: int) -> None:
    clocks.dispatch_to(event.decision.lead, event.assignments)
    clocks.reach(Milestone.DISPATCHED, event.cycle, at)


def _progress(clocks: CaseClocks, event: log.AssignmentProgressed, at: int) -> None:
    """Whom nobody can speak to is answered by what the query code shows: the first report (``domain.md`` §5.7)."""
    if clocks.is_anonymous:
        clocks.reach(Milestone.FIRST_RESPONSE, event.cycle, at)
    if event.preliminary_finding:
        clocks.reach(Milestone.VERIFIED, event.cycle, at)


def _resolve(clocks: CaseClocks, event: log.ComplaintResolved, at: int) -> None:
    """The answer is feedback and finding too. What else was awaited (a talk that never was) is not owed any more."""
    clocks.reach(Milestone.FIRST_RESPONSE, event.cycle, at)
    clocks.reach(Milestone.VERIFIED, event.cycle, at)
    if event.cycle == clocks.cycle:
        clocks.cancel(at, "resolved", but=Milestone.RESOLVED)
        clocks.resume_all(at)
    clocks.reach(Milestone.RESOLVED, event.cycle, at)
    if event.cycle == clocks.cycle:
        clocks.settle(at)


def _hold(clocks: CaseClocks, event: log.ComplaintHeld, at: int) -> None:
    reported = at if event.reported_at is None else microseconds_of(event.reported_at)
    clocks.hold(event.assignment_id, at, reported)


def _resume(clocks: CaseClocks, event: log.ComplaintResumed, at: int) -> None:
    clocks.resume(event.assignment_id, at)


def _close(clocks: CaseClocks, _event: log.ComplaintClosed, at: int) -> None:
    """Closing stops no clock: whoever owes a call-back still owes it."""
    clocks.settle(at)


def _reopen(clocks: CaseClocks, event: log.ComplaintReopened, at: int) -> None:
    if event.cycle > clocks.cycle:
        clocks.cancel(at, "reopened")
        clocks.reopen(event.cycle, at)


def _gives_up(reason: str) -> Effect:
    def give_up(clocks: CaseClocks, _event: log.CaseEvent, at: int) -> None:
        clocks.cancel(at, reason)
        clocks.resume_all(at)
        clocks.settle(at)

    return _in_current_cycle(give_up)


EFFECTS: Final[Mapping[type[Event], Effect]] = MappingProxyType(
    {
        log.ComplaintRegistered: _reaches(Milestone.REGISTERED),
        log.ComplaintAssessed: _in_current_cycle(_assess),
        log.ComplaintDispatched: _in_current_cycle(_dispatch),
        log.ComplainantContacted: _reaches(Milestone.FIRST_RESPONSE, Milestone.CONTACTED),
        log.AssignmentProgressed: _progress,
        log.ComplaintResolved: _resolve,
        log.ComplainantCalledBack: _reaches(Milestone.CALLED_BACK),
        log.ComplaintHeld: _in_current_cycle(_hold),
        log.ComplaintResumed: _in_current_cycle(_resume),
        log.ComplaintClosed: _in_current_cycle(_close),
        log.ComplaintReopened: _reopen,
        log.CaseWithdrawn: _gives_up("withdrawn"),
        log.ComplaintRejected: _gives_up("rejected"),
    }
)
"""Entries of the case log that concern clocks. All others leave them alone."""

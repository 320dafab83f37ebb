"""What a department may report when: the table of the assignment state machine, as data.

Rows are where the department stands, columns what it reports, cells what becomes of it or why not. The choices:

- A case is accepted once. Contact, progress and resolve say more than accept does, so they imply it: the tacit
  acceptance is written to the log first and the history stays complete. Hold does not: work that was not taken on
  cannot be paused.
- A part is returned only before the complainant was contacted and before it was resolved (退单 is for misrouted cases).
- While on hold a department may still contact and report; resolving or returning ends the hold.
- After its resolve a department is silent, except that the lead calls the complainant back once the case is resolved.
- What it did before its part ended it may report afterwards (``is_late_fact``): the clocks ask when something happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from services.router.domain.case import AssignmentStatus, Case, CaseAssignment, CaseStatus
from services.router.domain.refusals import Reason
from shared.events.departments import Action, DepartmentUpdate
from shared.invisible import is_given


class Effect(NamedTuple):
    """An allowed action."""

    status: AssignmentStatus
    """Where the assignment stands afterwards."""
    implies_acceptance: bool = False
    """True when the department skipped accept; it is recorded for it."""


Verdict = Effect | Reason
"""What an action does, or the reason why it is refused."""

_S = AssignmentStatus
_A = Action

TRANSITIONS: Final[Mapping[AssignmentStatus, Mapping[Action, Verdict]]] = MappingProxyType(
    {
        _S.DISPATCHED: {
            _A.ACCEPT: Effect(_S.ACCEPTED),
            _A.CONTACT: Effect(_S.CONTACTED, implies_acceptance=True),
            _A.PROGRESS: Effect(_S.ACCEPTED, implies_acceptance=True),
            _A.RETURN: Effect(_S.RETURNED),
            _A.RESOLVE: Effect(_S.RESOLVED, implies_acceptance=True),
            _A.HOLD: Reason.NOT_ACCEPTED,
            _A.RESUME: Reason.NOT_ON_HOLD,
            _A.CALL_BACK: Reason.NOT_RESOLVED,
        },
        _S.ACCEPTED: {
            _A.ACCEPT: Reason.ALREADY_ACCEPTED,
            _A.CONTACT: Effect(_S.CONTACTED),
            _A.PROGRESS: Effect(_S.ACCEPTED),
            _A.RETURN: Effect(_S.RETURNED),
            _A.RESOLVE: Effect(_S.RESOLVED),
            _A.HOLD: Effect(_S.ACCEPTED),
            _A.RESUME: Effect(_S.ACCEPTED),
            _A.CALL_BACK: Reason.NOT_RESOLVED,
        },
        _S.CONTACTED: {
            _A.ACCEPT: Reason.ALREADY_ACCEPTED,
            _A.CONTACT: Effect(_S.CONTACTED),
            _A.PROGRESS: Effect(_S.CONTACTED),
            _A.RETURN: Reason.ALREADY_CONTACTED,
            _A.RESOLVE: Effect(_S.RESOLVED),
            _A.HOLD: Effect(_S.CONTACTED),
            _A.RESUME: Effect(_S.CONTACTED),
            _A.CALL_BACK: Reason.NOT_RESOLVED,
        },
        _S.RESOLVED: {
            _A.ACCEPT: Reason.ALREADY_RESOLVED,
            _A.CONTACT: Reason.ALREADY_RESOLVED,
            _A.PROGRESS: Reason.ALREADY_RESOLVED,
            _A.RETURN: Reason.ALREADY_RESOLVED,
            _A.RESOLVE: Reason.ALREADY_RESOLVED,
            _A.HOLD: Reason.ALREADY_RESOLVED,
            _A.RESUME: Reason.ALREADY_RESOLVED,
            _A.CALL_BACK: Effect(_S.RESOLVED),
        },
    }
)
"""Verdict by status and action. Returned and cancelled assignments have no row: the department has no part then."""

Requirement = Callable[[Case, CaseAssignment, DepartmentUpdate], bool]


def _has_reason(_case: Case, _held: CaseAssignment, update: DepartmentUpdate) -> bool:
    return is_given(update.reason)


def _has_resolution_if_lead(_case: Case, held: CaseAssignment, update: DepartmentUpdate) -> bool:
    return update.resolution is not None or not held.is_lead


def _has_no_blank_resolution(_case: Case, _held: CaseAssignment, update: DepartmentUpdate) -> bool:
    told = update.resolution
    return told is None or all(map(is_given, (told.status, told.cause, told.measures)))


def _is_on_hold(_case: Case, held: CaseAssignment, _update: DepartmentUpdate) -> bool:
    return held.on_hold


def _is_not_on_hold(_case: Case, held: CaseAssignment, _update: DepartmentUpdate) -> bool:
    return not held.on_hold


def _is_lead(_case: Case, held: CaseAssignment, _update: DepartmentUpdate) -> bool:
    return held.is_lead


def _is_case_resolved(case: Case, _held: CaseAssignment, _update: DepartmentUpdate) -> bool:
    return case.status is CaseStatus.RESOLVED


REQUIREMENTS: Final[Mapping[Action, tuple[tuple[Requirement, Reason], ...]]] = MappingProxyType(
    {
        _A.RETURN: ((_has_reason, Reason.REASON_REQUIRED),),
        _A.RESOLVE: (
            (_has_resolution_if_lead, Reason.RESOLUTION_REQUIRED),
            (_has_no_blank_resolution, Reason.RESOLUTION_BLANK),
        ),
        _A.HOLD: ((_is_not_on_hold, Reason.ALREADY_ON_HOLD), (_has_reason, Reason.REASON_REQUIRED)),
        _A.RESUME: ((_is_on_hold, Reason.NOT_ON_HOLD),),
        _A.CALL_BACK: ((_is_lead, Reason.NOT_LEAD), (_is_case_resolved, Reason.NOT_RESOLVED)),
    }
)
"""What must also be true, in the order it is looked at, with the reason given when it is not."""


LATE_FACTS: Final = frozenset({_A.CONTACT, _A.PROGRESS})
"""Facts that stop clocks and decide nothing else, so they may be heard of after the part they belong to has ended."""


def is_late_fact(held: CaseAssignment, action: Action, happened_at: datetime) -> bool:
    """Whether the department did this while it still had the part that has ended since."""
    return action in LATE_FACTS and held.ended_at is not None and happened_at < held.ended_at


def judge(case: Case, held: CaseAssignment, action: Action, update: DepartmentUpdate) -> Verdict:
    """What ``action`` does to the department's live assignment ``held``, or why not."""
    verdict = TRANSITIONS[held.status][action]
    if isinstance(verdict, Reason):
        return verdict
    for is_met, reason in REQUIREMENTS.get(action, ()):
        if not is_met(case, held, update):
            return reason
    return verdict

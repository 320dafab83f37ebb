"""Books a record into the row of its complaint. One function per topic; what says nothing about a balance is ignored.

Booking commutes between topics: they are read in any order, each in its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.sighting import Sighting
from shared.events import received, topics
from shared.events.departments import AssignmentDispatched
from shared.events.lifecycle import (
    CaseEvent,
    CaseWithdrawn,
    ComplaintDispatched,
    ComplaintRegistered,
    ComplaintRejected,
    ComplaintResolved,
    ConsumerMessageRefused,
    DuplicateDropped,
)
from shared.events.notifications import (
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationSkipped,
)
from shared.events.sla import ClockArmed

KEPT_PLACES: Final = 8
"""Submissions of one complaint that can be put on the log again; more than this many are one submission repeated."""

KEY_REUSED: Final = "key_reused"
"""The router's one refusal of a readable submission (``services/router/README.md``)."""

END_TEMPLATES: Final[Mapping[type[CaseEvent], str]] = MappingProxyType(
    {
        ComplaintResolved: "result",
        CaseWithdrawn: "withdrawal_confirmed",
        ComplaintRejected: "rejection",
        ConsumerMessageRefused: "message_refused",
    }
)
"""The ends of a case, what it could not take, and the message each is told by (``NotificationOutcome.template``)."""

_MESSAGES: Final = frozenset(
    message.event_type
    for message in (
        received.ComplaintSupplemented,
        received.ComplaintWithdrawn,
        received.ComplaintUrged,
        received.SurveyAnswered,
    )
)

Changes = dict[str, Any]
"""Fields of the row that become something else."""


def book(row: CaseAudit, seen: Sighting) -> CaseAudit:
    """The row after ``seen``."""
    booker = _BOOKERS.get(seen.topic, _task)
    changes = booker(row, seen)
    return row.model_copy(update=changes) if changes else row


def _received(row: CaseAudit, seen: Sighting) -> Changes:
    if not is_submission(seen):
        return {}
    if seen.reinjected:
        return {"reinjected": row.reinjected + 1}
    changes: Changes = {"received": row.received + 1}
    if row.received == 0:
        changes["received_at"] = _receipt(seen)
    if seen.place is not None and len(row.places) < KEPT_PLACES:
        changes["places"] = (*row.places, seen.place)
    return changes


def _not_handled(row: CaseAudit, seen: Sighting) -> Changes:
    """The router's dead letters: the same bytes as received, so the same question is asked of them."""
    if not is_submission(seen):
        return {}
    if seen.event is not None and seen.refusal == KEY_REUSED:
        return {"refused": row.refused + 1}
    return {"dead_lettered": row.dead_lettered + 1}


def is_submission(seen: Sighting) -> bool:
    """Whatever is not a later message counts: a submission that cannot be read is one, too."""
    if seen.event is not None:
        return not isinstance(seen.event, received.ConsumerMessage)
    return seen.event_type not in _MESSAGES


def _receipt(seen: Sighting) -> datetime:
    event = seen.event
    return event.complaint.received_at if isinstance(event, received.ComplaintSubmitted) else seen.written_at


def _entry(row: CaseAudit, seen: Sighting) -> Changes:
    """The case log. An entry seen before is a repeat and says nothing new; one that was sent back is none."""
    event = seen.event
    if seen.replayed or not isinstance(event, CaseEvent):
        return {}
    if event.sequence <= row.log_length:
        return {"repeats": row.repeats + 1}
    changes: Changes = {"log_length": event.sequence}
    if row.log_length:  # where the log is first met is no gap: older entries may be beyond what is kept
        changes["gaps"] = row.gaps + event.sequence - row.log_length - 1
    return changes | _fact(row, event)


def _fact(row: CaseAudit, event: CaseEvent) -> Changes:
    match event:
        case ComplaintRegistered(complaint=complaint):
            return {"registered": row.registered + 1, "received_at": row.received_at or complaint.received_at}
        case DuplicateDropped():
            return {"duplicates": row.duplicates + 1}
        case ComplaintDispatched(assignments=assignments, cycle=cycle):
            opened = tuple(assignment.assignment_id for assignment in assignments)
            return {
                "decided": _with(row.decided, *opened),
                "dispatched_cycles": _with(row.dispatched_cycles, cycle),
            }
        case ComplaintResolved() | CaseWithdrawn() | ComplaintRejected() | ConsumerMessageRefused():
            end = f"{event.cycle}/{END_TEMPLATES[type(event)]}"
            return {"ends": _with(row.ends, end), "rejected": row.rejected or isinstance(event, ComplaintRejected)}
        case _:
            return {}


def _task(row: CaseAudit, seen: Sighting) -> Changes:
    """A department's queue."""
    if seen.replayed or not isinstance(seen.event, AssignmentDispatched):
        return {}
    task = seen.event.assignment.assignment_id
    return {"repeats": row.repeats + 1} if task in row.queued else {"queued": (*row.queued, task)}


def _clock(row: CaseAudit, seen: Sighting) -> Changes:
    if not isinstance(seen.event, ClockArmed):
        return {}
    return {"clocked_cycles": _with(row.clocked_cycles, seen.event.cycle)}


def _outcome(row: CaseAudit, seen: Sighting) -> Changes:
    event = seen.event
    if not isinstance(event, NotificationSent | NotificationFailed | NotificationSkipped):
        return {}
    return {"told": _with(row.told, f"{event.cycle}/{event.template}")}


def _letter_refused(row: CaseAudit, seen: Sighting) -> Changes:
    """The notifier's dead letters: a reason, kept where an operator looks."""
    match seen.event:
        case NotificationRequested(cycle=cycle, template=template):
            return {"told": _with(row.told, f"{cycle}/{template}")}
        case ComplaintResolved() | CaseWithdrawn() | ComplaintRejected() | ConsumerMessageRefused() as end:
            return {"told": _with(row.told, f"{end.cycle}/{END_TEMPLATES[type(end)]}")}
        case None:
            return {"letters_refused": True}
        case _:
            return {}


def _nothing(row: CaseAudit, seen: Sighting) -> Changes:
    return {}


def _with(known: tuple[Any, ...], *more: Any) -> tuple[Any, ...]:
    return known + tuple(each for each in more if each not in known)


_BOOKERS: Final[Mapping[str, Callable[[CaseAudit, Sighting], Changes]]] = MappingProxyType(
    {
        topics.RECEIVED: _received,
        topics.dead_letter_topic("router"): _not_handled,
        topics.LIFECYCLE: _entry,
        topics.SLA_EVENTS: _clock,
        topics.dead_letter_topic("sla"): _nothing,
        topics.NOTIFICATION_REQUESTS: _nothing,
        topics.NOTIFICATION_EVENTS: _outcome,
        topics.dead_letter_topic("notifier"): _letter_refused,
    }
)
"""Who books what; any other topic is a department's queue."""

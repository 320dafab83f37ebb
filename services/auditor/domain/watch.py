"""What becomes of an imbalance over time: it may still come right; after a while it is a hole; some day it is closed.

The times are those of the auditor's own reading. A timer fires only when everything written up to its instant was
read (engine rule 6), so the auditor's own backlog never looks like a hole.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.auditor.domain.balance import IRREPARABLE, imbalances
from services.auditor.domain.case_audit import CaseAudit, Hole
from shared.backoff import wait_after
from shared.events.audit import AuditEvents, HoleClosed, HoleFound, HoleKind, RecordOrigin, ReinjectionRequested
from shared.events.ids import event_id
from shared.events.notifications import NotificationAttempted, NotificationDeferred, NotificationRequested
from shared.events.topics import AUDIT_EVENTS
from shared.processing import Emit, Step

LOOK_AGAIN: Final = timedelta(hours=1)
"""Longest time between two looks at an open hole."""


class WatchPolicy(NamedTuple):
    """How patient the auditor is."""

    hole_after: timedelta = timedelta(minutes=5)
    """What is missing for this long is a hole."""
    reinject: bool = True
    max_reinjections: int = 3
    """Copies of one submission the auditor writes at most."""
    forget_after: timedelta = timedelta(days=90)
    """A complaint nothing was heard of for this long is forgotten."""


class Comparison(NamedTuple):
    """The row afterwards and what to say."""

    row: CaseAudit
    emits: tuple[Emit, ...] = ()


def compare(row: CaseAudit, now: datetime) -> Comparison:
    """Look for imbalances after a booking: open new ones, close those that came right."""
    off = imbalances(row)
    if off == row.holes.keys() and not row.holes:
        return Comparison(row)
    closed = [kind for kind in row.holes if kind not in off]
    holes = {kind: row.holes.get(kind) or Hole(opened_at=now) for kind in sorted(off)}
    said: list[AuditEvents] = [
        HoleClosed(complaint_id=row.complaint_id, kind=kind, opened_at=row.holes[kind].opened_at, closed_at=now)
        for kind in closed
        if row.holes[kind].found_at is not None
    ]
    requests = row.reinjection_requests if HoleKind.UNACCOUNTED in holes else 0
    row = row.model_copy(update={"holes": holes, "reinjection_requests": requests})
    irreparable = [kind for kind in holes if kind in IRREPARABLE and holes[kind].found_at is None]
    row, found = _find(row, irreparable, now)
    return _announce(row, [*said, *found])


def bear_with(row: CaseAudit, event: object, now: datetime) -> CaseAudit:
    """A message that is on its way may take its time: the notifier tries for hours, by its own schedule."""
    hole = row.holes.get(HoleKind.UNNOTIFIED)
    if hole is None or hole.found_at is not None:
        return row
    match event:
        case NotificationDeferred(retry_at=retry_at):
            opened_at = max(now, retry_at)
        case NotificationRequested() | NotificationAttempted():
            opened_at = now
        case _:
            return row
    return row.model_copy(update={"holes": row.holes | {HoleKind.UNNOTIFIED: Hole(opened_at=opened_at)}})


def due_at(row: CaseAudit, policy: WatchPolicy) -> datetime:
    """When to look next: at something missing, at a hole, or to forget the complaint."""
    instants = [row.seen_at + policy.forget_after]
    instants += [hole.opened_at + policy.hole_after for hole in row.holes.values() if hole.found_at is None]
    if row.look_at is not None and any(hole.found_at is not None for hole in row.holes.values()):
        instants.append(row.look_at)
    return min(instants)


def look(row: CaseAudit, now: datetime, policy: WatchPolicy) -> Step[CaseAudit]:
    """The passing of ``due_at``: announce holes, ask for re-injection, or forget the complaint."""
    if row.seen_at + policy.forget_after <= now:
        return Step(None)
    overdue = [
        kind for kind, hole in row.holes.items() if hole.found_at is None and hole.opened_at + policy.hole_after <= now
    ]
    row, said = _find(row, overdue, now)
    hole = row.holes.get(HoleKind.UNACCOUNTED)
    if hole is not None and hole.found_at is not None and _may_reinject(row, policy):
        row = row.model_copy(update={"reinjection_requests": row.reinjection_requests + 1})
        said.append(_request(row, now))
    patience = wait_after(row.reinjection_requests + 1, policy.hole_after, LOOK_AGAIN)
    row = row.model_copy(update={"look_at": now + patience})
    return Step(*_announce(row, said))


def _find(row: CaseAudit, kinds: Iterable[HoleKind], now: datetime) -> tuple[CaseAudit, list[AuditEvents]]:
    holes = dict(row.holes)
    said: list[AuditEvents] = []
    for kind in kinds:
        opened_at = holes[kind].opened_at
        holes[kind] = Hole(opened_at=opened_at, found_at=now)
        said.append(HoleFound(complaint_id=row.complaint_id, kind=kind, opened_at=opened_at, found_at=now))
    if not said:
        return row, said
    return row.model_copy(update={"holes": holes, "look_at": row.look_at or now + LOOK_AGAIN}), said


def _may_reinject(row: CaseAudit, policy: WatchPolicy) -> bool:
    return policy.reinject and bool(row.places) and row.reinjected < policy.max_reinjections


def _request(row: CaseAudit, now: datetime) -> ReinjectionRequested:
    return ReinjectionRequested(
        complaint_id=row.complaint_id,
        origins=tuple(RecordOrigin(partition=partition, offset=offset) for partition, offset in row.places),
        attempt=row.reinjection_requests,
        requested_at=now,
    )


def _announce(row: CaseAudit, said: list[AuditEvents]) -> Comparison:
    """Number what is said, so that every event has its own id and a repeat of the step the same one."""
    emits = tuple(
        Emit(AUDIT_EVENTS, event, _id(row, event, row.announcements + number)) for number, event in enumerate(said)
    )
    return Comparison(row.model_copy(update={"announcements": row.announcements + len(said)}), emits)


def _id(row: CaseAudit, event: AuditEvents, number: int) -> str:
    """The instant tells rows apart that were forgotten and began anew."""
    instant = event.requested_at if isinstance(event, ReinjectionRequested) else event.opened_at
    return event_id(row.complaint_id, event.event_type, f"{number}/{instant.isoformat()}")

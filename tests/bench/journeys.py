"""Case logs to measure the SLA service with: typical journeys as the router would write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from shared.events import lifecycle, topics
from shared.events.complaint import Complaint
from shared.events.decisions import Assignment, Classification, Resolution, RoutingDecision
from tests.bench.preload import Keyed

_CLASSIFICATION = Classification(
    category="service", severity="medium", priority=2, confidence=0.9, taxonomy_version="bench"
)
_DECISION = RoutingDecision(lead="customer-service", rule_id="bench", rules_version="bench", reasons=("bench",))
_RESOLUTION = Resolution(status="settled", cause="found", measures="taken")
_HOURS_AFTER_RECEIPT = (0, 0, 0, 1, 2, 20, 60, 61, 61)


def journeys(complaints: Iterable[Complaint]) -> Iterator[Keyed]:
    """Nine entries per case: registered, assessed, dispatched, accepted … called back, closed."""
    for complaint in complaints:
        for event in _case_log(complaint):
            yield topics.LIFECYCLE, complaint.complaint_id, event


EVENTS_PER_JOURNEY = len(_HOURS_AFTER_RECEIPT)


def _case_log(complaint: Complaint) -> list[lifecycle.CaseEvent]:
    def said(number: int) -> dict[str, Any]:
        return {
            "complaint_id": complaint.complaint_id,
            "ticket_number": complaint.ticket_number,
            "cycle": 1,
            "sequence": number + 1,
            "happened_at": complaint.received_at + timedelta(hours=_HOURS_AFTER_RECEIPT[number]),
        }

    assignment = Assignment(assignment_id=complaint.complaint_id, department="customer-service", role="lead")
    by = {"department": "customer-service", "assignment_id": complaint.complaint_id}
    return [
        lifecycle.ComplaintRegistered(complaint=complaint, **said(0)),
        lifecycle.ComplaintAssessed(classification=_CLASSIFICATION, **said(1)),
        lifecycle.ComplaintDispatched(decision=_DECISION, assignments=(assignment,), cause="initial", **said(2)),
        lifecycle.AssignmentAccepted(**by, **said(3)),
        lifecycle.ComplainantContacted(**by, **said(4)),
        lifecycle.AssignmentProgressed(preliminary_finding=True, **by, **said(5)),
        lifecycle.ComplaintResolved(department="customer-service", resolution=_RESOLUTION, **said(6)),
        lifecycle.ComplainantCalledBack(solved=True, score=5, **said(7)),
        lifecycle.ComplaintClosed(**said(8)),
    ]

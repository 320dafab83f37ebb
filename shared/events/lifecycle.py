"""Facts on ``complaints.lifecycle.v1``: the history of a case, in order. Written by the router alone.

States in the words of GB/T 19012 / ISO 10002: received, registered, assessed, dispatched, accepted, contacted,
resolved, closed; beside them on_hold, returned, withdrawn, rejected, reopened (= a new cycle).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.events.base import Event, UtcDatetime
from shared.events.complaint import Complaint
from shared.events.decisions import Assignment, Classification, Resolution, RoutingDecision


class CaseEvent(Event):
    """What every entry of the case log says."""

    complaint_id: str = Field(description="The case.")
    ticket_number: str = Field(description="The number people read aloud.")
    cycle: int = Field(ge=1, description="1 from receipt on; each reopening starts the next.")
    sequence: int = Field(ge=1, description="Gapless number of this entry within the case.")
    happened_at: UtcDatetime = Field(description="When the fact happened; deadlines are judged by this instant.")


class ComplaintRegistered(CaseEvent):
    """The case exists: unique number given, complaint kept (ISO 10002 §7.2)."""

    event_type: ClassVar[str] = "complaint.registered.v1"
    complaint: Complaint = Field(description="The complaint as taken in.")


class ComplaintAssessed(CaseEvent):
    """Initial assessment by category, severity and safety (ISO 10002 §7.4)."""

    event_type: ClassVar[str] = "complaint.assessed.v1"
    classification: Classification = Field(description="The assessment, with its evidence.")


class ComplaintDispatched(CaseEvent):
    """Departments were given the case. ``cause``: initial, returned, reopened."""

    event_type: ClassVar[str] = "complaint.dispatched.v1"
    decision: RoutingDecision = Field(description="Who acts and why.")
    assignments: tuple[Assignment, ...] = Field(description="The assignments opened by this decision.")
    cause: str = Field(description="initial, returned or reopened.")


class DepartmentEvent(CaseEvent):
    """A department did something."""

    department: str = Field(description="The department, known by the topic it wrote to.")
    assignment_id: str = Field(description="Its assignment.")


class AssignmentAccepted(DepartmentEvent):
    """The department took the case on."""

    event_type: ClassVar[str] = "complaint.accepted.v1"


class ComplainantContacted(DepartmentEvent):
    """The department spoke to the complainant: the first substantive feedback."""

    event_type: ClassVar[str] = "complaint.contacted.v1"


class AssignmentProgressed(DepartmentEvent):
    """The department reported progress."""

    event_type: ClassVar[str] = "complaint.progressed.v1"
    preliminary_finding: bool = Field(
        False, description="True when the facts are verified (stops the verification clock)."
    )


class AssignmentReturned(DepartmentEvent):
    """The department says the case is not its own (退单); a dispatch to another department follows."""

    event_type: ClassVar[str] = "complaint.returned.v1"
    reason: str = Field(description="Reason code.")


class AssignmentResolved(DepartmentEvent):
    """One department finished its part; the case may still wait for others."""

    event_type: ClassVar[str] = "complaint.assignment_resolved.v1"
    resolution: Resolution | None = Field(None, description="Its part of the answer.")


class ComplaintResolved(CaseEvent):
    """The lead and all mandatory co-handlers are done; the consumer is told."""

    event_type: ClassVar[str] = "complaint.resolved.v1"
    department: str = Field(description="The lead department.")
    resolution: Resolution = Field(description="The answer to the consumer.")


class ComplaintHeld(DepartmentEvent):
    """Work waits for a named cause; pausable clocks pause."""

    event_type: ClassVar[str] = "complaint.held.v1"
    reason: str = Field(description="Reason code.")
    reported_at: UtcDatetime | None = Field(
        None, description="When the router was told: a deadline that had passed by then is not moved by this hold."
    )
    claimed_at: UtcDatetime | None = Field(
        None,
        description="What the department said, where that lay too long before the report to count; happened_at counts.",
    )


class ComplaintResumed(DepartmentEvent):
    """Work goes on; paused clocks run again."""

    event_type: ClassVar[str] = "complaint.resumed.v1"


class ComplainantCalledBack(CaseEvent):
    """The call-back after resolution was done, by a department or by a survey answer."""

    event_type: ClassVar[str] = "complaint.called_back.v1"
    solved: bool | None = Field(None, description="What the complainant said; absent when not asked.")
    score: int | None = Field(None, description="Satisfaction, 1 to 5, when answered.")


class ComplaintClosed(CaseEvent):
    """Nothing more is owed in this cycle."""

    event_type: ClassVar[str] = "complaint.closed.v1"


class ComplaintReopened(CaseEvent):
    """The complainant said "not solved": ``cycle`` is the new one, with its own clocks."""

    event_type: ClassVar[str] = "complaint.reopened.v1"
    reason: str = Field(description="Why, e.g. not_solved.")


class CaseWithdrawn(CaseEvent):
    """The complainant withdrew; clocks are cancelled as of ``happened_at``."""

    event_type: ClassVar[str] = "complaint.withdrawal_registered.v1"


class ComplaintRejected(CaseEvent):
    """The enterprise does not handle this, with a reason told to the complainant."""

    event_type: ClassVar[str] = "complaint.rejected.v1"
    reason: str = Field(description="Reason code.")


class SupplementRegistered(CaseEvent):
    """Material was added to the case and passed to the departments."""

    event_type: ClassVar[str] = "complaint.supplement_registered.v1"


class UrgeRegistered(CaseEvent):
    """The complainant asked to hurry; departments were told."""

    event_type: ClassVar[str] = "complaint.urge_registered.v1"
    urge_count: int = Field(ge=1, description="How often so far.")


class DuplicateDropped(CaseEvent):
    """The same submission arrived again and was dropped; counted, so the ledger balances."""

    event_type: ClassVar[str] = "complaint.duplicate_dropped.v1"
    duplicate_event_id: str = Field(description="ce_id of the record that was dropped.")


class ConsumerMessageRefused(CaseEvent):
    """The complainant said something the case cannot take any more; it changed nothing and was handed to people."""

    event_type: ClassVar[str] = "complaint.message_refused.v1"
    message: str = Field(description="supplement, urge, withdrawal or survey_answer.")
    message_event_id: str = Field(description="ce_id of the message.")
    reason: str = Field(description="Reason code, e.g. case_closed.")
    received_at: UtcDatetime = Field(description="Receipt of the message at the enterprise's edge.")
    safety: bool = Field(False, description="True when its text tells of danger to life or health.")
    departments: tuple[str, ...] = Field(description="Departments whose people are to read it.")


CaseEvents = (
    ComplaintRegistered
    | ComplaintAssessed
    | ComplaintDispatched
    | AssignmentAccepted
    | ComplainantContacted
    | AssignmentProgressed
    | AssignmentReturned
    | AssignmentResolved
    | ComplaintResolved
    | ComplaintHeld
    | ComplaintResumed
    | ComplainantCalledBack
    | ComplaintClosed
    | ComplaintReopened
    | CaseWithdrawn
    | ComplaintRejected
    | SupplementRegistered
    | UrgeRegistered
    | DuplicateDropped
    | ConsumerMessageRefused
)
"""Any entry of the case log."""

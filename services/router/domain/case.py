"""What the router remembers of one complaint: only what a later decision needs.

The complaint itself is kept because a department that gets the case later must be handed all of it; everything
else that happened is in the case log (``complaints.lifecycle.v1``), not here.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.events.base import Contract, UtcDatetime
from shared.events.complaint import Attachment, Complaint, Narrative
from shared.events.decisions import Assignment, Classification, Resolution, Role, RoutingDecision


class CaseStatus(StrEnum):
    """Where the case as a whole stands. The finer states of GB/T 19012 are those of its assignments."""

    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"


class AssignmentStatus(StrEnum):
    """Where one department stands with its part."""

    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    RESOLVED = "resolved"
    RETURNED = "returned"
    CANCELLED = "cancelled"


_OPEN = frozenset({AssignmentStatus.DISPATCHED, AssignmentStatus.ACCEPTED, AssignmentStatus.CONTACTED})
_ENDED_EARLY = frozenset({AssignmentStatus.RETURNED, AssignmentStatus.CANCELLED})


class CaseAssignment(Contract):
    """One department's task and how far it got."""

    assignment: Assignment = Field(description="The task as dispatched.")
    status: AssignmentStatus = Field(AssignmentStatus.DISPATCHED, description="How far the department got.")
    on_hold: bool = Field(False, description="True while the department waits for a named cause.")
    ended_at: UtcDatetime | None = Field(
        None, description="When the department was done with it: resolved, returned or cancelled; absent while open."
    )

    @property
    def department(self) -> str:
        """Id of the department that has the task."""
        return self.assignment.department

    @property
    def is_lead(self) -> bool:
        """True for the department that speaks for all."""
        return self.assignment.role == Role.LEAD

    @property
    def is_open(self) -> bool:
        """True while the department still owes something."""
        return self.status in _OPEN

    @property
    def is_live(self) -> bool:
        """True while the department belongs to the case: open or resolved, neither returned nor cancelled."""
        return self.status not in _ENDED_EARLY


class Supplement(Contract):
    """Material the complainant added, kept for departments that get the case later."""

    narrative: Narrative = Field(description="What was added. Personal data.")
    attachments: tuple[Attachment, ...] = Field((), description="Metadata of added attachments.")
    received_at: UtcDatetime = Field(description="Receipt at the enterprise's edge.")


class Case(Contract):
    """State of one complaint, as kept in the state store and its changelog."""

    complaint: Complaint = Field(description="The complaint as taken in; handed to every department that gets it.")
    classification: Classification = Field(description="The assessment made on registration.")
    decision: RoutingDecision = Field(description="Who acts now and why; replaced when a department returns its part.")
    status: CaseStatus = Field(CaseStatus.OPEN, description="Where the case as a whole stands.")
    withdrawn: bool = Field(False, description="True when the complainant withdrew; ends all talk with the consumer.")
    cycle: int = Field(1, ge=1, description="1 from receipt on; each reopening starts the next.")
    cycle_started_at: UtcDatetime = Field(description="Receipt, or the reopening; nothing precedes it.")
    sequence: int = Field(0, ge=0, description="Number of entries in the case log so far.")
    assignments: tuple[CaseAssignment, ...] = Field(
        (), description="Every assignment of this cycle in the order of dispatch, ended ones included."
    )
    resolution: Resolution | None = Field(None, description="The lead's answer, kept until co-handlers are done too.")
    last_resolved_at: UtcDatetime | None = Field(
        None, description="Latest instant at which a department resolved its part in this cycle."
    )
    survey_answered: bool = Field(False, description="True when the complainant answered this cycle's survey.")
    urge_count: int = Field(0, ge=0, description="How often the complainant asked to hurry.")
    supplements: tuple[Supplement, ...] = Field((), description="Newest material added, oldest first.")
    recent_inputs: tuple[str, ...] = Field((), description="Fingerprints of the latest inputs, to recognise repeats.")

    @property
    def askable_from(self) -> datetime:
        """From when the complainant can be asked whether it is solved: the resolution, once there is one."""
        return max(self.cycle_started_at, self.last_resolved_at or self.cycle_started_at)

    def latest_assignment_of(self, department: str) -> CaseAssignment | None:
        """The department's part in this cycle, ended or not; the last one, if it had several."""
        return next((held for held in reversed(self.assignments) if held.department == department), None)

    def live_assignment_of(self, department: str) -> CaseAssignment | None:
        """The department's part in the case, if it has one; never more than one at a time."""
        return next((held for held in self.assignments if held.department == department and held.is_live), None)

    def open_assignments(self) -> tuple[CaseAssignment, ...]:
        """Parts somebody still has to do."""
        return tuple(held for held in self.assignments if held.is_open)

    def live_lead(self) -> CaseAssignment | None:
        """The lead's part; None only after a withdrawal cancelled it."""
        return next((held for held in self.assignments if held.is_live and held.is_lead), None)

    def returned_by(self) -> frozenset[str]:
        """Departments that returned their part in this cycle."""
        return frozenset(held.department for held in self.assignments if held.status is AssignmentStatus.RETURNED)

    def next_attempt(self, department: str) -> int:
        """Ordinal of the department's next assignment in this cycle, from 1."""
        return 1 + sum(held.department == department for held in self.assignments)

    def with_assignment(self, changed: CaseAssignment) -> Case:
        """The case with the assignment of the same id replaced."""
        wanted = changed.assignment.assignment_id
        assignments = tuple(changed if held.assignment.assignment_id == wanted else held for held in self.assignments)
        return self.model_copy(update={"assignments": assignments})

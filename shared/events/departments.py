"""What departments read on ``departments.<dept>.v1`` and write on ``departments.<dept>.updates.v1``.

A department proves who it is by the topic it may write to, never by a field.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.events.base import Event, UtcDatetime, WrittenInstant
from shared.events.complaint import Attachment, Complaint, Narrative
from shared.events.decisions import Assignment, Classification, Resolution, RoutingDecision


class AssignmentDispatched(Event):
    """A case for this department, with everything needed to work on it."""

    event_type: ClassVar[str] = "assignment.dispatched.v1"

    assignment: Assignment = Field(description="The task.")
    cycle: int = Field(ge=1, description="Cycle of the case.")
    complaint: Complaint = Field(description="The complaint.")
    classification: Classification = Field(description="Category, severity, priority.")
    decision: RoutingDecision = Field(description="Why it came here, and who else works on it.")
    dispatched_at: UtcDatetime = Field(description="When it was dispatched; the contact clock starts here.")


class AssignmentNotice(Event):
    """Something happened to a case the department holds."""

    complaint_id: str = Field(description="The case.")
    assignment_id: str = Field(description="The department's assignment.")
    happened_at: UtcDatetime = Field(description="When.")


class AssignmentSupplemented(AssignmentNotice):
    """The complainant added material."""

    event_type: ClassVar[str] = "assignment.supplemented.v1"
    narrative: Narrative = Field(description="What was added. Personal data.")
    attachments: tuple[Attachment, ...] = Field((), description="Metadata of added attachments.")


class AssignmentUrged(AssignmentNotice):
    """The complainant asked to hurry."""

    event_type: ClassVar[str] = "assignment.urged.v1"
    urge_count: int = Field(ge=1, description="How often so far.")


class AssignmentCancelled(AssignmentNotice):
    """Stop working: withdrawn, returned by the lead, or taken over."""

    event_type: ClassVar[str] = "assignment.cancelled.v1"
    reason: str = Field(description="Reason code.")


class MessageRefused(Event):
    """The complainant said something that the case cannot take any more: somebody must read it and decide.

    No task with an end of its own: the case stays as it was. The complainant was told, where there is a way.
    """

    event_type: ClassVar[str] = "assignment.message_refused.v1"

    complaint_id: str = Field(description="The case.")
    ticket_number: str = Field(description="The number people read aloud.")
    message: str = Field(description="supplement, urge, withdrawal or survey_answer.")
    message_event_id: str = Field(description="ce_id of the message.")
    reason: str = Field(description="Why it was not taken, a reason code, e.g. case_closed.")
    received_at: UtcDatetime = Field(description="Receipt of the message at the enterprise's edge.")
    priority: int = Field(ge=0, le=3, description="0 = drop everything … 3 = normal order; by its own words.")
    safety: bool = Field(False, description="True when its text tells of danger to life or health.")
    narrative: Narrative | None = Field(None, description="What was said, of a supplement. Personal data.")
    attachments: tuple[Attachment, ...] = Field((), description="Metadata of added attachments.")
    solved: bool | None = Field(None, description="Of a survey answer: what the complainant said.")
    complaint: Complaint = Field(description="The complaint it is about.")


class Action(StrEnum):
    """What a department can report."""

    ACCEPT = "accept"
    CONTACT = "contact"
    PROGRESS = "progress"
    RETURN = "return"
    RESOLVE = "resolve"
    HOLD = "hold"
    RESUME = "resume"
    CALL_BACK = "call_back"


class DepartmentUpdate(Event):
    """One thing a department did. Refused, with a reason, when the case's state does not allow it."""

    event_type: ClassVar[str] = "assignment.updated.v1"
    from_outside: ClassVar[bool] = True

    complaint_id: str = Field(description="The case; also the record key.")
    action: str = Field(
        description="What was done. Anything else is refused: unknown_action.",
        json_schema_extra={"enum": [action.value for action in Action], "x-refused-otherwise": "unknown_action"},
    )
    happened_at: WrittenInstant = Field(description="When it was done; judged against the deadline.")
    reason: str | None = Field(None, max_length=200, description="Reason code; required for return and hold.")
    suggested_department: str | None = Field(None, max_length=60, description="With return: whose case it is.")
    preliminary_finding: bool = Field(False, description="With progress: the facts are verified.")
    resolution: Resolution | None = Field(None, description="With resolve: the answer; required from the lead.")
    solved: bool | None = Field(None, description="With call_back: what the complainant said.")

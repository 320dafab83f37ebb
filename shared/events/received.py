"""Facts on ``complaints.received.v1``: what consumers said to the enterprise. Written by intake alone."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.events.base import Event, UtcDatetime
from shared.events.complaint import Attachment, Complaint, Narrative


class ComplaintSubmitted(Event):
    """A complaint came in at the door and is durable."""

    event_type: ClassVar[str] = "complaint.submitted.v1"

    complaint: Complaint = Field(description="The complaint as taken in.")


class ConsumerMessage(Event):
    """A later message of the complainant about a known complaint."""

    complaint_id: str = Field(description="The complaint this is about.")
    received_at: UtcDatetime = Field(description="Receipt at the enterprise's edge.")


class ComplaintSupplemented(ConsumerMessage):
    """The complainant added material."""

    event_type: ClassVar[str] = "complaint.supplemented.v1"

    narrative: Narrative = Field(description="What was added. Personal data.")
    attachments: tuple[Attachment, ...] = Field((), description="Metadata of added attachments.")


class ComplaintWithdrawn(ConsumerMessage):
    """The complainant withdrew; clocks stop at ``received_at`` (CBIRC measures 2020, art. 15)."""

    event_type: ClassVar[str] = "complaint.withdrawn.v1"

    reason: str | None = Field(None, max_length=200, description="Reason code, if given.")


class ComplaintUrged(ConsumerMessage):
    """The complainant asked to hurry (催办)."""

    event_type: ClassVar[str] = "complaint.urged.v1"


class SurveyAnswered(ConsumerMessage):
    """The complainant answered the call-back survey of one cycle."""

    event_type: ClassVar[str] = "complaint.survey_answered.v1"

    cycle: int = Field(ge=1, description="The cycle the answer is about; an answer to an older cycle changes nothing.")
    solved: bool = Field(description="False reopens the case as a new cycle.")
    score: int | None = Field(None, ge=1, le=5, description="Satisfaction, 1 to 5.")

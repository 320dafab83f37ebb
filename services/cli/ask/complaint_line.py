"""A complaint on a line of input: the body of a submission, read as the door reads it, or one the bus has kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from services.cli.console.json_lines import LineRefused
from services.intake.domain.reading import read_complaint
from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.wording import field_reason
from shared.events.complaint import Complaint

_NOT_SUBMITTED: Final = "not-submitted"
_LABEL: Final = "id"
"""What the sender calls the line; no field of a submission."""


def complaint_in(document: dict[str, Any]) -> Complaint:
    """The complaint ``document`` is; LineRefused with field and reason as the door gives them.

    An idempotency key is taken as given, since it would be a header: nothing is submitted. Pydantic's ValidationError
    where a kept complaint is none.
    """
    if "complaint_id" in document:
        return Complaint.model_validate(document)
    body = {name: value for name, value in document.items() if name != _LABEL}
    complaint = read_complaint(
        body,
        idempotency_key=_NOT_SUBMITTED,
        body_digest=_NOT_SUBMITTED,
        now=datetime.now(UTC),
        new_id=lambda: _NOT_SUBMITTED,
    )
    if isinstance(complaint, DoorRefusal):
        problem = complaint.fields[0]
        raise LineRefused(problem.field or None, field_reason(problem, "en"))
    return complaint

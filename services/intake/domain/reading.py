"""From the document a client sent to the complaint it is: one way for the door and for whoever must read as it does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.intake.domain.acceptance import accept
from services.intake.domain.field_problems import invalid, read_fields
from services.intake.domain.refusal import DoorRefusal, FieldProblem
from services.intake.domain.submission import Submission
from shared.events.complaint import Complaint


def read_submission(document: dict[str, Any], *, own_id_required: bool = False) -> Submission | DoorRefusal:
    """The fields in the body of a submission, or which of them are wrong.

    ``own_id_required``: the body must carry its ``channel_message_id``, as every line of a batch must.
    """
    submission = read_fields(Submission, document)
    if isinstance(submission, Submission) and own_id_required and submission.channel_message_id is None:
        return invalid(FieldProblem("channel_message_id", "id_required"))
    return submission


def read_complaint(
    document: dict[str, Any],
    *,
    idempotency_key: str | None,
    body_digest: str,
    now: datetime,
    new_id: Callable[[], str],
    own_id_required: bool = False,
) -> Complaint | DoorRefusal:
    """The complaint in the body of a submission, or which fields keep it from being one.

    ``body_digest`` is the SHA-256 of the canonical content; ``own_id_required`` as of ``read_submission``.
    """
    submission = read_submission(document, own_id_required=own_id_required)
    if isinstance(submission, DoorRefusal):
        return submission
    return accept(submission, idempotency_key=idempotency_key, body_digest=body_digest, now=now, new_id=new_id)

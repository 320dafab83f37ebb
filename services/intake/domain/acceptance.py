"""From a submission to the complaint it is. Its id is made of what the sender gave: same submission, same complaint.

The id comes from the ``Idempotency-Key`` header, else from the sender's own message id; only on the web, where people
have neither, the door makes one and two submissions are two complaints (design, Ids).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from services.intake.domain.field_problems import invalid
from services.intake.domain.refusal import DoorRefusal, FieldProblem, RefusalReason
from services.intake.domain.submission import Submission
from shared.events import ids
from shared.events.complaint import Channel, Complaint

CLOCK_SKEW = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours."""

LONGEST_KEY = 255


def accept(
    submission: Submission,
    *,
    idempotency_key: str | None,
    body_digest: str,
    now: datetime,
    new_id: Callable[[], str],
) -> Complaint | DoorRefusal:
    """The complaint this submission is, or which fields keep it from being one.

    ``body_digest`` is the SHA-256 of the canonical content; ``new_id`` is asked only where the sender gives no id.
    """
    if idempotency_key is not None and not is_idempotency_key(idempotency_key):
        return DoorRefusal(RefusalReason.INVALID_IDEMPOTENCY_KEY)
    problems = tuple(_problems(submission, idempotency_key, now))
    if problems:
        return invalid(*problems)
    message_id = idempotency_key or submission.channel_message_id or new_id()
    complaint_id = ids.complaint_id(submission.channel, message_id)
    received_at = submission.received_at or now
    return Complaint(
        complaint_id=complaint_id,
        ticket_number=ids.ticket_number(complaint_id, received_at),
        content_digest=body_digest,
        ingested_at=now,
        **_content(submission) | {"channel_message_id": message_id, "received_at": received_at},
    )


def is_idempotency_key(key: str) -> bool:
    """True for 1 to 255 printable ASCII characters."""
    return 1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()


def _content(submission: Submission) -> dict[str, object]:
    return {name: getattr(submission, name) for name in submission.model_fields_set} | {
        "channel": submission.channel.value,
        "complainant": submission.complainant,
    }


def _problems(submission: Submission, idempotency_key: str | None, now: datetime) -> list[FieldProblem]:
    problems = []
    if submission.channel is not Channel.WEB and not (idempotency_key or submission.channel_message_id):
        problems.append(FieldProblem("channel_message_id", "id_required"))
    if submission.received_at is not None and submission.received_at > now + CLOCK_SKEW:
        problems.append(FieldProblem("received_at", "in_the_future"))
    return problems

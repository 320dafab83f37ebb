"""JSON bodies as what ``domain/parsed.py`` names."""

from __future__ import annotations

from services.intake.domain.acceptance import is_idempotency_key
from services.intake.domain.consumer_message import MESSAGE_KINDS
from services.intake.domain.field_problems import read_fields
from services.intake.domain.parsed import Reply, Submitted, Unreadable
from services.intake.domain.reading import read_submission
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from shared.events import ids
from shared.events.strict_json import NotJson, canonical, parse_object


def parse_complaint(
    body: bytes, idempotency_key: str | None, *, own_id_required: bool = False
) -> Submitted | Unreadable:
    """``own_id_required``: the body must carry its ``channel_message_id``, as every line of a batch must."""
    document = parse_object(body)
    if isinstance(document, NotJson):
        return Unreadable(DoorRefusal(RefusalReason.NOT_JSON, document.problems))
    submission = read_submission(document, own_id_required=own_id_required)
    if isinstance(submission, DoorRefusal):
        return Unreadable(submission)
    return Submitted(submission, idempotency_key, ids.content_digest(canonical(document)))


def parse_message(kind: str, body: bytes, idempotency_key: str | None) -> Reply | Unreadable:
    """``kind`` is a key of ``MESSAGE_KINDS``; no body at all is an empty object."""
    if idempotency_key is not None and not is_idempotency_key(idempotency_key):
        return Unreadable(DoorRefusal(RefusalReason.INVALID_IDEMPOTENCY_KEY))
    document = parse_object(body or b"{}")
    if isinstance(document, NotJson):
        return Unreadable(DoorRefusal(RefusalReason.NOT_JSON, document.problems))
    fields = read_fields(MESSAGE_KINDS[kind].body, document)
    if isinstance(fields, DoorRefusal):
        return Unreadable(fields)
    return Reply(kind, fields, idempotency_key, ids.content_digest(canonical(document)))

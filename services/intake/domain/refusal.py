"""Why the door says no, as a value: one reason, and each bad field by name.

What was sent is never repeated in a refusal: it may be personal data, and refusals are logged and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.events.field_problem import FieldProblem as FieldProblem


class RefusalReason(StrEnum):
    """The kinds of "no". The value is the last part of the problem type (RFC 9457)."""

    NOT_JSON = "not-json"
    INVALID_FIELDS = "invalid-fields"
    INVALID_IDEMPOTENCY_KEY = "invalid-idempotency-key"
    KEY_REUSED = "idempotency-key-reused"
    KEY_IN_USE = "idempotency-key-in-use"
    NOT_FOUND = "not-found"
    EMPTY_BATCH = "empty-batch"
    BODY_INCOMPLETE = "body-incomplete"
    DOUBTFUL_LENGTH = "doubtful-length"
    LENGTH_REQUIRED = "length-required"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    UNAVAILABLE = "unavailable"
    OVERLOADED = "overloaded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DoorRefusal:
    """A "no" with its reason; ``retry_after_seconds`` is set when the same call may succeed later."""

    reason: RefusalReason
    fields: tuple[FieldProblem, ...] = ()
    retry_after_seconds: int | None = None

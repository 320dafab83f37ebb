"""Refusals as ``application/problem+json`` (RFC 9457), in the language the client reads."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.domain.wording import WORDINGS, field_reason
from shared.language import Language

MEDIA_TYPE = "application/problem+json"
_WEIGHT = re.compile(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*")
TYPE_PREFIX = "urn:complaintbus:problem:"

STATUSES = MappingProxyType(
    {
        RefusalReason.NOT_JSON: HTTPStatus.BAD_REQUEST,
        RefusalReason.INVALID_FIELDS: HTTPStatus.UNPROCESSABLE_ENTITY,
        RefusalReason.INVALID_IDEMPOTENCY_KEY: HTTPStatus.BAD_REQUEST,
        RefusalReason.KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
        RefusalReason.KEY_IN_USE: HTTPStatus.CONFLICT,
        RefusalReason.NOT_FOUND: HTTPStatus.NOT_FOUND,
        RefusalReason.EMPTY_BATCH: HTTPStatus.BAD_REQUEST,
        RefusalReason.BODY_INCOMPLETE: HTTPStatus.BAD_REQUEST,
        RefusalReason.DOUBTFUL_LENGTH: HTTPStatus.BAD_REQUEST,
        RefusalReason.LENGTH_REQUIRED: HTTPStatus.LENGTH_REQUIRED,
        RefusalReason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        RefusalReason.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
        RefusalReason.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        RefusalReason.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
        RefusalReason.OVERLOADED: HTTPStatus.SERVICE_UNAVAILABLE,
        RefusalReason.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)


def to_problem(refusal: DoorRefusal, language: Language) -> dict[str, Any]:
    """The problem document: type, title, status, detail, and the bad fields if any."""
    wording = WORDINGS[refusal.reason]
    problem: dict[str, Any] = {
        "type": TYPE_PREFIX + refusal.reason.value,
        "title": wording.title.read_in(language),
        "status": int(STATUSES[refusal.reason]),
        "detail": wording.detail.read_in(language),
    }
    if refusal.fields:
        problem["errors"] = [
            {"field": found.field, "code": found.code, "reason": field_reason(found, language)}
            for found in refusal.fields
        ]
    return problem


def problem_response(refusal: DoorRefusal, accept_language: str | None) -> Response:
    """The refusal as an HTTP answer."""
    language = preferred_language(accept_language)
    headers = {"Content-Language": "zh-CN" if language == "zh" else "en", "Cache-Control": "no-store"}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return Response(
        to_json(to_problem(refusal, language)),
        status_code=STATUSES[refusal.reason],
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def preferred_language(accept_language: str | None) -> Language:
    """The one with more weight, the earlier of two alike; English if neither is wanted (RFC 9110 §12.5.4)."""
    weights: dict[str, float] = {}
    for tag in (accept_language or "").lower().split(","):
        name, _, parameter = tag.partition(";")
        language = name.strip().partition("-")[0]
        weights[language] = max(_weight(parameter), weights.get(language, 0.0))
    others = weights.get("*", 0.0)
    zh, en = weights.get("zh", others), weights.get("en", others)
    if zh == en:
        return "zh" if zh and next((each for each in weights if each in ("zh", "en")), "en") == "zh" else "en"
    return "zh" if zh > en else "en"


def _weight(parameter: str) -> float:
    """Of ``q=0.8``; 1 where none is given, or what is given is none."""
    given = _WEIGHT.fullmatch(parameter)
    return float(given[1]) if given else 1.0


def to_json(document: object) -> bytes:
    """Compact UTF-8 JSON; what is not Unicode text (a bad field's name may be anything) becomes ``?``."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")

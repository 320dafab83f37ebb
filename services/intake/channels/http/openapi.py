"""The OpenAPI document: since the routes read their bodies themselves, what goes in and out is described here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from services.intake.channels.http.problems import MEDIA_TYPE
from services.intake.complaint_door import Receipt
from services.intake.domain.consumer_message import MESSAGE_KINDS
from services.intake.domain.submission import Submission
from services.intake.message_door import MessageReceipt

_REFERENCE = "#/components/schemas/{model}"


class BadField(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Path as sent, parts joined by dots.")
    code: str = Field(description="Stable code.")
    reason: str = Field(description="For people, in the language of Content-Language.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="urn:complaintbus:problem:<kind>; stable.")
    title: str = Field(description="The kind of problem, for people.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What to do, for people.")
    errors: list[BadField] = Field(default_factory=list, description="Each bad field.")


class BatchLine(BaseModel):
    """The result of one line of a batch: a receipt's fields with status 202, or a problem."""

    line: int = Field(description="Line number, from 1.")
    status: int = Field(description="HTTP status this line would have got alone.")
    complaint_id: str | None = Field(None, description="With status 202.")
    ticket_number: str | None = Field(None, description="With status 202.")
    query_code: str | None = Field(None, description="With status 202.")
    received_at: str | None = Field(None, description="With status 202.")
    retry_after_seconds: int | None = Field(None, description="With status 409 and 503.")
    problem: Problem | None = Field(None, description="With any other status.")


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _content(media_type: str, model: type[BaseModel]) -> dict[str, Any]:
    return {media_type: {"schema": _reference(model)}}


def _problem(description: str, *, retry_after: bool = False) -> dict[str, Any]:
    headers = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}} if retry_after else {}
    return {"description": description, "headers": headers, "content": _content(MEDIA_TYPE, Problem)}


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    }


_IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "Names this submission, 1 to 255 printable ASCII characters; the same key always gives the same ticket. Make it "
    "unguessable (a UUID). Required on every channel but web, unless the body has a channel_message_id.",
)

_REFUSALS = {
    "400": _problem(
        "Not one JSON object, a malformed Idempotency-Key, no line in a batch, or a body of doubtful length."
    ),
    "408": _problem("The body took too long to arrive."),
    "409": _problem("The key is in use for another submission right now.", retry_after=True),
    "411": _problem("HTTP/1.0, or a Content-Type, without the length of the body."),
    "413": _problem("Too large."),
    "415": _problem("Not JSON, or with a content encoding."),
    "422": _problem("Fields are not acceptable, each is named; or the key was used for another submission."),
    "503": _problem("Kafka did not acknowledge: send it again with the same key.", retry_after=True),
}


def _route(summary: str, success: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "description": "Every answer but a success is a problem document (RFC 9457); zh and en by Accept-Language.",
        "response_model": None,
        "responses": {},
        "openapi_extra": {"responses": success | _REFUSALS, **extra},
    }


def _accepted(model: type[BaseModel]) -> dict[str, Any]:
    return {"202": {"description": "Durable.", "content": _content("application/json", model)}}


SUBMIT = _route(
    "Submit a complaint",
    _accepted(Receipt),
    {
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": _content("application/json", Submission)},
    },
) | {"status_code": 202}

SUBMIT_BATCH = _route(
    "Submit many complaints as JSON Lines, each with its channel_message_id",
    {"200": {"description": "One result per line.", "content": _content("application/x-ndjson", BatchLine)}},
    {"requestBody": {"required": True, "content": _content("application/x-ndjson", Submission)}},
) | {"response_class": Response}  # without a media type of its own, which would be told beside the right one


def message(kind: str) -> dict[str, Any]:
    """The route of one kind of later message."""
    refusals = {"404": _problem("No such complaint, or its query code is another.")}
    return _route(
        f"Add to a complaint: {kind}",
        _accepted(MessageReceipt) | refusals,
        {
            "parameters": [
                {"name": "complaint_id", "in": "path", "required": True, "schema": {"type": "string"}},
                _header("Query-Code", "The code given with the ticket.", required=True),
                _IDEMPOTENCY_KEY,
            ],
            "requestBody": {"content": _content("application/json", MESSAGE_KINDS[kind].body)},
        },
    ) | {"status_code": 202}


def with_schemas(make_document: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """``FastAPI.openapi`` with the schemas that the routes above refer to."""
    bodies: tuple[type[BaseModel], ...] = (Submission, *(kind.body for kind in MESSAGE_KINDS.values()))
    answers: tuple[type[BaseModel], ...] = (Receipt, MessageReceipt, Problem, BatchLine)
    _, definitions = models_json_schema(
        [*((body, "validation") for body in bodies), *((answer, "serialization") for answer in answers)],
        ref_template=_REFERENCE,
    )

    def openapi() -> dict[str, Any]:
        document = make_document()
        document.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
        return document

    return openapi

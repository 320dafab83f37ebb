"""Event type to model and back: the only place where record values are decoded and encoded."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import InvalidEvent
from shared.events import audit, departments, insight, lifecycle, notifications, received, sla
from shared.events.base import Event
from shared.events.envelope import Envelope, Headers
from shared.events.field_problem import FieldProblem, limits_in
from shared.events.strict_json import DEEPEST_NESTING, NotJson, parse_object
from shared.events.unreadable import fields_wrong, told
from shared.events.unwritable import unprintable
from shared.invisible import is_blank

EVENT_MODELS: dict[str, type[Event]] = {
    model.event_type: model
    for model in (
        received.ComplaintSubmitted,
        received.ComplaintSupplemented,
        received.ComplaintWithdrawn,
        received.ComplaintUrged,
        received.SurveyAnswered,
        *get_args(lifecycle.CaseEvents),
        departments.AssignmentDispatched,
        departments.AssignmentSupplemented,
        departments.AssignmentUrged,
        departments.AssignmentCancelled,
        departments.MessageRefused,
        departments.DepartmentUpdate,
        *get_args(sla.ClockEvents),
        notifications.NotificationRequested,
        *get_args(notifications.NotificationEvents),
        *get_args(audit.AuditEvents),
        insight.AlertRaised,
    )
}
"""Every event type of the bus. A new one is added here first."""

EventT = TypeVar("EventT", bound=Event)


def decode(headers: Headers, value: bytes | None) -> tuple[Envelope, Event]:
    """Envelope and validated model of one record.

    Raises InvalidEvent with reason ``missing_header``, ``bad_header``, ``blank_id``, ``unknown_type``, ``empty_value``
    or ``schema``; the detail names fields, never their content, since that may be personal data.
    """
    envelope = Envelope.from_headers(headers)
    model = EVENT_MODELS.get(envelope.type)
    if model is None:
        raise InvalidEvent("unknown_type", told("unknown_type"))
    if model.from_outside and is_blank(envelope.id):  # each would be lost as a repeat of the one before
        raise InvalidEvent("blank_id", told("blank_id"))
    if value is None:
        raise InvalidEvent("empty_value", told("empty_value"))
    return envelope, parse(model, value)


def parse(model: type[EventT], value: bytes) -> EventT:
    """Validate JSON bytes as ``model``; raise InvalidEvent (``schema``) naming each bad field."""
    if model.from_outside:
        _require_strict(model, value)
    try:
        event = model.model_validate_json(value)
    except ValidationError as error:
        raise InvalidEvent("schema", f"{model.event_type}: {describe(error)}") from None
    if model.from_outside:
        _require_printable(event)
    return event


def _require_strict(model: type[Event], value: bytes) -> None:
    """Two readers could disagree about a name given twice or a NaN. A name that nobody knows is not repeated."""
    parsed = parse_object(value)
    if isinstance(parsed, NotJson):
        problems = [FieldProblem(_place(model, found.field, found.code), found.code) for found in parsed.problems]
        raise InvalidEvent("schema", f"{model.event_type}: {fields_wrong(problems)}")


def _require_printable(event: Event) -> None:
    problems = tuple(unprintable(event.model_dump(), DEEPEST_NESTING))
    if problems:
        raise InvalidEvent("schema", f"{event.event_type}: {fields_wrong(problems)}")


def _place(model: type[Event], place: str, code: str) -> str:
    if code != "repeated_name":
        return place or "value"
    return place if place in model.model_fields else "a name"


def describe(error: ValidationError) -> str:
    """Bad fields and what is wrong with each, in both languages, without their content."""
    return fields_wrong([_problem(details) for details in error.errors(include_input=False, include_url=False)])


def _problem(details: ErrorDetails) -> FieldProblem:
    place = ".".join(map(str, details["loc"])) or "value"
    return FieldProblem(place, details["type"], limits_in(details.get("ctx", {})))


def encode(
    event: Event, *, event_id: str, source: str, subject: str, time: datetime, traceparent: str | None
) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of one record."""
    envelope = Envelope(event_id, event.event_type, source, subject, time, traceparent)
    return event.__pydantic_serializer__.to_json(event, exclude_none=True), envelope.to_headers()

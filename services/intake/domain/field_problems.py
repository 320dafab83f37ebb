"""From a validation error to the fields that are wrong: paths as the sender wrote them, codes, limits – no content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.intake.domain.refusal import DoorRefusal, FieldProblem, RefusalReason
from shared.events.field_problem import limits_in
from shared.events.strict_json import DEEPEST_NESTING
from shared.events.unwritable import LONGEST_NAME, unwritable

ModelT = TypeVar("ModelT", bound=BaseModel)

MOST_PROBLEMS = 50
"""More are not listed; a sender mends these first."""


def read_fields(model: type[ModelT], document: dict[str, Any]) -> ModelT | DoorRefusal:
    """``document`` as ``model``, or a refusal that names every bad field."""
    refused = tuple(unwritable(document, DEEPEST_NESTING))
    try:
        fields = model.model_validate(document)
    except ValidationError as error:
        return invalid(*refused, *field_problems(error, document))
    return invalid(*refused) if refused else fields


def invalid(*problems: FieldProblem) -> DoorRefusal:
    """A refusal that names these fields."""
    return DoorRefusal(RefusalReason.INVALID_FIELDS, problems[:MOST_PROBLEMS])


def field_problems(error: ValidationError, document: Mapping[str, Any]) -> tuple[FieldProblem, ...]:
    """One problem per wrong field, in the order of the model."""
    plain_narrative = isinstance(document.get("narrative"), str)
    found = error.errors(include_input=False, include_url=False)
    problems = (_problem(details, plain_narrative=plain_narrative) for details in found)
    return tuple(dict.fromkeys(problem for problem in problems if problem.code != "string_unicode"))


def _problem(details: ErrorDetails, *, plain_narrative: bool) -> FieldProblem:
    place = _dotted(details["loc"], plain_narrative=plain_narrative)
    return FieldProblem(place, details["type"], limits_in(details.get("ctx", {})))


def _dotted(location: tuple[int | str, ...], *, plain_narrative: bool) -> str:
    if plain_narrative and location[:2] == ("narrative", "text"):
        location = ("narrative", *location[2:])  # the sender wrote a plain text there
    return ".".join(str(part)[:LONGEST_NAME] for part in location)

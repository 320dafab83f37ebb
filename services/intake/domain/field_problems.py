"""From a validation error to the fields that are wrong: paths as the sender wrote them, codes, limits – no content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.intake.domain.refusal import FieldProblem, Refusal, RefusalReason
from shared.events.field_problem import limits_in
from shared.events.strict_json import DEEPEST_NESTING

ModelT = TypeVar("ModelT", bound=BaseModel)

MOST_PROBLEMS = 50
"""More are not listed; a sender mends these first."""

_LONGEST_NAME = 120


def read_fields(model: type[ModelT], document: dict[str, Any]) -> ModelT | Refusal:
    """``document`` as ``model``, or a refusal that names every bad field."""
    unwritable = tuple(_unwritable(document, "", DEEPEST_NESTING))
    try:
        fields = model.model_validate(document)
    except ValidationError as error:
        return invalid(*unwritable, *field_problems(error, document))
    return invalid(*unwritable) if unwritable else fields


def invalid(*problems: FieldProblem) -> Refusal:
    """A refusal that names these fields."""
    return Refusal(RefusalReason.INVALID_FIELDS, problems[:MOST_PROBLEMS])


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
    return ".".join(str(part)[:_LONGEST_NAME] for part in location)


def _unwritable(value: object, path: str, levels: int) -> Iterator[FieldProblem]:
    """Texts with NUL or half a surrogate pair: some reader down the line would cut or refuse them."""
    if isinstance(value, str):
        if "\0" in value:
            yield FieldProblem(path, "nul_character")
        if not _is_unicode(value):
            yield FieldProblem(path, "lone_surrogate")
    elif isinstance(value, dict) and levels:
        for name, child in value.items():
            child_path = f"{path}.{name[:_LONGEST_NAME]}" if path else name[:_LONGEST_NAME]
            yield from _unwritable(name, child_path, levels)
            yield from _unwritable(child, child_path, levels - 1)
    elif isinstance(value, list) and levels:
        for index, child in enumerate(value):
            yield from _unwritable(child, f"{path}.{index}", levels - 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

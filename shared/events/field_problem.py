"""What is wrong with one field of what was sent, without a word of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_RANGE = ("earliest", "latest")
_LIMITS_SHOWN = ("max_length", "min_length", "ge", "le", "expected", "max_digits", "decimal_places", "pattern", *_RANGE)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field. ``code`` is stable; ``limits`` are the numbers or choices its wording needs."""

    field: str
    code: str
    limits: tuple[tuple[str, str], ...] = ()


def limits_in(context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Of what a validation error knows, the limits: they are the contract's, never the sender's."""
    return tuple((name, str(context[name])) for name in _LIMITS_SHOWN if name in context)

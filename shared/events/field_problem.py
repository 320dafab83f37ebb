"""What is wrong with one field of what was sent, without a word of what was sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field. ``code`` is stable; ``limits`` are the numbers or choices its wording needs."""

    field: str
    code: str
    limits: tuple[tuple[str, str], ...] = ()

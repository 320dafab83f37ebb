"""One row of a file of submissions, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.language import Language, Text


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row; ``column`` is empty when it is the row as a whole."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a document to submit, or the problems that keep it from being one.

    ``number`` is what the sender sees: the line of a JSON Lines file; in a table the row, the header being row 1.
    """

    number: int
    document: dict[str, Any]
    problems: tuple[RowProblem, ...] = ()


def unusable(number: int, why: Text, language: Language) -> Row:
    """A row that is wrong as a whole."""
    return Row(number, {}, (RowProblem("", why.read_in(language)),))

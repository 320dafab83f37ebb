"""Rows of a table, from CSV or a workbook: the first names the columns, nested fields with dots or in Chinese.

Column names are field names (``complainant.email``) or what ``columns`` knows in Chinese; an empty cell is
an absent field.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

from services.cli.send import wording
from services.cli.send.columns import UnusableFile, fields_of_columns
from services.cli.send.display_artefacts import artefact_in
from services.cli.send.row import Row, RowProblem, unusable
from shared.invisible import is_blank
from shared.language import Language, Text

LONGEST_CELL: Final = 1 << 20
_DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class TypedCell:
    """A value that a workbook keeps as another kind than text; ``artefact_in`` says of a field why it cannot be it."""

    text: str
    artefact_in: Callable[[str], Text | None]


Cell = str | Text | TypedCell
"""What a cell says, or why it says nothing that could be sent."""


def csv_rows(text: TextIO, ignore_unknown_columns: bool, language: Language) -> Iterator[Row]:
    """Every filled row. Raises UnusableFile at once for a bad header."""
    csv.field_size_limit(LONGEST_CELL)
    first_line = text.readline()
    text.seek(0)
    reader = csv.reader(text, delimiter=max(_DELIMITERS, key=first_line.count), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UnusableFile(wording.filled(wording.HEADER_NOT_CSV, error=error)) from None
    fields = fields_of_columns(header, ignore_unknown=ignore_unknown_columns)
    return _csv_data(reader, header, fields, language)


def _csv_data(
    reader: Iterator[list[str]], header: Sequence[str], fields: Mapping[str, str], language: Language
) -> Iterator[Row]:
    for number in itertools.count(2):
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # quotes are out of step from here on; what follows cannot be trusted
            yield unusable(number, wording.filled(wording.ROW_NOT_CSV, error=error), language)
            return
        if not all(map(is_blank, cells)):
            yield table_row(number, header, fields, cells, language)


def table_row(
    number: int, header: Sequence[str], fields: Mapping[str, str], cells: Sequence[Cell], language: Language
) -> Row:
    """One row; ``fields`` gives the field of each column that is one."""
    if len(cells) > len(header):
        counts = wording.filled(wording.TOO_MANY_CELLS, cells=len(cells), columns=len(header))
        return unusable(number, counts, language)
    found = [(name, cell) for name, cell in zip(header, cells, strict=False) if name in fields and _is_filled(cell)]
    said = [(name, _text_or_fault(fields[name], cell)) for name, cell in found]
    problems = tuple(RowProblem(name, text.read_in(language)) for name, text in said if isinstance(text, Text))
    return Row(number, {} if problems else _nested({fields[name]: text for name, text in said}), problems)


def _text_or_fault(field: str, cell: Cell) -> str | Text:
    if isinstance(cell, TypedCell):
        return cell.artefact_in(field) or cell.text
    return cell if isinstance(cell, Text) else artefact_in(field, cell) or cell


def _is_filled(cell: Cell) -> bool:
    return not isinstance(cell, str) or not is_blank(cell)


def _nested(filled: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, cell in filled.items():
        *parents, last = name.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = cell
    return document

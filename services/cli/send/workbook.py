"""Rows of an XLSX workbook: its one filled sheet, the first row naming the columns.

Cells are read as what they hold, not as what the spreadsheet shows: a telephone number kept as a number comes out
whole. What a number or a formula has lost is refused with row and column.
"""

from __future__ import annotations

import datetime
import itertools
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from services.cli.send import wording
from services.cli.send.columns import UnusableFile, fields_of_columns
from services.cli.send.display_artefacts import kept_as_date, kept_as_truth_value
from services.cli.send.row import Row, unusable
from services.cli.send.table import Cell, TypedCell, table_row
from shared.invisible import is_blank
from shared.language import Language, Text

ZIP: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_OLD_KIND: Final = Text("an old or a password-protected Office file", "旧版或加密的 Office 文件")
_OTHER_KIND: Final = Text("a ZIP archive and no XLSX workbook", "ZIP 压缩包，而不是 XLSX 工作簿")
_DAMAGED: Final = Text("a damaged XLSX workbook", "损坏的 XLSX 工作簿")
_TOO_LARGE: Final = Text("larger than 1 GB unpacked", "解压后超过 1 GB")
_LARGEST_BYTES: Final = 1 << 30
_EXACT_BELOW: Final = 10**15
"""A spreadsheet keeps fifteen digits of a number."""


def require_no_other_office_file(head: bytes, content: BinaryIO) -> bool:
    """Whether the file is a workbook; raises UnusableFile for one of another kind, which no CSV is either."""
    if head.startswith(_OLD_OFFICE):
        raise _refused(_OLD_KIND)
    if not head.startswith(ZIP):
        return False
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            names, size = archive.namelist(), sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile:
        raise _refused(_DAMAGED) from None
    if "xl/workbook.xml" not in names:
        raise _refused(_OTHER_KIND)
    if size > _LARGEST_BYTES:
        raise _refused(_TOO_LARGE)
    return True


def workbook_rows(content: BinaryIO, ignore_unknown_columns: bool, language: Language) -> Iterator[Row]:
    """Every filled row, numbered as the spreadsheet does. Raises UnusableFile at once for a bad sheet or header."""
    values, formulas = (_only_filled_sheet(content, data_only=data_only) for data_only in (True, False))
    rows = ([_cell(*pair) for pair in zip(*both, strict=False)] for both in zip(values, formulas, strict=False))
    header = [name.strip() if isinstance(name, str) else "" for name in _without_empty_end(next(rows, []))]
    fields = fields_of_columns(header, ignore_unknown=ignore_unknown_columns)
    return _sheet_data(rows, header, fields, language)


def _sheet_data(
    rows: Iterator[list[Cell]], header: Sequence[str], fields: Mapping[str, str], language: Language
) -> Iterator[Row]:
    for number in itertools.count(2):
        try:
            cells = _without_empty_end(next(rows))
        except StopIteration:
            return
        except Exception:  # as above; what follows cannot be found any more
            yield unusable(number, wording.SHEET_DAMAGED, language)
            return
        if cells:
            yield table_row(number, header, fields, cells, language)


def _only_filled_sheet(content: BinaryIO, *, data_only: bool) -> Iterator[Sequence[Any]]:
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError:
        raise UnusableFile(wording.WORKBOOK_READER_MISSING) from None
    content.seek(0)
    try:
        book = load_workbook(content, read_only=True, data_only=data_only)
        sheets = {sheet.title: sheet for sheet in book.worksheets}
        filled = [name for name, sheet in sheets.items() if _is_filled(sheet)]
    except Exception as failure:  # the reader raises whatever a wrong part of the archive makes of it
        raise _refused(_DAMAGED) from failure
    if len(filled) > 1:
        raise UnusableFile(wording.filled(wording.SEVERAL_SHEETS, names=", ".join(filled)))
    return iter(sheets[filled[0]].iter_rows(values_only=True)) if filled else iter(())


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()  # what a file says of its size need not be so
    return any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def _cell(value: Any, formula: Any) -> Cell:
    """``value`` as it would be typed; ``formula`` is what the cell holds instead of a value, where it does."""
    if value is None:
        return "" if formula is None else wording.FORMULA_WITHOUT_VALUE
    if isinstance(value, bool):
        return TypedCell("true" if value else "false", kept_as_truth_value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime.date | datetime.time):
        return TypedCell(value.isoformat(), kept_as_date)
    return str(value)


def _number(value: float) -> Cell:
    if abs(value) >= _EXACT_BELOW:
        return wording.NUMBER_TOO_LONG
    return str(int(value)) if value == int(value) else repr(value)


def _without_empty_end(cells: Sequence[Cell]) -> list[Cell]:
    kept = list(cells)
    while kept and isinstance(kept[-1], str) and is_blank(kept[-1]):
        kept.pop()
    return kept


def _refused(kind: Text) -> UnusableFile:
    text = wording.NOT_A_WORKBOOK
    return UnusableFile(Text(text.en.format(kind=kind.en), text.zh.format(kind=kind.zh)))

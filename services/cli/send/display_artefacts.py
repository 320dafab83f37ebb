"""What a spreadsheet shows instead of a value, and writes into a CSV file as if it were one.

A cell that holds such a thing has lost what it held, so the row is refused with the column instead of being stored.
Narratives are looked at as well: one that is ``#N/A`` and nothing else says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from services.cli.send import wording
from shared.language import Text

_TOO_NARROW: Final = re.compile(r"#{2,}")
_ERROR_VALUE: Final = re.compile(
    r"#[¡¿]?[\w/ ]{2,24}[!?]|#(err|error|fehler|erreur|错误) ?:\d{3}",
    re.IGNORECASE,
)
_ERROR_WITHOUT_A_SIGN: Final = frozenset(
    {"#N/A", "#N/D", "#N/B", "#N/V", "#NV", "#I/T", "#Н/Д", "#Δ/Υ", "#YOK", "#GETTING_DATA", "#HIÁNYZIK", "#EPARS"}
    | {"#NENÍ_K_DISPOZICI", "#NENÍ_K_DISPOZÍCII"}
)
"""Not available, and being loaded, in the languages whose word for it ends without a mark."""
_ERROR_CODE: Final = re.compile(r"(err|error|fehler|erreur|错误) ?:\d{3}", re.IGNORECASE)
"""Without the # it is also what a customer reads from a screen: in free text it stays."""
_SHORTENED: Final = re.compile(r"[+-]?\d([.,]\d+)?E[+-]\d{1,3}|[+-]?\d[.,]\d+E\d{1,3}", re.IGNORECASE)
_SHORTENED_BY_A_SPREADSHEET: Final = re.compile(r"\d([.,]\d+)?E\+\d{2,3}", re.IGNORECASE)
"""The very form in which spreadsheets write a number that is too long; models and batches are called 2E-3 or 1.5E3."""
_FLOAT: Final = re.compile(r"\d{5,}[.,]0+")
_MONTH: Final = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE: Final = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?([ T]\d{1,2}:\d\d(:\d\d)?)?|\d{1,2}[-/]\d{1,2}[-/]\d{4}|\d{1,2}月\d{1,2}日"
    rf"|\d{{1,2}}[-/ ]?{_MONTH}([-/ ]\d{{2,4}})?|{_MONTH}[-/ ]?\d{{1,4}}",
    re.IGNORECASE,
)
_DATE_SERIAL: Final = re.compile(r"(3[6-9]|4\d|5[0-4])\d{3}([.,]\d+)?")
"""Days since 1900 for the years 1998 to 2050; no telephone number of five digits begins so."""
_FORMULA: Final = re.compile(r'=("|[A-Za-z.]+\()')
_NO_VALUE: Final = frozenset({"[object Object]", "<NA>", "NaT", "(null)", "#NULL"})

_PHONE: Final = "complainant.phone"
_FREE_TEXTS: Final = frozenset({"narrative", "narrative.text", "narrative.subject", "desired_remedy"})
_NOT_IDENTIFIERS: Final = _FREE_TEXTS | {"amount.value"}
_NAMES_OF_THINGS: Final = "product."
INSTANTS: Final = frozenset({"received_at", "occurred_at", "regulator_respond_by"})
CHOICES: Final = ("complainant.anonymous", "complainant.minor", "consent.")
"""Beginnings of the fields that are true or false."""


def artefact_in(field: str, cell: str) -> Text | None:
    """Why ``cell`` cannot be what was meant for ``field``; None when it can."""
    shown = unicodedata.normalize("NFKC", cell).strip()
    if _TOO_NARROW.fullmatch(shown):
        return wording.COLUMN_TOO_NARROW
    if _is_error_value(shown) or (field not in _FREE_TEXTS and _ERROR_CODE.fullmatch(shown)):
        return wording.ERROR_VALUE
    shortened = _SHORTENED_BY_A_SPREADSHEET if field.startswith(_NAMES_OF_THINGS) else _SHORTENED
    if shortened.fullmatch(shown):
        return wording.DIGITS_LOST
    if shown in _NO_VALUE:
        return wording.NO_VALUE
    return _in_an_identifier(field, shown) if field not in _NOT_IDENTIFIERS else None


def kept_as_date(field: str) -> Text | None:
    """Why a cell that the workbook keeps as a date or time cannot be what was typed for ``field``; None: it can."""
    return None if field in INSTANTS | _FREE_TEXTS else wording.KEPT_AS_A_DATE


def kept_as_truth_value(field: str) -> Text | None:
    """The same of a cell that is kept as TRUE or FALSE."""
    return None if field in _FREE_TEXTS or field.startswith(CHOICES) else wording.KEPT_AS_A_TRUTH_VALUE


def _is_error_value(shown: str) -> bool:
    """Error values are written in capitals; what people begin with # is not, or has no such letters at all."""
    if shown.upper() in _ERROR_WITHOUT_A_SIGN:
        return True
    is_capital = shown.upper() == shown != shown.lower() or not shown.startswith("#")
    return is_capital and _ERROR_VALUE.fullmatch(shown) is not None


def _in_an_identifier(field: str, shown: str) -> Text | None:
    if _FORMULA.match(shown):
        return wording.FORMULA
    if _FLOAT.fullmatch(shown):
        return wording.GOT_A_FRACTION
    if field == _PHONE and (_DATE.fullmatch(shown) or _DATE_SERIAL.fullmatch(shown)):
        return wording.DATE_FOR_A_NUMBER
    return None

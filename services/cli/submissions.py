"""Reads submissions from JSON Lines or CSV, one row at a time, and says of a bad row what is wrong with it.

Spreadsheets come in UTF-8 with or without a byte order mark, in GB18030, or as "Unicode text"; which one is found by
reading, never by guessing half-way. Column names of a CSV file are field names, nested ones with dots
(``complainant.email``); an empty cell is an absent field.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO

from services.cli import submission_wording as wording
from services.cli.submission_columns import UnusableFile, known_columns
from services.intake.domain.refusal import FieldProblem
from services.intake.domain.strict_json import NotJson, canonical, parse_object
from services.intake.domain.wording import Language, Text, field_reason

Format = Literal["jsonl", "csv"]

CHUNK_BYTES = 1 << 20
LONGEST_CELL = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DELIMITERS = (",", ";", "\t")
_SHORTENED_NUMBER = re.compile(r"\d(\.\d+)?E\+\d{2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row; ``column`` is empty when it is the row as a whole."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a document to submit, or the problems that keep it from being one.

    ``number`` is what the sender sees: the line of a JSON Lines file; in a CSV file the row, the header being row 1.
    """

    number: int
    document: dict[str, Any]
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmissionFile:
    """A file that has been looked at once: what it holds, its digest, and how many line ends it has."""

    text: TextIO
    format: Format
    digest: str
    lines: int

    def rows(
        self, *, default_channel: str, ignore_unknown_columns: bool = False, language: Language = "en"
    ) -> Iterator[Row]:
        """Every row in order, blank ones left out. Raises UnusableFile at once for a bad header."""
        self.text.seek(0)
        if self.format == "csv":
            return _with_channel(_csv_rows(self.text, ignore_unknown_columns, language), default_channel)
        return _with_channel(_json_rows(self.text, language), default_channel)

    def idempotency_key(self, row: Row) -> str | None:
        """The same for the same row of the same file, whatever its name; None for a row with an id of its own."""
        if "channel_message_id" in row.document:
            return None
        named = f"{self.digest}\n{row.number}\n".encode() + canonical(row.document)
        return hashlib.sha256(named).hexdigest()


@contextmanager
def opened_submissions(
    path: Path | None, stdin: BinaryIO, file_format: Format | None = None
) -> Iterator[SubmissionFile]:
    """Look at the file (or standard input, which is kept in memory). Raises UnusableFile or OSError."""
    with io.BytesIO(stdin.read()) if path is None else path.open("rb") as content:
        head = content.read(4096)
        encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
        digest, lines, is_utf8 = _read_through(content)
        if encoding is not None:
            _require_all_of_it(content, encoding)
        encoding = encoding or ("utf-8" if is_utf8 else _require_gb18030(content))
        found = file_format or _format(path, head, encoding)
        content.seek(0)
        with io.TextIOWrapper(content, encoding=encoding, newline="" if found == "csv" else "\n") as text:
            yield SubmissionFile(text, found, digest, lines)


def _read_through(content: BinaryIO) -> tuple[str, int, bool]:
    """SHA-256, number of line ends, and whether it is all UTF-8."""
    digest, lines, decoder = hashlib.sha256(), 0, codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    for chunk in _chunks(content):
        digest.update(chunk)
        lines += chunk.count(b"\n")
        is_utf8 = is_utf8 and _decodes(decoder, chunk)
    return digest.hexdigest(), lines, is_utf8 and _decodes(decoder, b"", final=True)


def _require_all_of_it(content: BinaryIO, encoding: str) -> None:
    """The mark at the start is a promise about the whole; one that is broken later is found before anything is sent."""
    if not _is_all(content, encoding):
        name = encoding.removesuffix("-sig").upper()
        raise UnusableFile(wording.filled(wording.MARK_NOT_KEPT, name=name))


def _is_all(content: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    return all(_decodes(decoder, chunk) for chunk in _chunks(content)) and _decodes(decoder, b"", final=True)


def _require_gb18030(content: BinaryIO) -> str:
    if _is_all(content, "gb18030"):
        return "gb18030"
    raise UnusableFile(wording.NO_ENCODING)


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    while chunk := content.read(CHUNK_BYTES):
        yield chunk


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _format(path: Path | None, head: bytes, encoding: str) -> Format:
    start = head.decode(encoding, errors="ignore").lstrip()
    if start.startswith("["):
        raise UnusableFile(wording.ONE_ARRAY)
    suffix = "" if path is None else path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        return "csv"
    return "jsonl" if suffix in (".jsonl", ".ndjson", ".json") or start.startswith("{") else "csv"


def _with_channel(rows: Iterator[Row], default_channel: str) -> Iterator[Row]:
    for row in rows:
        if not row.problems:
            row.document.setdefault("channel", default_channel)
        yield row


def _json_rows(text: TextIO, language: Language) -> Iterator[Row]:
    for number, line in enumerate(text, start=1):
        if line.strip():
            document = parse_object(line.encode("utf-8", "surrogatepass"))
            if isinstance(document, NotJson):
                yield Row(number, {}, tuple(_not_json(problem, language) for problem in document.problems))
            else:
                yield Row(number, document)


def _not_json(problem: FieldProblem, language: Language) -> RowProblem:
    """The column is a field's name only where one is at fault; else the reason says where in the line."""
    reason = field_reason(problem, language)
    if problem.code == "repeated_name":
        return RowProblem(problem.field, reason)
    place = problem.field.removeprefix("line 1 ")
    return RowProblem("", f"{place}: {reason}" if place else reason)


def _csv_rows(text: TextIO, ignore_unknown_columns: bool, language: Language) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    first_line = text.readline()
    text.seek(0)
    reader = csv.reader(text, delimiter=max(_DELIMITERS, key=first_line.count), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UnusableFile(wording.filled(wording.HEADER_NOT_CSV, error=error)) from None
    known = known_columns(header, ignore_unknown=ignore_unknown_columns)
    return _csv_data(reader, header, known, language)


def _csv_data(
    reader: Iterator[list[str]], header: Sequence[str], known: frozenset[str], language: Language
) -> Iterator[Row]:
    for number in itertools.count(2):
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # quotes are out of step from here on; what follows cannot be trusted
            yield _unusable(number, wording.filled(wording.ROW_NOT_CSV, error=error), language)
            return
        if any(cell.strip() for cell in cells):
            yield _csv_row(number, header, known, cells, language)


def _csv_row(
    number: int, header: Sequence[str], known: frozenset[str], cells: Sequence[str], language: Language
) -> Row:
    if len(cells) > len(header):
        counts = wording.filled(wording.TOO_MANY_CELLS, cells=len(cells), columns=len(header))
        return _unusable(number, counts, language)
    filled = {name: cell for name, cell in zip(header, cells, strict=False) if name in known and cell.strip()}
    problems = tuple(
        RowProblem(name, wording.DIGITS_LOST.read_in(language))
        for name, cell in filled.items()
        if _SHORTENED_NUMBER.fullmatch(cell.strip())
    )
    return Row(number, {} if problems else _nested(filled), problems)


def _unusable(number: int, why: Text, language: Language) -> Row:
    return Row(number, {}, (RowProblem("", why.read_in(language)),))


def _nested(filled: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, cell in filled.items():
        *parents, last = name.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = cell
    return document

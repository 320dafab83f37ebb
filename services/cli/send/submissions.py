"""Reads submissions from JSON Lines, CSV or XLSX, one row at a time, and says of a bad row what is wrong with it.

Which encoding a text is in is settled before anything is sent (``encoding``); how tables are read stands in
``table`` and ``workbook``.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TextIO

from services.cli.send import wording
from services.cli.send.columns import UnusableFile
from services.cli.send.encoding import chunks_of, settle_encoding
from services.cli.send.row import Row, RowProblem
from services.cli.send.table import csv_rows
from services.cli.send.workbook import require_no_other_office_file, workbook_rows
from services.intake.domain.refusal import FieldProblem
from services.intake.domain.wording import field_reason
from shared.events.strict_json import NotJson, canonical, parse_object
from shared.language import Language

Format = Literal["jsonl", "csv", "xlsx"]


@dataclass(frozen=True, slots=True)
class SubmissionFile:
    """A file that has been looked at once: what it holds, its digest, and how many line ends it has."""

    content: BinaryIO
    text: TextIO
    format: Format
    digest: str
    lines: int

    def rows(
        self, *, default_channel: str, ignore_unknown_columns: bool = False, language: Language = "en"
    ) -> Iterator[Row]:
        """Every row in order, blank ones left out. Raises UnusableFile at once for a bad header."""
        if self.format == "xlsx":
            return _with_channel(workbook_rows(self.content, ignore_unknown_columns, language), default_channel)
        self.text.seek(0)
        if self.format == "csv":
            return _with_channel(csv_rows(self.text, ignore_unknown_columns, language), default_channel)
        return _with_channel(_json_rows(self.text, language), default_channel)

    def idempotency_key(self, row: Row) -> str | None:
        """The same for the same row of the same file, whatever its name; None for a row with an id of its own."""
        if "channel_message_id" in row.document:
            return None
        named = f"{self.digest}\n{row.number}\n".encode() + canonical(row.document)
        return hashlib.sha256(named).hexdigest()


@contextmanager
def opened_submissions(
    path: Path | None, stdin: BinaryIO, file_format: Format | None = None, encoding: str | None = None
) -> Iterator[SubmissionFile]:
    """Look at the file (or standard input, which is kept in memory). Raises UnusableFile or OSError.

    ``encoding`` is what the sender says the text is in; without it the file must show it.
    """
    with io.BytesIO(stdin.read()) if path is None else path.open("rb") as content:
        digest, lines = _read_through(content)
        content.seek(0)
        head = content.read(4096)
        if require_no_other_office_file(head, content):
            yield SubmissionFile(content, io.StringIO(), "xlsx", digest, 0)
            return
        if file_format == "xlsx" or (file_format is None and path is not None and path.suffix.lower() == ".xlsx"):
            raise UnusableFile(wording.NO_WORKBOOK)  # whatever its bytes would be as text
        settled = settle_encoding(content, encoding)
        found = _text_format(file_format, path, head, settled)
        content.seek(0)
        with io.TextIOWrapper(content, encoding=settled, newline="" if found == "csv" else "\n") as text:
            yield SubmissionFile(content, text, found, digest, lines)


def _read_through(content: BinaryIO) -> tuple[str, int]:
    """SHA-256 and number of line ends."""
    digest, lines = hashlib.sha256(), 0
    for chunk in chunks_of(content):
        digest.update(chunk)
        lines += chunk.count(b"\n")
    return digest.hexdigest(), lines


def _text_format(asked: Format | None, path: Path | None, head: bytes, encoding: str) -> Format:
    return _format(path, head, encoding) if asked is None else asked


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

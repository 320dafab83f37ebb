"""What came of sending a file: counts, every rejected row with column and reason, and the files that keep them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from services.cli.console.output import print_json, print_table
from services.cli.send.answers import Accepted, DoorAnswer, Failed, Rejected
from services.cli.send.row import Row, RowProblem

ROWS_SHOWN = 20


@dataclass
class SendReport:
    """Counts rows as they are answered. ``sent`` = accepted + rejected + failed."""

    receipts: TextIO | None = None
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    interrupted: bool = False
    rejections: list[tuple[int, RowProblem]] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Rows that have an outcome."""
        return self.accepted + self.rejected + self.failed

    @property
    def all_accepted(self) -> bool:
        """Whether every row of the file is durable."""
        return not (self.rejected or self.failed or self.interrupted)

    def note(self, row: Row, outcome: DoorAnswer) -> None:
        """Count the outcome of one row."""
        match outcome:
            case Accepted(receipt):
                self.accepted += 1
                if self.receipts is not None:
                    self.receipts.write(json.dumps({"row": row.number, **receipt}) + "\n")
            case Rejected(problems):
                self.rejected += 1
                self.rejections.extend((row.number, problem) for problem in problems)
            case Failed(reason):
                self.failed += 1
                self.failures.append((row.number, reason))

    def as_json(self) -> dict[str, Any]:
        """The machine-readable form, rows in the order of the file."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "failed": self.failed,
            "interrupted": self.interrupted,
            "rejections": [
                {"row": row, "column": problem.column, "reason": problem.reason}
                for row, problem in sorted(self.rejections, key=lambda rejection: rejection[0])
            ],
            "failures": [{"row": row, "reason": reason} for row, reason in sorted(self.failures)],
        }

    def print(self, *, as_json: bool) -> None:
        """The summary, on stdout."""
        if as_json:
            print_json(self.as_json())
            return
        problems = list(self._problems())
        if problems:
            print_table(None, ("row", "column", "reason"), [found[:3] for found in problems[:ROWS_SHOWN]])
        if len(problems) > ROWS_SHOWN:
            sys.stdout.write(f"… and {len(problems) - ROWS_SHOWN} more; --report FILE keeps them all\n")
        sys.stdout.write(
            f"{'interrupted after' if self.interrupted else 'sent'} {self.sent}: {self.accepted} accepted, "
            f"{self.rejected} rejected, {self.failed} failed\n"
        )

    def write(self, path: Path) -> None:
        """Every problem as CSV or, unless the name ends in .csv, JSON Lines: row, column, reason, outcome."""
        names = ("row", "column", "reason", "outcome")
        with path.open("w", encoding="utf-8-sig" if path.suffix == ".csv" else "utf-8", newline="") as file:
            if path.suffix == ".csv":
                csv.writer(file).writerows([names, *(map(_as_text, problem) for problem in self._problems())])
            else:
                for problem in self._problems():
                    file.write(json.dumps(dict(zip(names, problem, strict=True)), ensure_ascii=False) + "\n")

    def _problems(self) -> Iterator[tuple[int, str, str, str]]:
        found = [(row, problem.column, problem.reason, "rejected") for row, problem in self.rejections]
        found += [(row, "", reason, "failed") for row, reason in self.failures]
        yield from sorted(found, key=lambda problem: problem[0])


def _as_text(cell: object) -> object:
    """A cell a spreadsheet will not take for a formula: column names may be whatever a sender wrote."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell

"""Where output goes: data to stdout, progress to stderr, so that a pipe carries data alone.

Nothing of a record acts on the terminal: what people read passes ``terminal_text``, and JSON stays the same document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.console.terminal_text import visible, visible_cell, visible_json

WIDTH_OF_A_FILE = 200


def print_json(data: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on stdout, indented for people."""
    sys.stdout.write(visible_json(json.dumps(data, ensure_ascii=False, indent=2)) + "\n")
    sys.stdout.flush()


def print_json_line(data: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    sys.stdout.write(visible_json(json.dumps(data, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Progress for a person, on stderr."""
    sys.stderr.write(visible(text) + "\n")
    sys.stderr.flush()


def print_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout, as wide as the terminal; nothing is cut, long cells go over several lines."""
    table = Table(title=None if title is None else Text(visible_cell(title)), title_justify="left")
    for column in columns:
        table.add_column(Text(visible(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else visible_cell(str(cell))) for cell in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE).print(table)

"""Append-only files of JSON lines that are on the disk when ``append`` returns, and their tolerant reader."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class DurableLines:
    """Many threads append; one fsync serves all lines that were written before it began (group commit)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._written = 0
        self._synced = 0

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write one line; it is on the disk when this returns."""
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        with self._writing:
            os.write(self._file, line)
            self._written += 1
            mine = self._written
        with self._syncing:
            if self._synced < mine:
                reached = self._written  # whatever was written by now is covered, ours included
                os.fsync(self._file)
                self._synced = reached

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line of the file; a last line cut short by a crash is left out. No file: nothing."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)

"""Disks of the processes: what a process wrote outlives it. In memory for speed, or real SQLite files.

Both announce a write as an effect of the process that runs, so that it can be killed between commit and write.
``MemoryStore`` keeps the contract of ``PartitionStore``; ``test_parts`` holds them side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from shared.state.sqlite import PartitionStore, Row, StandingCount

AboutTo = Callable[[str], None]


@dataclass
class _File:
    cluster_id: str
    rows: dict[bytes, Row] = field(default_factory=dict)
    changelog_offset: int = 0
    set_aside: dict[bytes, int] = field(default_factory=dict)
    derived_by: str | None = None


class MemoryStore:
    """A partition store whose file is a dictionary."""

    def __init__(self, files: dict[Path, _File], about_to: AboutTo, path: Path, cluster_id: str) -> None:
        self._about_to = about_to
        file = files.get(path)
        if file is None or file.cluster_id != cluster_id:
            file = files[path] = _File(cluster_id)
        self._file = file
        for key, due_ms in file.set_aside.items():
            file.rows[key] = file.rows[key]._replace(due_ms=due_ms)
        file.set_aside.clear()

    @property
    def changelog_offset(self) -> int:
        return self._file.changelog_offset

    def get(self, key: bytes) -> bytes | None:
        found = self._file.rows.get(key)
        return found.value if found else None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        return {key: row.value or b"" for key in keys if (row := self._file.rows.get(key))}

    def some_keys(self, limit: int) -> list[bytes]:
        return list(self._file.rows)[:limit]

    def due(self, now_ms: int, limit: int) -> list[bytes]:
        timers = [(row.due_ms, key) for key, row in self._file.rows.items() if row.due_ms is not None]
        due = sorted((at, key) for at, key in timers if at <= now_ms)
        return [key for _, key in due[:limit]]

    def next_due_ms(self) -> int | None:
        return min((row.due_ms for row in self._file.rows.values() if row.due_ms is not None), default=None)

    def apply(self, rows: Mapping[bytes, Row], changelog_offset: int) -> None:
        self._about_to("write")
        for key, row in rows.items():
            self._file.set_aside.pop(key, None)
            if row.value is None:
                self._file.rows.pop(key, None)
            else:
                self._file.rows[key] = row
        self._file.changelog_offset = changelog_offset

    def move_timers(self, due_ms: Mapping[bytes, int | None]) -> None:
        for key, due in due_ms.items():
            self._file.rows[key] = self._file.rows[key]._replace(due_ms=due)

    def set_aside(self, key: bytes) -> None:
        row = self._file.rows[key]
        if row.due_ms is not None:
            self._file.set_aside[key] = row.due_ms
            self._file.rows[key] = row._replace(due_ms=None)

    def keep_derived_by(self, settings: str, derive: Callable[[bytes], Row]) -> int:
        if settings == self._file.derived_by:
            return 0
        self._file.derived_by = settings
        fresh = {key: derive(row.value or b"") for key, row in self._file.rows.items()}
        changed = {key: row for key, row in fresh.items() if row != self._file.rows[key]}
        self._file.rows.update(changed)
        return len(changed)

    def census(self) -> list[StandingCount]:
        groups: dict[str, list[int]] = {}
        for row in self._file.rows.values():
            if row.standing is not None:
                groups.setdefault(row.standing, []).append(row.standing_ms or 0)
        return [StandingCount(standing, len(group), min(group)) for standing, group in groups.items()]

    def count(self) -> int:
        return len(self._file.rows)

    def is_empty(self) -> bool:
        return not self._file.rows

    def clear(self) -> None:
        self._file.rows.clear()
        self._file.changelog_offset = 0

    def close(self) -> None:
        return None


class AnnouncedStore(PartitionStore):
    """A real one on SQLite, its writes announced."""

    def __init__(self, about_to: AboutTo, path: Path, cluster_id: str) -> None:
        self._about_to = about_to
        super().__init__(path, cluster_id)

    def apply(self, rows: Mapping[bytes, Row], changelog_offset: int) -> None:
        self._about_to("write")
        super().apply(rows, changelog_offset)


@contextmanager
def memory_disks(about_to: AboutTo) -> Iterator[None]:
    """Processes keep their state in dictionaries."""
    files: dict[Path, _File] = {}

    def open_store(path: Path, cluster_id: str) -> MemoryStore:
        return MemoryStore(files, about_to, path, cluster_id)

    with patch("shared.streaming.restore.PartitionStore", open_store):
        yield


@contextmanager
def real_disks(about_to: AboutTo) -> Iterator[None]:
    """Processes keep their state in SQLite files under their state directory."""

    def open_store(path: Path, cluster_id: str) -> AnnouncedStore:
        return AnnouncedStore(about_to, path, cluster_id)

    with patch("shared.streaming.restore.PartitionStore", open_store):
        yield


def disks(about_to: AboutTo, *, sqlite: bool) -> AbstractContextManager[None]:
    """Where all processes of a history keep their state."""
    return real_disks(about_to) if sqlite else memory_disks(about_to)

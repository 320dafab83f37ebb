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

from shared.state.sqlite import PartitionStore, Row

AboutTo = Callable[[str], None]


@dataclass
class _File:
    cluster_id: str
    rows: dict[bytes, tuple[bytes, int | None]] = field(default_factory=dict)
    changelog_offset: int = 0
    set_aside: dict[bytes, int] = field(default_factory=dict)
    timer_settings: str | None = None


class MemoryStore:
    """A partition store whose file is a dictionary."""

    def __init__(self, files: dict[Path, _File], about_to: AboutTo, path: Path, cluster_id: str) -> None:
        self._about_to = about_to
        file = files.get(path)
        if file is None or file.cluster_id != cluster_id:
            file = files[path] = _File(cluster_id)
        self._file = file
        for key, due_ms in file.set_aside.items():
            file.rows[key] = (file.rows[key][0], due_ms)
        file.set_aside.clear()

    @property
    def changelog_offset(self) -> int:
        return self._file.changelog_offset

    def get(self, key: bytes) -> bytes | None:
        found = self._file.rows.get(key)
        return found[0] if found else None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        return {key: self._file.rows[key][0] for key in keys if key in self._file.rows}

    def due(self, now_ms: int, limit: int) -> list[bytes]:
        due = sorted((at, key) for key, (_, at) in self._file.rows.items() if at is not None and at <= now_ms)
        return [key for _, key in due[:limit]]

    def next_due_ms(self) -> int | None:
        return min((at for _, at in self._file.rows.values() if at is not None), default=None)

    def apply(self, rows: Mapping[bytes, Row], changelog_offset: int) -> None:
        self._about_to("write")
        for key, row in rows.items():
            self._file.set_aside.pop(key, None)
            if row.value is None:
                self._file.rows.pop(key, None)
            else:
                self._file.rows[key] = (row.value, row.due_ms)
        self._file.changelog_offset = changelog_offset

    def move_timers(self, due_ms: Mapping[bytes, int | None]) -> None:
        for key, due in due_ms.items():
            self._file.rows[key] = (self._file.rows[key][0], due)

    def set_aside(self, key: bytes) -> None:
        value, due = self._file.rows[key]
        if due is not None:
            self._file.set_aside[key] = due
            self._file.rows[key] = (value, None)

    def keep_timers_of(self, settings: str, due_ms: Callable[[bytes], int | None]) -> int:
        if settings == self._file.timer_settings:
            return 0
        self._file.timer_settings = settings
        fresh = {key: due_ms(value) for key, (value, _) in self._file.rows.items()}
        moved = {key: due for key, due in fresh.items() if due != self._file.rows[key][1]}
        self.move_timers(moved)
        return len(moved)

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

"""State of one partition: rows by key, the derived due index, and the changelog offset they stand at.

Written only after a transaction committed, rows and offset together, so the file is always a prefix of the
changelog (engine rule 4). Nothing is synced to the disk: a killed process loses nothing by that, a power cut may mix
old pages with new ones, unnoticed. So a file is trusted only within the run of the machine that wrote it, and rebuilt
after a reboot (docs/decisions/0002).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB NOT NULL, due_ms INTEGER);
CREATE INDEX IF NOT EXISTS due ON state (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS origin (cluster_id TEXT NOT NULL, boot_id TEXT NOT NULL, changelog_offset INTEGER NOT NULL);
"""
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Row(NamedTuple):
    """One state row; ``value`` None deletes it, ``due_ms`` None means no timer."""

    value: bytes | None
    due_ms: int | None


class PartitionStore:
    """State of one partition. Not thread-safe: it belongs to the loop."""

    def __init__(self, path: Path, cluster_id: str) -> None:
        """Open or create; thrown away is a file of another cluster, of an earlier boot, or one SQLite cannot read."""
        self._path = path
        self._cluster_id = cluster_id
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connect()
        except sqlite3.DatabaseError:
            self.clear()

    @property
    def changelog_offset(self) -> int:
        """Next changelog offset to apply; 0 when nothing was applied yet."""
        return self._changelog_offset

    def get(self, key: bytes) -> bytes | None:
        """The value kept for ``key``."""
        found = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """The values kept for those of ``keys`` that have one, in one statement."""
        marks = ",".join("?" * len(keys))
        found = self._db.execute(f"SELECT key, value FROM state WHERE key IN ({marks})", tuple(keys))  # noqa: S608  # only question marks
        return dict(found.fetchall())

    def due(self, now_ms: int, limit: int) -> list[bytes]:
        """Keys whose timer is at or before ``now_ms``, earliest first."""
        rows = self._db.execute(
            "SELECT key FROM state WHERE due_ms <= ? ORDER BY due_ms LIMIT ?", (now_ms, limit)
        ).fetchall()
        return [row[0] for row in rows]

    def next_due_ms(self) -> int | None:
        """The earliest timer, epoch milliseconds."""
        found = self._db.execute("SELECT min(due_ms) FROM state WHERE due_ms IS NOT NULL").fetchone()
        return int(found[0]) if found[0] is not None else None

    def apply(self, rows: Mapping[bytes, Row], changelog_offset: int) -> None:
        """Write rows and offset in one SQLite transaction."""
        upserts, deletes = [], []
        for key, row in rows.items():
            if row.value is None:
                deletes.append((key,))
            else:
                upserts.append((key, row.value, row.due_ms))
        self._db.execute("BEGIN")
        self._db.executemany("DELETE FROM state WHERE key = ?", deletes)
        self._db.executemany(
            "INSERT INTO state VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value, due_ms = excluded.due_ms",
            upserts,
        )
        self._db.execute("UPDATE origin SET changelog_offset = ?", (changelog_offset,))
        self._db.execute("COMMIT")
        self._changelog_offset = changelog_offset

    def is_empty(self) -> bool:
        """True when there are no rows."""
        return self._db.execute("SELECT 1 FROM state LIMIT 1").fetchone() is None

    def count(self) -> int:
        """Number of rows."""
        return int(self._db.execute("SELECT count(*) FROM state").fetchone()[0])

    def clear(self) -> None:
        """Throw everything away and start empty."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._connect()

    def close(self) -> None:
        """Close the file."""
        if hasattr(self, "_db"):
            self._db.close()

    def _connect(self) -> None:
        self._db = sqlite3.connect(self._path, isolation_level=None, cached_statements=32, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        boot_id = _boot_id()
        self._db.execute(f"PRAGMA synchronous = {'OFF' if boot_id else 'NORMAL'}")
        self._db.executescript(_SCHEMA)
        origin = self._db.execute("SELECT cluster_id, boot_id, changelog_offset FROM origin").fetchone()
        if origin is not None and origin[:2] != (self._cluster_id, boot_id):
            self.clear()
            return
        if origin is None:
            self._db.execute("INSERT INTO origin VALUES (?, ?, 0)", (self._cluster_id, boot_id))
        self._changelog_offset = int(origin[2]) if origin is not None else 0


def _boot_id() -> str:
    """Changes with every start of the machine; empty where the system does not tell (then writes are synced)."""
    try:
        return _BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return ""

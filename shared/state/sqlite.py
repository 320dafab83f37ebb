"""State of one partition: rows by key, indexes derived from them, and the changelog offset they stand at.

Written only after a transaction committed, rows and offset together, so the file is always a prefix of the
changelog (engine rule 4). Nothing is synced to the disk: a killed process loses nothing by that, a power cut may mix
old pages with new ones, unnoticed. So a file is trusted only within the run of the machine that wrote it, and rebuilt
after a reboot (docs/decisions/0002).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from shared.errors import FatalError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    key BLOB PRIMARY KEY, value BLOB NOT NULL, due_ms INTEGER, standing TEXT, standing_ms INTEGER
);
CREATE INDEX IF NOT EXISTS due ON state (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS standing ON state (standing, standing_ms) WHERE standing IS NOT NULL;
CREATE TABLE IF NOT EXISTS derived_by (settings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS set_aside (key BLOB PRIMARY KEY, due_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS origin (cluster_id TEXT NOT NULL, boot_id TEXT NOT NULL, changelog_offset INTEGER NOT NULL);
"""
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Row(NamedTuple):
    """One state row; ``value`` None deletes it. The rest is derived from the value, to be found by an index.

    ``due_ms`` None means no timer, ``standing`` None that the row is not counted; instants are epoch milliseconds.
    """

    value: bytes | None
    due_ms: int | None
    standing: str | None = None
    standing_ms: int | None = None


class StandingCount(NamedTuple):
    """How many rows have this ``standing``, and the earliest of their instants."""

    standing: str
    rows: int
    earliest_ms: int


class PartitionStore:
    """State of one partition. Not thread-safe: it belongs to the loop."""

    def __init__(self, path: Path, cluster_id: str) -> None:
        """Open or create; thrown away is a file of another cluster, of an earlier boot, or one that is spoilt.

        FatalError: the file cannot be used now, which says nothing about what is in it; it is left alone.
        """
        self._path = path
        self._cluster_id = cluster_id
        self._has_set_aside = False
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connect_or_rebuild()
        except sqlite3.OperationalError as error:
            self.close()
            raise FatalError(f"{path}: {error}; {_likely_cause(error)}. The file was left alone") from error

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

    def some_keys(self, limit: int) -> list[bytes]:
        """At most ``limit`` of the keys there are, whichever."""
        return [row[0] for row in self._db.execute("SELECT key FROM state LIMIT ?", (limit,))]

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

    def move_timers(self, due_ms: Mapping[bytes, int | None]) -> None:
        """Give rows other timers than they were written with; the rows themselves stay as they are."""
        self._db.execute("BEGIN")
        self._db.executemany("UPDATE state SET due_ms = ? WHERE key = ?", [(due, key) for key, due in due_ms.items()])
        self._db.execute("COMMIT")

    def set_aside(self, key: bytes) -> None:
        """This timer is not due any more, until the row is written anew or the file is opened again."""
        self._has_set_aside = True
        self._db.execute("BEGIN")
        self._db.execute(
            "INSERT OR REPLACE INTO set_aside SELECT key, due_ms FROM state WHERE key = ? AND due_ms IS NOT NULL",
            (key,),
        )
        self._db.execute("UPDATE state SET due_ms = NULL WHERE key = ?", (key,))
        self._db.execute("COMMIT")

    def census(self) -> list[StandingCount]:
        """The rows that are counted, by standing."""
        counted = "SELECT standing, count(*), min(standing_ms) FROM state WHERE standing IS NOT NULL GROUP BY standing"
        return [StandingCount(*line) for line in self._db.execute(counted)]

    def keep_derived_by(self, settings: str, derive: Callable[[bytes], Row]) -> int:
        """Make all that is derived from the rows as of ``settings``; how many changed.

        ``derive`` makes the row of a value. It is asked for every row, some ten seconds for a million of them, but
        only when what is in the file was derived by other settings.
        """
        if self._db.execute("SELECT settings FROM derived_by").fetchall() == [(settings,)]:
            return 0
        rows = self._db.execute("SELECT key, value, due_ms, standing, standing_ms FROM state")
        changed = [(*row[1:], key) for key, value, *was in rows if (row := derive(value))[1:] != tuple(was)]
        self._db.execute("BEGIN")
        self._db.executemany("UPDATE state SET due_ms = ?, standing = ?, standing_ms = ? WHERE key = ?", changed)
        self._db.execute("DELETE FROM derived_by")
        self._db.execute("INSERT INTO derived_by VALUES (?)", (settings,))
        self._db.execute("COMMIT")
        return len(changed)

    def apply(self, rows: Mapping[bytes, Row], changelog_offset: int) -> None:
        """Write rows and offset in one SQLite transaction."""
        upserts, deletes = [], []
        for key, row in rows.items():
            if row.value is None:
                deletes.append((key,))
            else:
                upserts.append((key, *row))
        self._db.execute("BEGIN")
        self._db.executemany("DELETE FROM state WHERE key = ?", deletes)
        self._db.executemany(
            "INSERT INTO state VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
            "due_ms = excluded.due_ms, standing = excluded.standing, standing_ms = excluded.standing_ms",
            upserts,
        )
        if self._has_set_aside:
            self._db.executemany("DELETE FROM set_aside WHERE key = ?", [(key,) for key in rows])
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

    def _connect_or_rebuild(self) -> None:
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_spoilt(error):
                raise
            self.clear()

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
        self._take_back()

    def _take_back(self) -> None:
        """Timers that were set aside are due again."""
        self._db.execute("BEGIN")
        self._db.execute(
            "UPDATE state SET due_ms = (SELECT due_ms FROM set_aside WHERE set_aside.key = state.key) "
            "WHERE key IN (SELECT key FROM set_aside)"
        )
        self._db.execute("DELETE FROM set_aside")
        self._db.execute("COMMIT")
        self._has_set_aside = False


def _is_spoilt(error: sqlite3.DatabaseError) -> bool:
    """True when the content is at fault: not a database, torn pages, or tables of another version."""
    return not isinstance(error, sqlite3.OperationalError) or error.sqlite_errorcode == sqlite3.SQLITE_ERROR


def _likely_cause(error: sqlite3.OperationalError) -> str:
    match error.sqlite_errorcode & 0xFF:  # the rest tells which kind of it
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another process uses it; give each a CBUS_STATE_DIR of its own"
        case sqlite3.SQLITE_FULL:
            return "the disk is full; make room"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return "this user may not write there; check CBUS_STATE_DIR and its owner"
        case _:
            return "check the disk"


def _boot_id() -> str:
    """Changes with every start of the machine; empty where the system does not tell (then writes are synced)."""
    try:
        return _BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return ""

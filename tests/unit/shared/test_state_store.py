"""The partition store behaves as a dictionary with a due index that survives being closed, killed and moved."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.errors import FatalError
from shared.state.sqlite import PartitionStore, Row

REPOSITORY = Path(__file__).parents[3]
MEMORY = Path("/dev/shm")  # noqa: S108 - hundreds of opened files need not wait for a disk
KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"\x00", "投诉".encode()])
INSTANTS = st.integers(0, 20)
STANDINGS = st.just((None, None)) | st.tuples(st.sampled_from(["open", "open late"]), INSTANTS)
ROWS = st.builds(
    lambda value, due_ms, standing: Row(value, due_ms, *standing),
    st.none() | st.binary(max_size=8),
    st.none() | INSTANTS,
    STANDINGS,
)


class StoreMachine(RuleBasedStateMachine):
    """Store and model side by side; every rule does the same to both."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.path = Path(self._directory.name) / "counter" / "3.sqlite"
        self.rows: dict[bytes, Row] = {}
        self.aside: dict[bytes, int] = {}
        self.offset = 0

    @initialize()
    def open(self) -> None:
        self.store = PartitionStore(self.path, "cluster")

    @rule(rows=st.dictionaries(KEYS, ROWS, max_size=6), step=st.integers(0, 5))
    def apply(self, rows: dict[bytes, Row], step: int) -> None:
        self.offset += step
        self.store.apply(rows, self.offset)
        for key, row in rows.items():
            self.rows.pop(key, None)
            self.aside.pop(key, None)
            if row.value is not None:
                self.rows[key] = row

    @rule(key=KEYS)
    def set_aside(self, key: bytes) -> None:
        self.store.set_aside(key)
        row = self.rows.get(key)
        if row is not None and row.due_ms is not None:
            self.aside[key] = row.due_ms
            self.rows[key] = row._replace(due_ms=None)

    @rule(due=st.dictionaries(KEYS, st.none() | INSTANTS, max_size=3))
    def move_timers(self, due: dict[bytes, int | None]) -> None:
        moved = {key: due_ms for key, due_ms in due.items() if key in self.rows and key not in self.aside}
        self.store.move_timers(moved)
        self.rows |= {key: self.rows[key]._replace(due_ms=due_ms) for key, due_ms in moved.items()}

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.open_again()

    def open_again(self) -> None:
        """What was set aside is due again."""
        self.open()
        self.rows |= {key: self.rows[key]._replace(due_ms=due_ms) for key, due_ms in self.aside.items()}
        self.aside.clear()

    @rule()
    def open_beside_as_after_a_kill(self) -> None:
        """A killed process closes nothing; the next one opens over what is there."""
        killed = self.store
        self.open_again()
        killed.close()

    @rule(accident=st.sampled_from(["cleared", "another cluster", "spoilt"]), garbage=st.binary(min_size=100))
    def lose_everything(self, accident: str, garbage: bytes) -> None:
        if accident == "cleared":
            self.store.clear()
        else:
            self.store.close()
            if accident == "spoilt":
                self.path.write_bytes(garbage)
            else:
                self.open_for_another_cluster()
            self.open()
        self.rows.clear()
        self.aside.clear()
        self.offset = 0

    def open_for_another_cluster(self) -> None:
        store = PartitionStore(self.path, "another cluster")
        assert (store.count(), store.changelog_offset) == (0, 0)
        store.close()

    @invariant()
    def holds_the_same_rows_at_the_same_offset(self) -> None:
        if hasattr(self, "store"):
            assert self.store.changelog_offset == self.offset
            assert self.store.count() == len(self.rows)
            assert self.store.get(b"a") == (self.rows[b"a"].value if b"a" in self.rows else None)
            for key, row in self.rows.items():
                assert self.store.get(key) == row.value
            everything = {b"a", b"nothing is kept for this", *self.rows}
            assert self.store.get_many(everything) == {key: row.value for key, row in self.rows.items()}

    @rule(now=INSTANTS, limit=st.integers(1, 4))
    def due(self, now: int, limit: int) -> None:
        self.check_due(now, limit)

    @invariant()
    def all_timers_are_known(self) -> None:
        if hasattr(self, "store"):
            self.check_due(20, 100)

    @invariant()
    def every_row_is_counted_once_where_it_stands(self) -> None:
        if hasattr(self, "store"):
            instants: dict[str, list[int]] = {}
            for row in self.rows.values():
                if row.standing is not None and row.standing_ms is not None:
                    instants.setdefault(row.standing, []).append(row.standing_ms)
            expected = {(standing, len(group), min(group)) for standing, group in instants.items()}
            assert set(self.store.census()) == expected

    def check_due(self, now: int, limit: int) -> None:
        timers = {key: row.due_ms for key, row in self.rows.items() if row.due_ms is not None}
        found = self.store.due(now, limit)
        expected = sorted(due for due in timers.values() if due <= now)[:limit]
        assert [timers[key] for key in found] == expected, "the earliest ones, in order, at most limit"
        assert len(set(found)) == len(found)
        assert self.store.next_due_ms() == min(timers.values(), default=None)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self._directory.cleanup()


StoreMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestPartitionStore = StoreMachine.TestCase


def test_what_is_derived_is_derived_anew_when_what_it_depends_on_changed_and_only_then(tmp_path: Path) -> None:
    asked: list[bytes] = []

    def derive(value: bytes) -> Row:
        asked.append(value)
        return Row(value, int(value) * 10 or None, "even" if int(value) % 2 == 0 else None, int(value))

    store = PartitionStore(tmp_path / "0.sqlite", "cluster")
    assert store.keep_derived_by("patience 1", derive) == 0
    store.apply({b"a": Row(b"1", 1, "odd", 1), b"b": derive(b"2"), b"c": Row(b"0", 5), b"d": Row(b"4", 40)}, 3)
    store.close()
    asked.clear()
    store = PartitionStore(tmp_path / "0.sqlite", "cluster")
    assert store.keep_derived_by("patience 1", derive) == 0
    assert asked == []
    assert store.keep_derived_by("patience 10", derive) == 3
    assert (store.due(10, 9), store.due(100, 9)) == ([b"a"], [b"a", b"b", b"d"])
    assert store.census() == [("even", 3, 0)]
    assert store.get(b"a") == b"1"
    assert store.changelog_offset == 3
    store.close()


def test_a_file_another_process_holds_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "0.sqlite"
    store = PartitionStore(path, "cluster")
    store.apply({b"a": Row(b"1", 1)}, 7)
    store._db.execute("PRAGMA locking_mode = EXCLUSIVE")
    store._db.execute("BEGIN EXCLUSIVE")
    with pytest.raises(FatalError, match=r"0\.sqlite: database is locked; another process"):
        PartitionStore(path, "cluster")
    store._db.execute("COMMIT")
    store.close()
    again = PartitionStore(path, "cluster")
    assert (again.get(b"a"), again.changelog_offset) == (b"1", 7)
    again.close()


def test_a_path_that_cannot_be_opened_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "0.sqlite").mkdir()
    with pytest.raises(FatalError, match=r"0\.sqlite: unable to open database file; .*CBUS_STATE_DIR"):
        PartitionStore(tmp_path / "0.sqlite", "cluster")


def test_a_file_with_tables_of_another_version_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "0.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE origin (something_else TEXT)")
    other.commit()
    other.close()
    store = PartitionStore(path, "cluster")
    assert (store.count(), store.changelog_offset) == (0, 0)
    store.close()


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from shared.state.sqlite import PartitionStore, Row
store = PartitionStore(Path(sys.argv[1]), "cluster")
for number in range(1, 10_000):
    store.apply({b"%d" % each: Row(b"%d" % number, number) for each in range(20)}, number)
    if number == 137:
        store._db.execute("BEGIN")
        store._db.execute("UPDATE state SET value = 'torn' WHERE key = '3'")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_between_two_writes_leaves_rows_and_offset_of_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "0.sqlite"
    done = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], cwd=REPOSITORY, env={**os.environ})
    assert done.returncode == -signal.SIGKILL
    store = PartitionStore(path, "cluster")
    assert store.changelog_offset == 137
    assert {store.get(b"%d" % each) for each in range(20)} == {b"137"}
    store.close()


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = PartitionStore(tmp_path / "0.sqlite", "cluster")
    store.apply({b"a": Row(b"1", 1)}, 1)
    with pytest.raises(sqlite3.Error):
        store.apply({b"a": Row(b"2", 2), b"b": Row(object(), 2)}, 2)  # type: ignore[arg-type]
    store.close()
    again = PartitionStore(tmp_path / "0.sqlite", "cluster")
    assert (again.get(b"a"), again.get(b"b"), again.changelog_offset) == (b"1", None, 1)
    again.close()


def test_a_file_from_before_the_last_reboot_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may have mixed old pages with new ones in it, and nothing in the file would show that."""
    boot_id = tmp_path / "boot_id"
    monkeypatch.setattr("shared.state.sqlite._BOOT_ID_FILE", boot_id)
    boot_id.write_text("first\n")
    store = PartitionStore(tmp_path / "0.sqlite", "cluster")
    store.apply({b"a": Row(b"1", 1)}, 1)
    store.close()
    boot_id.write_text("second\n")
    again = PartitionStore(tmp_path / "0.sqlite", "cluster")
    assert (again.get(b"a"), again.changelog_offset) == (None, 0)
    again.close()


@pytest.mark.parametrize(("known", "synchronous"), [(True, 0), (False, 1)])
def test_where_a_reboot_cannot_be_told_writes_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool, synchronous: int
) -> None:
    boot_id = tmp_path / "boot_id"
    if known:
        boot_id.write_text("first\n")
    monkeypatch.setattr("shared.state.sqlite._BOOT_ID_FILE", boot_id)
    store = PartitionStore(tmp_path / "0.sqlite", "cluster")
    assert store._db.execute("PRAGMA synchronous").fetchone() == (synchronous,)
    store.apply({b"a": Row(b"1", 1)}, 1)
    store.close()
    again = PartitionStore(tmp_path / "0.sqlite", "cluster")
    assert again.get(b"a") == b"1"
    again.close()

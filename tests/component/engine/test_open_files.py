"""Open files of a processor: three for each partition it owns, however often partitions and batches come and go."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import TransactionDoubt
from shared.streaming.memory import MemoryBroker
from tests.component.engine.harness import START, TOPICS, Process, urge

PARTITIONS = 12
FILES_PER_PARTITION = 3
"""SQLite's database, its write-ahead log, and the index of that."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not tell open files")


def state_files(directory: Path) -> int:
    """How many of this process's open files lie in ``directory``."""
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return sum(str(directory) in os.readlink(link) for link in links if link.is_symlink())


def test_files_follow_the_partitions_that_are_owned_and_nothing_else(tmp_path: Path) -> None:
    cluster = MemoryBroker(dict.fromkeys(TOPICS, PARTITIONS))
    process = Process(cluster, tmp_path / "state", max_records=5)
    process.run()
    seen = set[int]()
    for number in range(60):
        urge(cluster, number, case=f"case-{number}")
        if number % 3 == 0:
            process.broker.consumers[0].expire()  # a rebalance: everything is given up and given anew
        if number % 7 == 0:
            process.faults.before_flush = doubt_once(process)
        process.run(3)
        seen.add(state_files(tmp_path))
    assert seen == {FILES_PER_PARTITION * PARTITIONS}
    twin = Process(cluster, tmp_path / "twin", instance="twin")
    for _ in range(3):
        twin.run(1)
        process.run(1)
    assert state_files(tmp_path / "state") == state_files(tmp_path / "twin") == FILES_PER_PARTITION * PARTITIONS / 2
    for each in (process, twin):
        each.loop.close()
    assert state_files(tmp_path) == 0
    assert process.clock.now() == START


def doubt_once(process: Process) -> Callable[[], None]:
    """A fault at the next transaction only."""

    def fault() -> None:
        process.faults.before_flush = lambda: None
        raise TransactionDoubt("once")

    return fault

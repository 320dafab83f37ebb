"""Open files and memory of every service process, noted while it lives: what leaks shows in a process that lived long.

Read from ``/proc``, so only on Linux; elsewhere nothing is noted and the checker says so.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

EVERY_SECONDS = 5.0
PROC = Path("/proc")
_STATE_FILE = ".sqlite"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """What a process holds."""

    fds: int
    state_files: int
    """Those of ``fds`` that are files of local state: three for each partition that is owned."""
    rss_bytes: int


class Running(Protocol):
    """What is to be known of a service process."""

    @property
    def service(self) -> str:
        """Its service."""

    @property
    def name(self) -> str:
        """Which instance it is, e.g. ``router-1``."""

    @property
    def pid(self) -> int | None:
        """Its process id."""

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""


def can_sample() -> bool:
    """Whether this machine tells."""
    return (PROC / "self/fd").is_dir() and (PROC / "self/statm").is_file()


def usage_of(pid: int) -> Usage | None:
    """Open file descriptors and resident bytes of a process; None: it ended."""
    try:
        open_files = [_target(PROC / str(pid) / "fd" / name) for name in os.listdir(PROC / str(pid) / "fd")]
        resident = int((PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    if not resident:
        return None  # one that waits for its parent has no memory
    return Usage(len(open_files), sum(_STATE_FILE in path for path in open_files), resident * _PAGE_BYTES)


def _target(link: Path) -> str:
    """What an open file is; empty when it was closed meanwhile."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


class ResourceSampler:
    """One thread that looks at all ``processes`` every five seconds and appends a line for each to ``path``."""

    def __init__(
        self, processes: Callable[[], Iterable[Running]], path: Path, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._processes = processes
        self._every_seconds = every_seconds
        self._started = time.monotonic()
        self._stopping = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lines = path.open("w", encoding="utf-8")
        self._thread = threading.Thread(target=self._run, name="resources", daemon=True)

    def start(self) -> None:
        """Begin; does nothing where nothing can be seen."""
        if can_sample():
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._lines.close()

    def _run(self) -> None:
        while True:
            self._look()
            if self._stopping.wait(self._every_seconds):
                return

    def _look(self) -> None:
        second = round(time.monotonic() - self._started, 1)
        for process in self._processes():
            pid = process.pid
            usage = usage_of(pid) if pid is not None and process.is_alive else None
            if usage is not None:
                who = {"service": process.service, "instance": process.name, "pid": pid}
                self._lines.write(json.dumps({"second": second, **who, **usage._asdict()}) + "\n")
        self._lines.flush()

"""A lock on a data directory, so that no two brokers ever write into the same one.

A second broker over a live one spoils its metadata log. The lock is a ``flock`` on a file in the directory. Servers
started over the directory inherit the open file, so the lock lasts until the last of them is gone, even when the
process that took it was killed.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from shared.errors import ComplaintBusError

LOCK_FILE = "in-use.lock"


class DataDirInUse(ComplaintBusError):
    """Another stack runs over this data directory; ``pid`` is the process that took it (None if unknown)."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        super().__init__(
            f"data directory {directory} is in use by process {pid or '(unknown)'} or a server it started; "
            "stop that one or choose another directory. Nothing was changed."
        )
        self.directory = directory
        self.pid = pid


class DirectoryLock:
    """Exclusive use of one directory, from ``acquire`` to ``release``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._file: int | None = None

    @property
    def file(self) -> int:
        """The descriptor a child must inherit to share the lock."""
        if self._file is None:
            raise RuntimeError(f"the lock on {self.directory} is not held")
        return self._file

    def acquire(self, *, wait: bool = False) -> None:
        """Take the lock, creating the directory; raises ``DataDirInUse`` if it is taken and ``wait`` is false."""
        self.directory.mkdir(parents=True, exist_ok=True)
        file = os.open(self.directory / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as failure:
            os.close(file)
            if failure.errno in (errno.EAGAIN, errno.EACCES):
                raise DataDirInUse(self.directory, holder_pid(self.directory)) from None
            raise
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give the lock up; servers that inherited it keep the directory locked until they end."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> DirectoryLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder_pid(directory: Path) -> int | None:
    """The process that last took the lock on ``directory``; None if nobody ever did."""
    try:
        return int((directory / LOCK_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None

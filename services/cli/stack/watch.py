"""Looks after the local broker while a command runs over it: one that ends by itself is said, with its reason.

Without this the commands would go on asking a broker that is gone, and in the end tell that nobody answered. The usual
reason is a full disk: a broker whose only log directory fails stops itself.
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from services.cli.console.system_failure import tells_of_a_full_disk
from shared.errors import ComplaintBusError

LOOK_EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 1.0
"""How long the first, polite signal is given before a second one ends the wait for a broker that is gone."""

LOG_BYTES_READ = 200_000
ROOM_LEFT_BYTES = 1_000_000


class StackEnded(ComplaintBusError):
    """A server of the local stack did not start or ended by itself; says why and what to do."""


class Node(Protocol):
    """What is looked at of a broker."""

    directory: Path

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        ...

    @property
    def log_path(self) -> Path:
        """Its own log file."""
        ...


@contextmanager
def telling_why_it_ended() -> Iterator[None]:
    """A server that cannot start becomes StackEnded."""
    from deploy.local.child_process import ChildProcessFailed
    from deploy.local.polling import DeadlineExceeded

    try:
        yield
    except (ChildProcessFailed, DeadlineExceeded) as failure:
        if tells_of_a_full_disk(str(failure)):
            raise StackEnded(f"a server of the local stack did not start: {_disk_full()}") from None
        raise StackEnded(str(failure)) from None


@contextmanager
def watching(nodes: Sequence[Node]) -> Iterator[None]:
    """Within the block a node that ends stops this process as Ctrl-C would; at its end StackEnded says why."""
    finished = threading.Event()
    watcher = threading.Thread(target=_watch, args=(nodes, finished), name="stack-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
        problem = problem_of(nodes)
        if problem is not None:
            raise StackEnded(problem)


def problem_of(nodes: Sequence[Node]) -> str | None:
    """Why the first node that ended did so; None while all run."""
    ended = next((node for node in nodes if not node.is_alive), None)
    if ended is None:
        return None
    log = _end_of(ended.log_path)
    if tells_of_a_full_disk(log) or _is_full(ended.directory):
        return f"the local Kafka stopped itself: {_disk_full(ended.directory)}"
    last = "\n".join([line for line in log.splitlines() if not line.startswith("\t")][-5:])
    return f"the local Kafka ended by itself; was it killed? Start it again. Last lines of its log:\n{last}"


def _disk_full(directory: Path | None = None) -> str:
    where = f" of {directory}" if directory is not None else ""
    return f"the disk{where} is full; free some room, or choose a larger disk (TMPDIR, --data-dir), and start it again"


def _watch(nodes: Sequence[Node], finished: threading.Event) -> None:
    while not finished.wait(LOOK_EVERY_SECONDS):
        if all(node.is_alive for node in nodes):
            continue
        _stop_the_command()
        if not finished.wait(PATIENCE_SECONDS):
            _stop_the_command()
        return


def _stop_the_command() -> None:
    """As Ctrl-C does; only where the command handles that, or its clean-up would not run."""
    main: Any = threading.main_thread().ident
    if signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN):
        signal.pthread_kill(main, signal.SIGTERM)


def _is_full(directory: Path) -> bool:
    try:
        return shutil.disk_usage(directory).free < ROOM_LEFT_BYTES
    except OSError:
        return False


def _end_of(log: Path) -> str:
    try:
        return log.read_bytes()[-LOG_BYTES_READ:].decode(errors="replace")
    except OSError:
        return ""

"""One server or service as a child process: started with a log file, signalled, and never left behind.

A child leads its own process group, so Ctrl-C on the terminal reaches only the parent, which decides the order in
which things stop. It dies with the parent (see ``die_with_parent``), and at a normal exit of the interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local import die_with_parent

_LAUNCHER = [sys.executable, "-I", "-S", die_with_parent.__file__]

# Linux sends the death signal when the *thread* that started the child ends, so one thread that lives as long as
# the interpreter starts them all. Callers may then come from any thread.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-spawner")
_alive: weakref.WeakSet[ChildProcess]


class ChildProcessFailed(RuntimeError):
    """A child ended although it should run; the message carries the end of its log."""


class ChildProcess:
    """A command that can be started, stopped, killed, paused and started again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
        working_directory: Path | None = None,
        inherited_files: Callable[[], Sequence[int]] = tuple,
    ) -> None:
        """``environment`` is added to this process's own; ``inherited_files`` tells, at each start, which open
        descriptors the child keeps.
        """
        self.name = name
        self.command = list(command)
        self.log_path = log_path
        self.environment = dict(environment or {})
        self._working_directory = working_directory
        self._inherited_files = inherited_files
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command; its output is appended to the log file."""
        if self.is_alive:
            raise RuntimeError(f"{self.name} already runs as process {self.pid}")
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._process = _spawner.submit(self._spawn, tuple(self._inherited_files())).result()
        _alive.add(self)

    def _spawn(self, inherited: tuple[int, ...]) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [*_LAUNCHER, str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                cwd=self._working_directory,
                pass_fds=inherited,
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        """Process id of the current or last run; None before the first."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether the process runs (a paused one does)."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Exit code of the last run, negative for a signal; None while it runs or before the first run."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        """Send SIGTERM (and wake a paused process, which could not hear it); does not wait."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)

    def terminate(self, timeout_seconds: float = 15.0) -> int | None:
        """Ask to stop, kill after ``timeout_seconds``; returns the exit code."""
        if self.is_alive:
            self.ask_to_stop()
            try:
                self.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.exit_code

    def kill(self) -> int | None:
        """Kill at once (SIGKILL), the whole process group; returns the exit code."""
        if self.is_alive:
            self._signal(signal.SIGKILL)
            self.wait(10.0)
        return self.exit_code

    def pause(self) -> None:
        """Freeze the process (SIGSTOP): its connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for the end; raises ``subprocess.TimeoutExpired`` after ``timeout_seconds``."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.wait(timeout_seconds)

    def require_alive(self) -> None:
        """Raise ``ChildProcessFailed`` with the end of the log if the process has ended."""
        if not self.is_alive:
            raise ChildProcessFailed(
                f"{self.name} ended with exit code {self.exit_code}; last lines of {self.log_path}:\n{self.log_tail()}"
            )

    def log_tail(self, lines: int = 20) -> str:
        """The last ``lines`` lines of the log; without Java's stack frames, which would push the reason out."""
        if not self.log_path.exists():
            return "(no log)"
        said = (line for line in self.log_path.read_text(errors="replace").splitlines() if not _is_frame(line))
        return "\n".join(list(said)[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):  # it may have ended since the poll
            os.killpg(self._process.pid, number)


def _is_frame(line: str) -> bool:
    return line.startswith(("\tat ", "\t... "))


_alive = weakref.WeakSet()


@atexit.register
def _kill_what_is_left() -> None:
    for child in list(_alive):
        child.kill()

"""Keeps a set of services running, as an orchestrator would: start in order, restart what ends, stop in reverse order.

A service that ends by itself is started again after a growing pause; one stopped or killed through the supervisor is
treated alike unless ``forget`` was called for it. Without ``restart`` an ended service stays down, which is what a
test that counts crashes wants.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from deploy.local.service_process import ServiceProcess
from shared.backoff import wait_after

CHECK_INTERVAL_SECONDS = 0.1


@dataclass(frozen=True)
class RestartPolicy:
    """How long to wait before a restart: doubling from ``first_seconds`` to ``longest_seconds``.

    The pause falls back to the first after a run of ``healthy_seconds``.
    """

    first_seconds: float = 0.5
    longest_seconds: float = 15.0
    healthy_seconds: float = 30.0

    def pause_seconds(self, short_runs: int) -> float:
        """The pause after this many short runs in a row (1 is the first)."""
        return wait_after(short_runs, self.first_seconds, self.longest_seconds)


@dataclass
class _Watched:
    """A service and what the supervisor remembers of its runs."""

    process: ServiceProcess
    started_at: float
    restarts: int = 0
    short_runs: int = 0
    restart_at: float | None = field(default=None)


class Supervisor:
    """Starts, watches and stops services. Use as a context manager so that nothing is left running."""

    def __init__(self, *, restart: RestartPolicy | None = None) -> None:
        """``restart`` None: never restart."""
        self._policy = restart
        self._watched: dict[str, _Watched] = {}
        self._restarts = 0
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    @property
    def processes(self) -> tuple[ServiceProcess, ...]:
        """The services, in start order."""
        with self._guard:
            return tuple(watched.process for watched in self._watched.values())

    @property
    def all_restarts(self) -> int:
        """How often any service was started again, those since forgotten included."""
        return self._restarts

    def restarts(self, name: str) -> int:
        """How often the service ``name`` (e.g. ``router-0``) was started again."""
        with self._guard:
            return self._watched[name].restarts

    def start(self, process: ServiceProcess, *, ready_within_seconds: float | None = 30.0) -> ServiceProcess:
        """Start a service and watch it; waits for its readiness unless ``ready_within_seconds`` is None."""
        process.start()
        with self._guard:
            self._watched[process.name] = _Watched(process, time.monotonic())
            if self._policy is not None and not self._watcher.is_alive():
                self._watcher.start()
        if ready_within_seconds is not None:
            process.wait_ready(ready_within_seconds)
        return process

    def forget(self, name: str) -> ServiceProcess:
        """Stop watching a service, so that it may end; returns it."""
        with self._guard:
            return self._watched.pop(name).process

    def stop(self, timeout_seconds: float = 10.0, *, together: bool = False) -> None:
        """Stop all services one by one, last started first; each has ``timeout_seconds`` to drain, then SIGKILL.

        ``together``: ask all at once, where nothing is under way between them.
        """
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for process in self.processes if together else ():
            process.ask_to_stop()
        for process in reversed(self.processes):
            process.terminate(timeout_seconds)

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_INTERVAL_SECONDS):
            with self._guard:
                for watched in self._watched.values():
                    self._look_at(watched, time.monotonic())

    def _look_at(self, watched: _Watched, now: float) -> None:
        if watched.process.is_alive or self._policy is None:
            return
        if watched.restart_at is None:
            ran_long = now - watched.started_at >= self._policy.healthy_seconds
            watched.short_runs = 1 if ran_long else watched.short_runs + 1
            watched.restart_at = now + self._policy.pause_seconds(watched.short_runs)
        elif now >= watched.restart_at:
            watched.process.start()
            watched.started_at, watched.restart_at = now, None
            watched.restarts += 1
            self._restarts += 1

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

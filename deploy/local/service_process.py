"""One service of the bus (``python -m services.NAME``) as a child process, with its log and its readiness."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.child_process import ChildProcess
from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from shared.observability.readiness import is_ready

PROJECT_ROOT = Path(__file__).resolve().parents[2]
HEALTH_PORT_VARIABLE = "CBUS_HEALTH__PORT"
INSTANCE_VARIABLE = "CBUS_INSTANCE_ID"


class ServiceProcess:
    """A service that can be started, stopped, killed, paused and started again on the same health port."""

    def __init__(
        self,
        service: str,
        *,
        log_directory: Path,
        environment: Mapping[str, str] | None = None,
        instance: str = "0",
        module: str | None = None,
        health_port: int | None = None,
    ) -> None:
        """``environment`` is added to this process's own; ``module`` defaults to ``services.<service>``.

        ``instance`` tells twins of one service apart: it names the log and is the service's ``CBUS_INSTANCE_ID``.
        """
        self.service = service
        self.instance = instance
        self.name = f"{service}-{instance}"
        self.health_port = health_port or free_port()
        self._process = ChildProcess(
            self.name,
            [sys.executable, "-m", module or f"services.{service}"],
            log_path=log_directory / f"{self.name}.log",
            environment={
                "PYTHONUNBUFFERED": "1",
                INSTANCE_VARIABLE: instance,
                **(environment or {}),
                HEALTH_PORT_VARIABLE: str(self.health_port),
            },
            working_directory=PROJECT_ROOT,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables this service gets on top of the parent's; may be changed between runs."""
        return self._process.environment

    @property
    def pid(self) -> int | None:
        """Process id of the current or last run."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs, paused or not."""
        return self._process.is_alive

    @property
    def exit_code(self) -> int | None:
        """Exit code of the last run, negative for a signal; None while it runs."""
        return self._process.exit_code

    @property
    def log_path(self) -> Path:
        """The service's log, appended to over restarts."""
        return self._process.log_path

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log."""
        return self._process.log_tail(lines)

    def start(self) -> None:
        """Start it; returns at once."""
        self._process.start()

    def wait_ready(self, timeout_seconds: float = 30.0) -> None:
        """Return when ``/ready`` answers 200; raise with the log's end if the service ends or is late."""
        wait_until(
            self._ready_or_dead,
            f"{self.name} to be ready on port {self.health_port} (log: {self.log_path})",
            timeout_seconds=timeout_seconds,
        )

    def _ready_or_dead(self) -> bool:
        self._process.require_alive()
        return self.is_ready()

    def is_ready(self) -> bool:
        """Whether ``/ready`` answers 200 now."""
        return is_ready(self.health_port)

    def ask_to_stop(self) -> None:
        """SIGTERM without waiting: drain, commit, go."""
        self._process.ask_to_stop()

    def terminate(self, timeout_seconds: float = 15.0) -> int | None:
        """SIGTERM, then SIGKILL after ``timeout_seconds``; returns the exit code."""
        return self._process.terminate(timeout_seconds)

    def kill(self) -> int | None:
        """SIGKILL, as by the out-of-memory killer."""
        return self._process.kill()

    def pause(self) -> None:
        """SIGSTOP: makes a zombie of it."""
        self._process.pause()

    def resume(self) -> None:
        """SIGCONT after ``pause``."""
        self._process.resume()

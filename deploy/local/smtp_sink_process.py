"""The mail sink as a child process, and its truth log as a list."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from deploy.local.child_process import ChildProcess
from deploy.local.polling import wait_until
from deploy.local.ports import LOOPBACK, free_port

PROJECT_ROOT = Path(__file__).resolve().parents[2]


class SmtpSink:
    """Starts, kills and restarts ``deploy.local.smtp_sink`` on one port; ``script`` is described in ``smtp_script``."""

    def __init__(self, directory: Path, *, port: int | None = None, keep_text: bool = False) -> None:
        self.directory = directory
        self.host = LOOPBACK
        self.port = port or free_port()
        self.truth_log = directory / "accepted.jsonl"
        self.script_file = directory / "script.json"
        self._port_file = directory / "port"
        self._server = ChildProcess(
            "SMTP sink", self._command(keep_text), log_path=directory / "sink.log", working_directory=PROJECT_ROOT
        )

    def _command(self, keep_text: bool) -> list[str]:
        command = [sys.executable, "-m", "deploy.local.smtp_sink", "--port", str(self.port)]
        command += ["--port-file", str(self._port_file), "--log", str(self.truth_log)]
        command += ["--script", str(self.script_file)]
        return [*command, "--keep-text"] if keep_text else command

    @property
    def pid(self) -> int | None:
        """Process id; None before the first start."""
        return self._server.pid

    def start(self, timeout_seconds: float = 15.0) -> None:
        """Start and wait until it listens."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._port_file.unlink(missing_ok=True)
        self._server.start()
        wait_until(self._listens, f"the SMTP sink on port {self.port}", timeout_seconds=timeout_seconds)

    def _listens(self) -> bool:
        self._server.require_alive()
        return self._port_file.exists()

    def misbehave(self, *rules: dict[str, Any]) -> None:
        """Replace the script, effective from the next message on; no rules: behave again."""
        aside = self.script_file.with_suffix(".part")
        aside.write_text(json.dumps(rules))
        aside.replace(self.script_file)

    def accepted(self) -> list[dict[str, Any]]:
        """Every message in the truth log, in order of arrival."""
        if not self.truth_log.exists():
            return []
        return [json.loads(line) for line in self.truth_log.read_text(encoding="utf-8").splitlines()]

    def stop(self) -> None:
        """SIGTERM."""
        self._server.terminate(5.0)

    def kill(self) -> None:
        """SIGKILL."""
        self._server.kill()

    def pause(self) -> None:
        """SIGSTOP: accepts connections (the kernel does), says nothing."""
        self._server.pause()

    def resume(self) -> None:
        """SIGCONT after ``pause``."""
        self._server.resume()

    def __enter__(self) -> SmtpSink:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

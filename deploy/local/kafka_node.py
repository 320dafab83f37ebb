"""One Kafka broker process: started, stopped, killed, paused, and started again on the same ports and data."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.child_process import ChildProcess, ChildProcessFailed
from deploy.local.directory_lock import DirectoryLock
from deploy.local.kafka_metadata import broker_ids
from deploy.local.kafka_properties import NodeAddress, render
from deploy.local.polling import DeadlineExceeded
from deploy.local.ports import is_listening

# Small and quick to start; for throughput measurements pass FAST_JVM instead.
QUICK_START_JVM = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
FAST_JVM = ("-Xmx1g", "-XX:+UseG1GC", "-server")

_LOGGING = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"


@dataclass(frozen=True)
class JavaRuntime:
    """How to run the broker's classes: which java, which jars, which flags."""

    java: str
    jars: Path
    jvm_flags: Sequence[str] = QUICK_START_JVM

    def command(self, temporary: Path, main_class: str, *arguments: str) -> list[str]:
        """The full command line for ``main_class``, which unpacks its native libraries into ``temporary``.

        A killed broker does not remove them; in a directory of its own they go with its data.
        """
        flags = [*self.jvm_flags, f"-Djava.io.tmpdir={temporary}", _LOGGING]
        return [self.java, *flags, "-cp", f"{self.jars}/*", main_class, *arguments]


@dataclass(frozen=True)
class ClientListener:
    """How clients of a secured cluster get in, and what its storage is formatted with."""

    security: Mapping[str, str] = field(default_factory=dict)
    """librdkafka's settings for whoever asks whether the node answers."""
    format_arguments: Sequence[str] = ()
    """More for the storage tool: ``--add-scram …`` makes users."""


class KafkaNode:
    """A combined broker and controller. ``directory`` gets ``server.properties``, ``broker.log`` and ``data/``."""

    def __init__(
        self,
        address: NodeAddress,
        directory: Path,
        runtime: JavaRuntime,
        lock: DirectoryLock,
        enter: Sequence[str] = (),
        listener: ClientListener | None = None,
    ) -> None:
        """``lock`` must be held at every start; the broker shares it, so it lasts as long as the broker does.

        ``enter`` is a command that runs the broker somewhere else (``NodeHost.enter``).
        """
        self.address = address
        self.directory = directory
        self._runtime = runtime
        self._listener = listener or ClientListener()
        self._properties_file = directory / "server.properties"
        self._temporary = directory / "tmp"
        self._broker = ChildProcess(
            f"Kafka node {address.node_id}",
            [*enter, *runtime.command(self._temporary, "kafka.Kafka", str(self._properties_file))],
            log_path=directory / "broker.log",
            inherited_files=lambda: [lock.file],
        )

    @property
    def node_id(self) -> int:
        """The broker id clients see."""
        return self.address.node_id

    @property
    def data_directory(self) -> Path:
        """Where the broker keeps its logs (``log.dirs``)."""
        return self.directory / "data"

    @property
    def log_path(self) -> Path:
        """The broker's own log file."""
        return self._broker.log_path

    @property
    def pid(self) -> int | None:
        """Process id; None before the first start."""
        return self._broker.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs, paused or not."""
        return self._broker.is_alive

    def write_properties(self, properties: Mapping[str, str]) -> None:
        """Write ``server.properties``, taking effect at the next start; the node's temporary directory is emptied."""
        self.directory.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._temporary, ignore_errors=True)  # a killed run's
        self._temporary.mkdir()
        self._properties_file.write_text(render(properties))

    def begin_format(self, cluster_id: str) -> subprocess.Popen[str] | None:
        """Start formatting the data directory; None if it was formatted before. Finish with ``end_format``."""
        if (self.data_directory / "meta.properties").exists():
            return None
        command = self._runtime.command(
            self._temporary,
            "kafka.tools.StorageTool",
            "format",
            "--cluster-id",
            cluster_id,
            "--config",
            str(self._properties_file),
            *self._listener.format_arguments,
        )
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end_format(self, formatting: subprocess.Popen[str] | None) -> None:
        """Wait for ``begin_format``; raises ``ChildProcessFailed`` with the tool's words if it was refused."""
        if formatting is None:
            return
        output, _ = formatting.communicate(timeout=60)
        if formatting.returncode != 0:
            raise ChildProcessFailed(f"formatting {self.data_directory} failed:\n{output[-2000:]}")

    def start(self) -> None:
        """Start the broker (again); returns at once, ``wait_ready`` waits."""
        self._broker.start()

    def wait_ready(self, timeout_seconds: float = 60.0) -> None:
        """Return when the broker answers a metadata request; raise with its log's end if it dies or is late."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            self._broker.require_alive()
            if is_listening(self.address.client_port, self.address.host) and self._answers():
                return
            time.sleep(0.05)
        raise DeadlineExceeded(
            f"Kafka node {self.node_id} did not answer on {self.address.bootstrap} within {timeout_seconds:g} s; "
            f"last lines of {self.log_path}:\n{self._broker.log_tail()}"
        )

    def _answers(self) -> bool:
        return self.node_id in broker_ids(self.address.bootstrap, security=self._listener.security)

    def ask_to_stop(self) -> None:
        """Begin a controlled shutdown without waiting for its end."""
        self._broker.ask_to_stop()

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Controlled shutdown: leaderships move away first. Killed after ``timeout_seconds``."""
        self._broker.terminate(timeout_seconds)

    def kill(self) -> None:
        """SIGKILL, as by the out-of-memory killer. Data already written to the page cache survives."""
        self._broker.kill()

    def pause(self) -> None:
        """SIGSTOP: the node keeps its connections and answers nobody."""
        self._broker.pause()

    def resume(self) -> None:
        """SIGCONT after ``pause``."""
        self._broker.resume()

    def restart(self, timeout_seconds: float = 60.0) -> None:
        """Stop if alive, start on the same ports and data, wait until ready."""
        self.stop()
        self.start()
        self.wait_ready(timeout_seconds)

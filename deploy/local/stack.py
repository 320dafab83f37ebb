"""The whole local stack as one thing to start and stop: Kafka, Valkey and, if wanted, the mail sink.

Start order: what others need first. Whatever fails, nothing is left running. Without ``data_dir`` everything lives in
a temporary directory and is thrown away; with it, records survive and the directory is locked while the stack runs.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from deploy.local.backend import Backend, BackendChoice, choose_backend
from deploy.local.containers import ContainerKafka, ContainerValkey
from deploy.local.directory_lock import DirectoryLock
from deploy.local.kafka import KafkaCluster
from deploy.local.smtp_sink_process import SmtpSink
from deploy.local.valkey import ValkeyServer
from deploy.topics.provision import TopicDefinition, provision

ADDRESSES_FILE = "addresses.json"


class Server(Protocol):
    """Anything the stack starts and stops. ``kill`` is for data that is thrown away."""

    def start(self) -> None:
        """Start and wait until ready."""
        ...

    def stop(self) -> None:
        """Stop in an orderly way."""
        ...

    def kill(self) -> None:
        """Stop at once."""
        ...


class KafkaServer(Server, Protocol):
    """A broker or cluster."""

    @property
    def bootstrap_servers(self) -> str:
        """Comma-separated ``host:port``."""
        ...

    @property
    def replication_factor(self) -> int:
        """The factor for new topics."""
        ...


class RedisServer(Server, Protocol):
    """A Valkey or Redis server."""

    @property
    def url(self) -> str:
        """Connection URL."""
        ...


@dataclass(frozen=True)
class StackPorts:
    """Where the servers are to listen; None: anywhere (a kept Kafka: where it was, if that is free)."""

    kafka: int | None = None
    redis: int | None = None
    smtp: int | None = None


@dataclass(frozen=True)
class StackAddresses:
    """Where a running stack can be reached. ``data_dir`` is None if the data will be thrown away.

    ``mail_log`` is the file to which the mail sink writes what it takes, one JSON object a line, text included.
    """

    kafka_bootstrap: str
    redis_url: str
    smtp_host: str | None
    smtp_port: int | None
    backend: Backend
    data_dir: str | None
    mail_log: str | None = None

    def as_environment(self) -> dict[str, str]:
        """The variables that point a service at this stack (see ``shared.settings``)."""
        environment = {"CBUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka_bootstrap, "CBUS_REDIS__URL": self.redis_url}
        if self.smtp_host is not None:
            environment |= {"CBUS_SMTP__HOST": self.smtp_host, "CBUS_SMTP__PORT": str(self.smtp_port)}
        return environment

    def as_json(self) -> str:
        """One JSON object: the fields, and ``environment``."""
        return json.dumps({**asdict(self), "environment": self.as_environment()}, indent=2)


def announce_on_stderr(line: str) -> None:
    """Progress for a person; standard output stays free for data."""
    sys.stderr.write(f"local stack: {line}\n")


class LocalStack:
    """Kafka, Valkey and the mail sink. Use as a context manager, or ``start`` and ``stop``.

    ``topics`` are created after the start. ``kafka_properties`` are broker settings that win over the defaults.
    """

    def __init__(
        self,
        *,
        backend: BackendChoice = "auto",
        data_dir: Path | None = None,
        nodes: int = 1,
        with_smtp_sink: bool = True,
        topics: Iterable[TopicDefinition] = (),
        kafka_properties: Mapping[str, str] | None = None,
        ports: StackPorts = StackPorts(),
        announce: Callable[[str], None] = announce_on_stderr,
    ) -> None:
        self._choice = backend
        self._kept = data_dir
        self._nodes = nodes
        self._with_smtp_sink = with_smtp_sink
        self._topics = tuple(topics)
        self._kafka_properties = dict(kafka_properties or {})
        self._ports = ports
        self._announce = announce
        self._running = ExitStack()
        self._addresses: StackAddresses | None = None
        self.kafka: KafkaServer
        self.valkey: RedisServer
        self.smtp_sink: SmtpSink | None = None

    @property
    def addresses(self) -> StackAddresses:
        """Where the servers are; only while the stack runs."""
        if self._addresses is None:
            raise RuntimeError("the local stack is not running")
        return self._addresses

    def start(self) -> StackAddresses:
        """Start everything and wait until it answers.

        Raises ``DataDirInUse`` if another stack runs over ``data_dir``, ``ConfigurationError`` if this machine lacks
        what the backend needs; the message says what to install.
        """
        chosen = choose_backend(self._choice, nodes=self._nodes)
        self._announce(f"backend {chosen.name} ({chosen.reason})")
        with ExitStack() as starting:
            directory = self._open_directory(starting)
            self._start_servers(chosen.name, directory, starting)
            addresses = self._collect_addresses(chosen.name)
            if self._topics:
                self._announce(self._provision())
            self._write_addresses(addresses, starting)
            self._running = starting.pop_all()
        self._addresses = addresses
        return addresses

    def _open_directory(self, starting: ExitStack) -> Path:
        if self._kept is None:
            directory = Path(tempfile.mkdtemp(prefix="complaint-bus-"))
            starting.callback(shutil.rmtree, directory, ignore_errors=True)
            return directory
        starting.enter_context(DirectoryLock(self._kept))
        return self._kept.resolve()

    def _start_servers(self, backend: Backend, directory: Path, starting: ExitStack) -> None:
        if backend == "docker":
            kafka_directory = directory / "kafka" if self._kept else None
            self.kafka = ContainerKafka(kafka_directory, self._kafka_properties, self._ports.kafka)
            self.valkey = ContainerValkey(self._ports.redis)
        else:
            self.kafka = KafkaCluster(
                directory / "kafka",
                nodes=self._nodes,
                properties=self._kafka_properties,
                client_port=self._ports.kafka,
            )
            self.valkey = ValkeyServer(directory / "valkey", port=self._ports.redis)
        servers: list[Server] = [self.kafka, self.valkey]
        if self._with_smtp_sink:
            self.smtp_sink = SmtpSink(directory / "smtp", port=self._ports.smtp, keep_text=True)
            servers.append(self.smtp_sink)
        for server in servers:
            starting.callback(server.stop if self._kept else server.kill)
            server.start()

    def _collect_addresses(self, backend: Backend) -> StackAddresses:
        return StackAddresses(
            kafka_bootstrap=self.kafka.bootstrap_servers,
            redis_url=self.valkey.url,
            smtp_host=self.smtp_sink.host if self.smtp_sink else None,
            smtp_port=self.smtp_sink.port if self.smtp_sink else None,
            backend=backend,
            data_dir=str(self._kept.resolve()) if self._kept else None,
            mail_log=str(self.smtp_sink.truth_log) if self.smtp_sink else None,
        )

    def _provision(self) -> str:
        report = provision(self.kafka.bootstrap_servers, self._topics, self.kafka.replication_factor)
        return report.summary()

    def _write_addresses(self, addresses: StackAddresses, starting: ExitStack) -> None:
        """Leave the addresses in a kept directory for other processes, for as long as they are true."""
        if self._kept is not None:
            file = self._kept / ADDRESSES_FILE
            file.write_text(addresses.as_json())
            starting.callback(file.unlink, missing_ok=True)

    def stop(self) -> None:
        """Stop everything, in reverse order; a temporary directory is removed. Safe to call twice."""
        self._addresses = None
        self._running.close()

    def __enter__(self) -> LocalStack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

"""The whole bus as real processes on real servers, for tests that break it. Nothing of ``services`` is imported."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.kafka import KafkaCluster
from deploy.local.kafka_node import KafkaNode
from deploy.local.node_host import NodeHost
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.service_process import PROJECT_ROOT, ServiceProcess
from deploy.local.smtp_sink_process import SmtpSink
from deploy.local.supervisor import RestartPolicy, Supervisor
from deploy.local.valkey import ValkeyServer
from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from shared.events.topics import bus_topics
from tests.support.between_commits import between_commits

CONFIG_DIRECTORY = PROJECT_ROOT / "deploy/config"
READY_WITHIN_SECONDS = 90.0
DOOR = "intake"
ALONE = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "60000"}
"""A single broker that has just come back drops transactions that ran out of time meanwhile, and forgets their markers
as it does those of commits (decision 0009): so it looks for them when it has been back for a while."""


@dataclass
class WholeBus:
    """Kafka, Valkey, a mail sink and any number of instances of each service, restarted when they die.

    ``instances`` maps a service to its number of processes; every instance of intake has an HTTP port of its own.
    """

    directory: Path
    instances: Mapping[str, int]
    speed: float = 1.0
    brokers: int = 1
    restart: RestartPolicy = field(default_factory=lambda: RestartPolicy(first_seconds=0.2))
    extra_environment: Mapping[str, str] = field(default_factory=dict)
    advertised: Mapping[int, str] = field(default_factory=dict)
    hosts: Mapping[int, NodeHost] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._exits = ExitStack()
        try:
            self._start()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    def _start(self) -> None:
        self.kafka = KafkaCluster(
            self.directory / "kafka",
            nodes=self.brokers,
            properties=ALONE if self.brokers == 1 else None,
            advertised=self.advertised,
            hosts=self.hosts,
        )
        self._exits.callback(self.kafka.kill)
        self.kafka.start()
        self.departments = department_ids(CONFIG_DIRECTORY / "departments.yaml")
        self.topics = [topic.name for topic in bus_topics(self.departments)]
        provision(self.kafka.bootstrap_servers, bus_topics(self.departments), self.kafka.replication_factor)
        self.valkey = ValkeyServer(self.directory / "valkey")
        self.valkey.start()
        self._exits.callback(self.valkey.kill)
        self.mail = self._exits.enter_context(SmtpSink(self.directory / "smtp"))
        self.http_ports = [free_port() for _ in range(self.instances.get(DOOR, 0))]
        self.origin = datetime.now(UTC)
        self.supervisor = self._exits.enter_context(Supervisor(restart=self.restart))
        self._start_services()

    def _start_services(self) -> None:
        started = [
            self.supervisor.start(self._service_process(service, number), ready_within_seconds=None)
            for service, count in self.instances.items()
            for number in range(count)
        ]
        for process in started:
            process.wait_ready(READY_WITHIN_SECONDS)

    def _service_process(self, service: str, number: int) -> ServiceProcess:
        return ServiceProcess(
            service,
            instance=str(number),
            log_directory=self.directory / "logs",
            environment=self.environment(service, number),
        )

    def environment(self, service: str, number: int = 0) -> dict[str, str]:
        """Variables of one instance of a service."""
        door = {"CBUS_HTTP__PORT": str(self.http_ports[number])} if service == DOOR else {}
        return {
            "CBUS_DEVELOPMENT": "true",
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "CBUS_REDIS__URL": self.valkey.url,
            "CBUS_SMTP__HOST": self.mail.host,
            "CBUS_SMTP__PORT": str(self.mail.port),
            "CBUS_STATE_DIR": str(self.directory / "state" / f"{service}-{number}"),
            "CBUS_CLOCK__SPEED": str(self.speed),
            "CBUS_CLOCK__ORIGIN": self.origin.isoformat(),
            **door,
            **self.extra_environment,
        }

    @property
    def urls(self) -> list[str]:
        """The HTTP doors, one per instance of intake."""
        return [f"http://{LOOPBACK}:{port}" for port in self.http_ports]

    def now(self) -> datetime:
        """The bus's own time."""
        return self.origin + (datetime.now(UTC) - self.origin) * self.speed

    def process(self, service: str, number: int = 0) -> ServiceProcess:
        """The process of one instance."""
        return next(process for process in self.supervisor.processes if process.name == f"{service}-{number}")

    def kill_node(self, node: KafkaNode) -> None:
        """SIGKILL one broker; the only one while no commit is half done (``between_commits``)."""
        processors = [process for process in self.supervisor.processes if process.service != DOOR]
        alone = between_commits(processors, self.kafka.bootstrap_servers) if self.brokers == 1 else nullcontext()
        with alone:
            node.kill()

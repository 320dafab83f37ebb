"""The whole bus as real processes on real servers, for tests that break it. Nothing of ``services`` is imported."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from deploy.local.kafka import KafkaCluster
from deploy.local.ports import free_port
from deploy.local.service_process import PROJECT_ROOT, ServiceProcess
from deploy.local.smtp_sink_process import SmtpSink
from deploy.local.supervisor import RestartPolicy, Supervisor
from deploy.local.valkey import ValkeyServer
from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from shared.events.topics import bus_topics

SERVICES = ("intake", "router", "sla", "notifier")


@dataclass
class Bus:
    """Kafka, Valkey, a mail sink and all services, restarted when they die."""

    directory: Path
    speed: float = 1.0
    services: tuple[str, ...] = SERVICES
    extra_environment: Mapping[str, str] = field(default_factory=dict)

    def __enter__(self) -> Bus:
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
        self.kafka = KafkaCluster(self.directory / "kafka")
        self._exits.callback(self.kafka.kill)
        self.kafka.start()
        self.departments = department_ids(PROJECT_ROOT / "deploy/config/departments.yaml")
        self.topics = [topic.name for topic in bus_topics(self.departments)]
        provision(self.kafka.bootstrap_servers, bus_topics(self.departments), self.kafka.replication_factor)
        self.valkey = ValkeyServer(self.directory / "valkey")
        self.valkey.start()
        self._exits.callback(self.valkey.kill)
        self.mail = self._exits.enter_context(SmtpSink(self.directory / "smtp"))
        self.http_port = free_port()
        self.origin = datetime.now(UTC)
        self.supervisor = self._exits.enter_context(Supervisor(restart=RestartPolicy(first_seconds=0.2)))
        for service in self.services:
            process = ServiceProcess(
                service, log_directory=self.directory / "logs", environment=self.environment(service)
            )
            self.supervisor.start(process, ready_within_seconds=60)

    def environment(self, service: str) -> dict[str, str]:
        """Variables of one service."""
        return {
            "CBUS_DEVELOPMENT": "true",
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "CBUS_KAFKA__SESSION_TIMEOUT_SECONDS": "6",
            "CBUS_REDIS__URL": self.valkey.url,
            "CBUS_SMTP__HOST": self.mail.host,
            "CBUS_SMTP__PORT": str(self.mail.port),
            "CBUS_HTTP__PORT": str(self.http_port),
            "CBUS_STATE_DIR": str(self.directory / "state" / service),
            "CBUS_CLOCK__SPEED": str(self.speed),
            "CBUS_CLOCK__ORIGIN": self.origin.isoformat(),
            **self.extra_environment,
        }

    @property
    def url(self) -> str:
        """The HTTP door."""
        return f"http://127.0.0.1:{self.http_port}"

    def now(self) -> datetime:
        """The bus's own time."""
        return self.origin + (datetime.now(UTC) - self.origin) * self.speed

    def process(self, service: str) -> ServiceProcess:
        """The process of one service."""
        return next(process for process in self.supervisor.processes if process.service == service)

    def kill(self, service: str) -> None:
        """SIGKILL a service; the supervisor starts it again."""
        self.process(service).kill()

    def kill_broker(self) -> None:
        """SIGKILL the broker and start it again over its data."""
        node = self.kafka.nodes[0]
        node.kill()
        node.start()
        self.kafka.wait_ready()


def submit(client: httpx.Client, url: str, submission: Mapping[str, Any], deadline_seconds: float = 90.0) -> str:
    """POST until it is answered 202, with the same key each time, as a careful client does; the complaint_id."""
    key = submission["channel_message_id"]
    deadline = time.monotonic() + deadline_seconds
    while True:
        try:
            response = client.post(f"{url}/v1/complaints", json=dict(submission), headers={"Idempotency-Key": key})
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code == 202:
            return str(response.json()["complaint_id"])
        again = response is None or response.status_code in (409, 503)
        assert again, f"{response.status_code if response else None}: {response.text if response else None}"
        assert time.monotonic() < deadline, "the door did not accept the complaint in time"
        time.sleep(0.2)


def expected_departments(submissions: Iterable[Mapping[str, Any]]) -> list[set[str]]:
    """What ``cbus route`` says about each submission: an answer of its own, outside the running bus."""
    lines = "\n".join(json.dumps(dict(submission)) for submission in submissions)
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "route"],
        input=lines,
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [{answer["lead"], *answer["co_handlers"]} for answer in answers]


def wait_until(done: Callable[[], bool], what: str, deadline_seconds: float) -> None:
    """Poll until ``done``; fail naming ``what``."""
    deadline = time.monotonic() + deadline_seconds
    while not done():
        assert time.monotonic() < deadline, f"{what}: not within {deadline_seconds:g} s"
        time.sleep(0.25)

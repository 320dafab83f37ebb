"""Servers and service processes of one measurement, and what is read off them."""

from __future__ import annotations

import os
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.kafka import KafkaCluster
from deploy.local.kafka_node import FAST_JVM
from deploy.local.ports import free_port
from deploy.local.service_process import PROJECT_ROOT, ServiceProcess
from deploy.local.smtp_sink_process import SmtpSink
from deploy.local.valkey import ValkeyServer
from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from shared.events.topics import bus_topics

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Rig:
    """A fresh broker and what runs beside it."""

    kafka: KafkaCluster
    directory: Path
    departments: list[str]
    environment: Mapping[str, str]
    http_port: int

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self.kafka.bootstrap_servers

    @contextmanager
    def service(self, name: str, *, module: str | None = None, wait_ready: bool = True) -> Iterator[ServiceProcess]:
        """A service process, stopped afterwards."""
        process = ServiceProcess(
            name, log_directory=self.directory / "logs", environment=dict(self.environment), module=module
        )
        process.start()
        try:
            if wait_ready:
                process.wait_ready(60)
            yield process
        finally:
            process.terminate(15)


@contextmanager
def rig() -> Iterator[Rig]:
    """A broker on the same machine with the bus's topics, Valkey and a mail sink; all thrown away."""
    with tempfile.TemporaryDirectory(prefix="complaint-bus-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        cluster = KafkaCluster(directory / "kafka", jvm_flags=FAST_JVM)
        valkey = ValkeyServer(directory / "valkey")
        try:
            cluster.start()
            valkey.start()
            departments = department_ids(PROJECT_ROOT / "deploy/config/departments.yaml")
            provision(cluster.bootstrap_servers, bus_topics(departments), 1)
            http_port = free_port()
            with SmtpSink(directory / "smtp") as mail:
                environment = {
                    "CBUS_DEVELOPMENT": "true",
                    "CBUS_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap_servers,
                    "CBUS_REDIS__URL": valkey.url,
                    "CBUS_SMTP__HOST": mail.host,
                    "CBUS_SMTP__PORT": str(mail.port),
                    "CBUS_HTTP__PORT": str(http_port),
                    "CBUS_STATE_DIR": str(directory / "state"),
                }
                yield Rig(cluster, directory, departments, environment, http_port)
        finally:
            valkey.kill()
            cluster.kill()


def metric(process: ServiceProcess, name: str, **labels: str) -> float:
    """Sum of a metric's samples that carry ``labels``, read from the service's ``/metrics``."""
    url = f"http://127.0.0.1:{process.health_port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:  # our own loopback server
        families = text_string_to_metric_families(answer.read().decode())
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def cpu_seconds(process: ServiceProcess) -> float:
    """CPU time of the service so far, user and system."""
    if process.pid is None:
        raise RuntimeError(f"{process.name} was never started")
    return process_cpu_seconds(process.pid)


def process_cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_megabytes(process: ServiceProcess) -> float:
    """Resident memory of the process."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


@dataclass(frozen=True)
class Rate:
    """Steady throughput: between the tenth and the ninetieth percent of the work."""

    per_second: float
    cpu_microseconds: float


def measure_rate(
    progress: Callable[[], float], cpu: Callable[[], float], total: int, deadline_seconds: float = 300.0
) -> Rate:
    """Watch ``progress`` climb to ``total``; raises when it does not within the deadline."""
    samples: list[tuple[float, float, float]] = []
    deadline = time.monotonic() + deadline_seconds
    done = 0.0
    while done < total:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {done:g} of {total} were done within {deadline_seconds:g} s")
        time.sleep(0.1)
        done = progress()
        samples.append((time.monotonic(), done, cpu()))
    first = next(sample for sample in samples if sample[1] >= 0.1 * total)
    last = next(sample for sample in samples if sample[1] >= 0.9 * total)
    handled = last[1] - first[1]
    return Rate(handled / (last[0] - first[0]), (last[2] - first[2]) / handled * 1e6)

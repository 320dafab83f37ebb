"""The services of the bus as processes beside the local stack, for ``cbus up --services`` and ``cbus demo``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.console.output import say
from shared.errors import ComplaintBusError
from shared.events import clients

if TYPE_CHECKING:
    from deploy.local.service_process import ServiceProcess
    from deploy.local.supervisor import Supervisor

SERVICES = tuple(each.name for each in sorted(clients.SERVICES, key=lambda each: not each.observes))
"""In start order: who watches comes first, the door opens when everything behind it runs."""

INTAKE_PORT = 8080
FIRST_HEALTH_PORT = 8081
READY_WITHIN_SECONDS = 60.0
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class BusServices:
    """What runs. ``intake_url`` is where complaints are posted."""

    supervisor: Supervisor
    intake_url: str

    def restarts(self) -> int:
        """How often a process ended by itself and was started again."""
        return self.supervisor.all_restarts

    def health_ports(self) -> dict[str, int]:
        """Service name to the port of its /metrics."""
        return {process.service: process.health_port for process in self.supervisor.processes}

    def urls(self) -> dict[str, str]:
        """Every address a person or a monitor may ask: the door, and each service's health page."""
        health = {f"{name}_ready": f"http://{LOOPBACK}:{port}/ready" for name, port in self.health_ports().items()}
        return {"intake": f"{self.intake_url}/v1/complaints", "intake_docs": f"{self.intake_url}/docs", **health}


def service_environment(directory: Path, config_dir: Path, http_port: int) -> dict[str, str]:
    """What the services need beside the servers' addresses."""
    return {
        "CBUS_CONFIG_DIR": str(config_dir.resolve()),
        "CBUS_STATE_DIR": str(directory / "state"),
        "CBUS_DEVELOPMENT": "true",  # the built-in query-code secret: this is for nothing but trying out
        "CBUS_HTTP__HOST": LOOPBACK,
        "CBUS_HTTP__PORT": str(http_port),
    }


@contextmanager
def running_services(
    environment: Mapping[str, str],
    http_port: int,
    log_directory: Path,
    *,
    others: Sequence[tuple[str, str]] = (),
    health_ports: Mapping[str, int] | None = None,
) -> Iterator[BusServices]:
    """All services, ready, until the block ends. Raises ComplaintBusError with the log's end if one does not start.

    ``others``: name and module of further processes. Whatever is not in ``health_ports`` takes a free one.
    """
    from deploy.local.service_process import ServiceProcess
    from deploy.local.supervisor import RestartPolicy, Supervisor

    def process(name: str, module: str | None) -> ServiceProcess:
        port = (health_ports or {}).get(name)
        return ServiceProcess(
            name, log_directory=log_directory, environment=environment, module=module, health_port=port
        )

    with Supervisor(restart=RestartPolicy()) as supervisor:
        wanted = [*((name, None) for name in SERVICES), *others]
        started = [supervisor.start(process(name, module), ready_within_seconds=None) for name, module in wanted]
        for each in started:
            _wait_ready(each)
        yield BusServices(supervisor, f"http://{LOOPBACK}:{http_port}")


def _wait_ready(process: ServiceProcess) -> None:
    from deploy.local.child_process import ChildProcessFailed

    try:
        process.wait_ready(READY_WITHIN_SECONDS)
    except (ChildProcessFailed, TimeoutError) as failure:
        raise ComplaintBusError(f"{failure}\n{process.log_tail()}") from None
    say(f"{process.name} is ready")

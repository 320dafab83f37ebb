"""The demo's processes: the services of the bus, the auditor among them, and the simulated departments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.output import say
from shared.errors import ComplaintBusError

if TYPE_CHECKING:
    from deploy.local.service_process import ServiceProcess
    from deploy.local.supervisor import Supervisor

SERVICES = ("auditor", "router", "sla", "notifier", "intake")
"""In start order: what a complaint needs last comes first, the door opens when everything behind it runs."""

DEPARTMENTS = "departments"
READY_WITHIN_SECONDS = 60.0
AUDITOR_PATIENCE_SECONDS = 20.0
"""What is missing for this long, by the machine's clock, the auditor calls a hole."""
LONGEST_PATIENCE = timedelta(days=30)
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoProcesses:
    """What runs. ``intake_url`` is where complaints are posted."""

    supervisor: Supervisor
    intake_url: str

    def restarts(self) -> int:
        """How often a process ended by itself and was started again."""
        return self.supervisor.all_restarts

    def health_ports(self) -> dict[str, int]:
        """Service name to the port of its /metrics."""
        return {process.service: process.health_port for process in self.supervisor.processes}

    def stop_departments(self) -> None:
        """Nobody works on the cases any more; what was said goes on through the bus."""
        self.supervisor.forget(f"{DEPARTMENTS}-0").terminate()


def service_environment(directory: Path, config_dir: Path, http_port: int, seed: int, speed: float) -> dict[str, str]:
    """What the demo's processes need beside the addresses and the clock. ``speed``: demo time per real time."""
    patience_seconds = min(AUDITOR_PATIENCE_SECONDS * speed, LONGEST_PATIENCE.total_seconds())
    return {
        "CBUS_HOLE_AFTER_SECONDS": repr(patience_seconds),
        "CBUS_CONFIG_DIR": str(config_dir.resolve()),
        "CBUS_STATE_DIR": str(directory / "state"),
        "CBUS_DEVELOPMENT": "true",  # the built-in query-code secret: a demo has nothing to hide
        "CBUS_HTTP__HOST": LOOPBACK,
        "CBUS_HTTP__PORT": str(http_port),
        "CBUS_DEMO_SEED": str(seed),
    }


@contextmanager
def running_services(environment: Mapping[str, str], http_port: int, log_directory: Path) -> Iterator[DemoProcesses]:
    """All processes, ready, until the block ends. Raises ComplaintBusError with the log's end if one does not start."""
    from deploy.local.service_process import ServiceProcess
    from deploy.local.supervisor import RestartPolicy, Supervisor

    def process(name: str, module: str | None = None) -> ServiceProcess:
        return ServiceProcess(name, log_directory=log_directory, environment=environment, module=module)

    with Supervisor(restart=RestartPolicy()) as supervisor:
        started = [supervisor.start(process(name), ready_within_seconds=None) for name in SERVICES]
        departments = process(DEPARTMENTS, "services.cli.demo_departments")
        started.append(supervisor.start(departments, ready_within_seconds=None))
        for each in started:
            _wait_ready(each)
        yield DemoProcesses(supervisor, f"http://{LOOPBACK}:{http_port}")


def _wait_ready(process: ServiceProcess) -> None:
    from deploy.local.child_process import ChildProcessFailed

    try:
        process.wait_ready(READY_WITHIN_SECONDS)
    except (ChildProcessFailed, TimeoutError) as failure:
        raise ComplaintBusError(f"{failure}\n{process.log_tail()}") from None
    say(f"{process.name} is ready")

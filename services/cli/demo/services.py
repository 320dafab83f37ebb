"""The demo's processes beside the services of the bus: the simulated departments; and the demo's own settings."""

from __future__ import annotations

from datetime import timedelta

from services.cli.bus.services import BusServices

DEPARTMENTS = "departments"
DEPARTMENTS_MODULE = "services.cli.demo.departments"
AUDITOR_PATIENCE_SECONDS = 20.0
"""What is missing for this long, by the machine's clock, the auditor calls a hole."""
LONGEST_PATIENCE = timedelta(days=30)


def demo_environment(seed: int, speed: float) -> dict[str, str]:
    """What a demo adds to the services' environment. ``speed``: demo time per real time."""
    patience_seconds = min(AUDITOR_PATIENCE_SECONDS * speed, LONGEST_PATIENCE.total_seconds())
    return {"CBUS_HOLE_AFTER_SECONDS": repr(patience_seconds), "CBUS_DEMO_SEED": str(seed)}


def stop_departments(services: BusServices) -> None:
    """Nobody works on the cases any more; what was said goes on through the bus."""
    services.supervisor.forget(f"{DEPARTMENTS}-0").terminate()

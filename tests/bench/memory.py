"""Memory of each service with 100,000 open cases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from shared.events.clients import PROCESSORS, subscription, topics_of
from shared.events.topics import RECEIVED
from tests.bench.complaints import submissions
from tests.bench.http_load import bodies, closed_loop
from tests.bench.measurement import Measurement
from tests.bench.output_ends import total_records
from tests.bench.rig import Rig, metric, resident_megabytes, rig

CASES = 100_000
CONNECTIONS = 32
_TIMEOUT_SECONDS = 600.0
_POLL_SECONDS = 0.5


def measure(cases: int = CASES) -> list[Measurement]:
    """Intake takes ``cases`` complaints nobody resolves, then one service after the other works through them."""
    with rig() as bench:
        measured = [_intake(bench, cases)]
        measured += [_processor(bench, name, inputs, cases) for name, inputs in _input_topics(bench.departments)]
    return measured


def _input_topics(departments: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """What each processor has to read of a case nobody works on, in an order in which all of it is there."""
    yield "router", (RECEIVED,)
    for name in (name for name in PROCESSORS if name != "router"):
        yield name, topics_of(subscription(name), departments)


def _intake(bench: Rig, cases: int) -> Measurement:
    with bench.service("intake") as intake:
        result = asyncio.run(closed_loop(bench.http_port, bodies(submissions(), "memory", cases), CONNECTIONS))
        if result.refused:
            raise RuntimeError(f"the door refused requests: {result.refused}")
        return _resident(intake, f"after {cases} complaints over {CONNECTIONS} connections")


def _processor(bench: Rig, name: str, inputs: Sequence[str], cases: int) -> Measurement:
    waiting = total_records(bench.bootstrap, inputs)
    with bench.service(name) as service:

        def is_through() -> bool:
            return _consumed(service, name, inputs) >= waiting and _rows(service, name) >= cases

        wait_until(
            is_through,
            f"{name} to work through {waiting} records and hold {cases} cases",
            timeout_seconds=_TIMEOUT_SECONDS,
            interval_seconds=_POLL_SECONDS,
        )
        return _resident(service, f"{waiting} records read, {_rows(service, name):.0f} open cases in its state")


def _consumed(service: ServiceProcess, name: str, inputs: Sequence[str]) -> float:
    return sum(metric(service, "complaintbus_records_consumed_total", service=name, topic=topic) for topic in inputs)


def _rows(service: ServiceProcess, name: str) -> float:
    return metric(service, "complaintbus_state_rows", service=name)


def _resident(service: ServiceProcess, how: str) -> Measurement:
    return Measurement(f"{service.service} memory", resident_megabytes(service), "MB", f"resident, {how}", "≤ 300")

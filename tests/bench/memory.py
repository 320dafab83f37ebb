"""Memory of each service with 100,000 open cases."""

from __future__ import annotations

from tests.bench.complaints import complaints
from tests.bench.measurement import Measurement
from tests.bench.preload import preload, submitted
from tests.bench.rig import measure_rate, metric, resident_megabytes, rig

CASES = 100_000


def measure(cases: int = CASES) -> list[Measurement]:
    """Router, SLA and notifier work through ``cases`` complaints nobody resolves; resident memory afterwards."""
    measured = []
    with rig() as bench:
        preload(bench.bootstrap, submitted(complaints(cases, "memory")))
        for name, records_per_case in (("router", 1), ("sla", 4), ("notifier", 3)):
            with bench.service(name) as service:
                measure_rate(
                    lambda service=service, name=name: metric(  # type: ignore[misc]  # bound for this round
                        service, "complaintbus_records_consumed_total", service=name
                    ),
                    lambda: 0.0,
                    records_per_case * cases,
                )
                megabytes = resident_megabytes(service)
            measured.append(
                Measurement(f"{name} memory", megabytes, "MB", f"resident, after {cases} open cases", "≤ 300")
            )
    return measured

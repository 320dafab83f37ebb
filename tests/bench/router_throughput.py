"""How many complaints one router process reads, classifies and fans out per second, exactly once."""

from __future__ import annotations

from deploy.local.service_process import ServiceProcess
from shared.events.topics import department_topic
from tests.bench.complaints import complaints
from tests.bench.measurement import Measurement
from tests.bench.output_ends import total_records
from tests.bench.preload import preload, submitted
from tests.bench.rig import Rate, cpu_seconds, measure_rate, metric, rig

COMPLAINTS = 60_000


def measure(count: int = COMPLAINTS) -> list[Measurement]:
    """Throughput and CPU of one router over preloaded complaints."""
    with rig() as bench:
        preload(bench.bootstrap, submitted(complaints(count, "router")))
        with bench.service("router", wait_ready=False) as router:
            router.wait_ready(60)
            rate = _rate(router, count)
        fan_out = total_records(bench.bootstrap, map(department_topic, bench.departments)) / count
    method = f"{count} preloaded complaints, 1 process, exactly once"
    return [
        Measurement("router complaints", rate.per_second, "/s", method, "≥ 10,000"),
        Measurement("router CPU per complaint", rate.cpu_microseconds, "µs", "process CPU time over the same part"),
        Measurement("router departments per complaint", fan_out, "", "counted on their topics", "1.50 ± 0.02"),
    ]


def _rate(router: ServiceProcess, count: int) -> Rate:
    return measure_rate(
        lambda: metric(router, "complaintbus_records_consumed_total", service="router"),
        lambda: cpu_seconds(router),
        count,
    )

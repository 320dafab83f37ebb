"""The same routing in a Faust app, on the same kind of broker, in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.service_process import PROJECT_ROOT
from shared.events.topics import LIFECYCLE
from tests.bench.complaints import complaints
from tests.bench.end_offsets import EndOffsets
from tests.bench.measurement import Measurement
from tests.bench.preload import preload, submitted
from tests.bench.rig import measure_rate, process_cpu_seconds, rig

COMPLAINTS = 15_000


def measure(count: int = COMPLAINTS) -> list[Measurement]:
    """Throughput and CPU of one Faust worker over preloaded complaints."""
    with rig() as bench:
        preload(bench.bootstrap, submitted(complaints(count, "faust")))
        environment = os.environ | dict(bench.environment) | {"BENCH_FAUST_WEB_PORT": str(free_port())}
        Path(bench.environment["CBUS_STATE_DIR"]).mkdir(parents=True, exist_ok=True)  # Faust makes no parents
        log = (bench.directory / "faust.log").open("w")
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.faust_app", "worker", "-l", "warn"],
            env=environment,
            cwd=PROJECT_ROOT,
            stdout=log,
            stderr=log,
        )
        try:
            ends = EndOffsets(bench.bootstrap, [LIFECYCLE])
            rate = measure_rate(lambda: ends.total() / 3, lambda: process_cpu_seconds(worker.pid), count)
        finally:
            worker.terminate()
            worker.wait(30)
    method = f"{count} preloaded complaints, 1 worker, at least once, same decision functions and outputs"
    return [
        Measurement("Faust app complaints", rate.per_second, "/s", method),
        Measurement("Faust app CPU per complaint", rate.cpu_microseconds, "µs", "process CPU time over the same part"),
    ]

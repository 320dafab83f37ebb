"""What the HTTP door takes per second, and how long an answer takes at 300 a second."""

from __future__ import annotations

import asyncio

from tests.bench.complaints import submissions
from tests.bench.http_load import LoadResult, bodies, closed_loop, open_loop
from tests.bench.measurement import Measurement, percentile
from tests.bench.rig import rig

REQUESTS = 10_000
CONNECTIONS = 32
RATE = 300.0
RATE_SECONDS = 20


def measure() -> list[Measurement]:
    """Closed loop for throughput, open loop for latency; every 202 is durable with acks=all."""
    with rig() as bench, bench.service("intake"):
        samples = submissions()
        asyncio.run(closed_loop(bench.http_port, bodies(samples, "warm", 500), CONNECTIONS))
        most = asyncio.run(closed_loop(bench.http_port, bodies(samples, "most", REQUESTS), CONNECTIONS))
        steady = asyncio.run(open_loop(bench.http_port, bodies(samples, "steady", int(RATE * RATE_SECONDS)), RATE))
    _require_all_accepted(most)
    _require_all_accepted(steady)
    closed = f"{REQUESTS} requests, {CONNECTIONS} connections, closed loop; client and broker on the same cores"
    opened = f"open loop, {RATE:g}/s for {RATE_SECONDS} s, from the due instant to the 202"
    return [
        Measurement("intake requests", len(most.seconds) / most.duration_seconds, "/s", closed, "≥ 1,000"),
        Measurement("intake p50 at 300/s", percentile(steady.seconds, 0.5) * 1000, "ms", opened),
        Measurement("intake p99 at 300/s", percentile(steady.seconds, 0.99) * 1000, "ms", opened, "≤ 50"),
    ]


def _require_all_accepted(result: LoadResult) -> None:
    if result.refused:
        raise RuntimeError(f"the door refused requests: {result.refused}")

"""How many case-log entries one SLA process handles per second, and how late its timers fire."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from confluent_kafka import Consumer, TopicPartition

from shared.events import topics
from shared.events.registry import decode
from shared.events.sla import ClockBreached
from tests.bench.complaints import complaints, spread
from tests.bench.journeys import EVENTS_PER_JOURNEY, journeys
from tests.bench.measurement import Measurement, percentile
from tests.bench.preload import preload, submitted
from tests.bench.rig import cpu_seconds, measure_rate, metric, rig

CASES = 12_000
TIMERS = 5_000
SPREAD_SECONDS = 10.0


def measure(cases: int = CASES) -> list[Measurement]:
    """Throughput over preloaded journeys."""
    with rig() as bench:
        total = preload(bench.bootstrap, journeys(complaints(cases, "sla")))
        with bench.service("sla", wait_ready=False) as sla:
            sla.wait_ready(60)
            rate = measure_rate(
                lambda: metric(sla, "complaintbus_records_consumed_total", service="sla"),
                lambda: cpu_seconds(sla),
                total,
            )
    method = f"{cases} preloaded journeys of {EVENTS_PER_JOURNEY} entries, 1 process, exactly once"
    return [
        Measurement("SLA case-log events", rate.per_second, "/s", method, "≥ 15,000"),
        Measurement("SLA CPU per event", rate.cpu_microseconds, "µs", "process CPU time over the same part"),
    ]


def measure_lateness(timers: int = TIMERS) -> list[Measurement]:
    """``timers`` regulator deadlines within ten seconds: from each deadline to the breach being on the log."""
    with rig() as bench, bench.service("sla"):
        start = datetime.now(UTC) + timedelta(seconds=20)
        loaded = complaints(timers, "late", spread(start, SPREAD_SECONDS, timers))
        preload(bench.bootstrap, submitted(loaded))
        lateness = _watch_breaches(bench.bootstrap, timers, time.monotonic() + 90)
    method = f"{timers} deadlines within {SPREAD_SECONDS:g} s; record timestamp minus due_by, grace of 0.5 s included"
    return [
        Measurement("SLA timer lateness p50", percentile(lateness, 0.5), "s", method),
        Measurement("SLA timer lateness p99", percentile(lateness, 0.99), "s", method, "≤ 1"),
    ]


def _watch_breaches(bootstrap_servers: str, expected: int, deadline: float) -> list[float]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "bench-lateness",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topics.SLA_EVENTS, number, 0) for number in range(topics.PARTITIONS)])
    lateness: list[float] = []
    while len(lateness) < expected:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {len(lateness)} of {expected} deadlines were breached in time")
        for message in consumer.consume(5_000, 0.2):
            if message.error() is not None:
                continue
            _, event = decode(message.headers(), message.value())  # type: ignore[arg-type]  # loose stubs
            if isinstance(event, ClockBreached):
                lateness.append(message.timestamp()[1] / 1000 - event.due_by.timestamp())
    consumer.close()
    return lateness

"""The auditor as a process on a real bus: what the router never saw, or passed over, is found; the lost is put back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.service_process import PROJECT_ROOT
from services.cli.audit.command import NO_VERDICT_YET
from shared.events.topics import RECEIVED, department_topic
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import ConsumerRecord
from tests.e2e.bus import Bus, submit, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

COMPLAINTS = 12
QUICK = {"CBUS_HOLE_AFTER_SECONDS": "2", "CBUS_GROUP_LAG_SECONDS": "1"}
HEALED_WITHIN_SECONDS = 60.0


def complaint(number: int) -> dict[str, Any]:
    return {
        "channel": "web",
        "channel_message_id": f"audit-{number}",
        "complainant": {"name": "Zhang Example", "email": "zhang@example.com"},
        "narrative": {"text": f"Kettle number {number} leaks and I want my money back."},
    }


def audit(bus: Bus) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of ``cbus audit --json``."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "audit", "--json", "--bootstrap", bus.kafka.bootstrap_servers],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=False,
    )
    assert done.returncode in (0, 1, NO_VERDICT_YET), done.stderr
    return done.returncode, json.loads(done.stdout)


def eventually(bus: Bus, holds: Callable[[int, dict[str, Any]], bool], what: str) -> dict[str, Any]:
    answer: dict[str, Any] = {}

    def check() -> bool:
        code, document = audit(bus)
        answer.update(document)
        return holds(code, document)

    wait_until(check, what, HEALED_WITHIN_SECONDS)
    return answer


def total(document: dict[str, Any], entry: str) -> int:
    return sum(hour[entry] for hour in document["hours"])


def skip_the_first_record_of_each_partition(bus: Bus) -> set[str]:
    """Set the router's offsets past some records, as a torn transaction would; the keys it will never see."""
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=bus.kafka.bootstrap_servers))
    consumer = Consumer({"bootstrap.servers": bus.kafka.bootstrap_servers, "group.id": "router"})
    try:
        skipped: dict[int, ConsumerRecord] = {}
        for batch in broker.read_to_end(dict.fromkeys(broker.partitions_of([RECEIVED]), 0)):
            for record in batch:
                skipped.setdefault(record.partition, record)
        offsets = [TopicPartition(RECEIVED, number, record.offset + 1) for number, record in skipped.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
        return {(record.key or b"").decode() for record in skipped.values()}
    finally:
        consumer.close()


def tasks(bus: Bus) -> Counter[tuple[str, str]]:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=bus.kafka.bootstrap_servers))
    found: Counter[tuple[str, str]] = Counter()
    departments = {department_topic(department): department for department in bus.departments}
    for batch in broker.read_to_end(dict.fromkeys(broker.partitions_of(departments), 0)):
        found.update(((record.key or b"").decode(), departments[record.topic]) for record in batch)
    return found


def served(bus: Bus, client: httpx.Client, name: str) -> dict[str, float]:
    """Sum by group of a metric as the auditor serves it."""
    (auditor,) = (process for process in bus.supervisor.processes if process.service == "auditor")
    text = client.get(f"http://127.0.0.1:{auditor.health_port}/metrics").text
    sums: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                sums[sample.labels["consumergroup"]] += sample.value
    return dict(sums)


def test_lost_complaints_are_put_back_and_late_ones_left_alone(tmp_path: Path) -> None:
    services = ("intake", "sla", "notifier", "auditor")
    with Bus(tmp_path, services=services, extra_environment=QUICK) as bus, httpx.Client(timeout=10) as client:
        sent = {submit(client, bus.url, complaint(number)) for number in range(COMPLAINTS)}
        found = eventually(bus, lambda code, said: len(said["holes"]) == COMPLAINTS, "every complaint is a hole")
        assert {hole["kind"] for hole in found["holes"]} == {"unaccounted"}
        assert total(found, "reinjected") == 0, "while the router has not come to them they are late, not lost"
        assert "router" not in served(bus, client, "kafka_consumergroup_members")

        lost = skip_the_first_record_of_each_partition(bus)
        router = bus.supervisor.start(bus._service_process("router", 0), ready_within_seconds=None)
        router.wait_ready(60)
        clean = eventually(
            bus, lambda code, said: code == 0 and total(said, "registered") == COMPLAINTS, "everything is healed"
        )
        assert clean["balanced"]
        assert total(clean, "received") == COMPLAINTS
        assert total(clean, "reinjected") >= len(lost)
        given = tasks(bus)
        assert {key for key, _ in given} == sent
        assert set(given.values()) == {1}, "nothing was dispatched twice"

        wait_until(lambda: served(bus, client, "kafka_consumergroup_lag").get("router") == 0, "it has read all", 30)
        bus.supervisor.forget(router.name).kill()
        submit(client, bus.url, complaint(COMPLAINTS))
        wait_until(lambda: served(bus, client, "kafka_consumergroup_lag")["router"] > 0, "its arrears are seen", 30)

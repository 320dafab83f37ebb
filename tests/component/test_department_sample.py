"""The client that the guide for departments shows, run as it stands against a real broker, door and router."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local.polling import wait_until
from deploy.local.service_process import PROJECT_ROOT
from shared.events import registry, topics
from shared.events.lifecycle import CaseEvent, ComplaintDispatched, ComplaintResolved
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from tests.support.whole_bus import WholeBus

pytestmark = pytest.mark.kafka

SAMPLE = PROJECT_ROOT / "deploy/samples/department_client.py"
COMPLAINT = {"narrative": "快递一直没有送到，物流信息三天没有更新，请尽快处理。", "channel": "web"}
CASES = 3


@contextmanager
def running_sample(bus: WholeBus, department: str, log: Path, program: Path = SAMPLE) -> Iterator[None]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, str(program), department, bus.kafka.bootstrap_servers],
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env=environment | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def case_log(bus: WholeBus) -> list[CaseEvent]:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=bus.kafka.bootstrap_servers))
    batches = broker.read_to_end(dict.fromkeys(broker.partitions_of([topics.LIFECYCLE]), 0))
    events = [registry.decode(record.headers, record.value)[1] for batch in batches for record in batch]
    entries = [event for event in events if isinstance(event, CaseEvent)]
    return sorted(entries, key=lambda entry: (entry.complaint_id, entry.sequence))


def leads(bus: WholeBus) -> dict[str, str]:
    """The department that leads, by case."""
    return {
        entry.complaint_id: entry.decision.lead for entry in case_log(bus) if isinstance(entry, ComplaintDispatched)
    }


def resolved(bus: WholeBus) -> set[str]:
    return {entry.complaint_id for entry in case_log(bus) if isinstance(entry, ComplaintResolved)}


def test_the_sample_of_the_guide_takes_cases_on_resolves_them_and_repeats_do_no_harm(tmp_path: Path) -> None:
    with WholeBus(tmp_path, instances={"intake": 1, "router": 1}) as bus, httpx.Client() as client:
        posted = [client.post(f"{bus.urls[0]}/v1/complaints", json=COMPLAINT) for _ in range(CASES)]
        cases = {answer.json()["complaint_id"] for answer in posted}
        wait_until(lambda: len(leads(bus)) == CASES, "every case dispatched", timeout_seconds=30)
        (department,) = set(leads(bus).values())
        log = tmp_path / "sample.log"
        with running_sample(bus, department, log):
            wait_until(lambda: resolved(bus) == cases, "every case resolved", timeout_seconds=30)
        entries = case_log(bus)
        kinds = Counter(event.event_type for event in entries)
        assert [kinds[f"complaint.{kind}.v1"] for kind in ("accepted", "contacted", "resolved")] == [CASES] * 3
        assert "refused" not in log.read_text()
        again = tmp_path / "again.py"  # a group of another name begins at the start, as one that lost its commit does
        again.write_text(SAMPLE.read_text(encoding="utf-8").replace("-desk", "-desk-again"), encoding="utf-8")
        with running_sample(bus, department, log, again):
            repeats = 3 * CASES
            wait_until(lambda: log.read_text().count("duplicate_update") == repeats, "repeats told", timeout_seconds=30)
        assert case_log(bus) == entries, "a repeat changed something"


def test_the_sample_is_one_page() -> None:
    assert len(SAMPLE.read_text(encoding="utf-8").splitlines()) <= 60

"""Kafka goes away and comes back: each service says so once, stays, and is ready again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from deploy.local.service_process import ServiceProcess
from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from shared.events import clients
from shared.events.topics import bus_topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SERVICES = tuple(each.name for each in clients.SERVICES)
AWAY_SECONDS = 9.0
LATER = {"kafka_away": "error", "kafka_back": "warning"}


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KafkaCluster, Path]]:
    directory = tmp_path_factory.mktemp("outage")
    with KafkaCluster(directory / "kafka") as cluster:
        provision(cluster.bootstrap_servers, bus_topics(department_ids()), 1)
        yield cluster, directory


def test_an_outage_is_one_line_at_its_beginning_and_one_at_its_end(
    bus: tuple[KafkaCluster, Path], redis_url: str
) -> None:
    cluster, directory = bus
    services = [_service(name, cluster, redis_url, directory) for name in SERVICES]
    for service in services:
        service.start()
    try:
        for service in services:
            service.wait_ready(60)
            wait_until(partial(_is_settled, service), f"{service.name} to be past its start", timeout_seconds=60)
        before = {service.name: _events(service) for service in services}
        cluster.kill_nodes()
        time.sleep(AWAY_SECONDS)  # the length of the outage is what is tried
        problems = {service.name: _problem(service) for service in services}
        cluster.nodes[0].start()
        cluster.wait_ready()
        for service in services:
            wait_until(partial(_says_it_is_back, service, before[service.name]), "it to be said", timeout_seconds=60)
            service.wait_ready(60)
    finally:
        for service in services:
            service.terminate()
    for service in services:
        told = _events(service) - before[service.name]
        assert (told["kafka_away"], told["kafka_back"]) == (1, 1), service.name
        noise = {name: count for name, count in told.items() if count > 2 and name not in ("state_restored",)}
        assert not noise, service.name
        assert "CBUS_KAFKA__BOOTSTRAP_SERVERS" in problems[service.name]


def _is_settled(service: ServiceProcess) -> bool:
    """On a busy machine the first answer of a broker may be late, which is an outage of its own."""
    told = _events(service)
    return told["kafka_away"] == told["kafka_back"]


def _says_it_is_back(service: ServiceProcess, before: Counter[str]) -> bool:
    return _events(service)["kafka_back"] > before["kafka_back"]


def _problem(service: ServiceProcess) -> str:
    return str(httpx.get(f"http://127.0.0.1:{service.health_port}/ready", timeout=10).json()["problem"])


def _events(service: ServiceProcess) -> Counter[str]:
    lines = [json.loads(line) for line in service.log_path.read_text().splitlines()]
    for line in lines:
        if line["event"] in LATER:
            assert line["level"] == LATER[line["event"]]
            assert line["since"]
    return Counter(line["event"] for line in lines if line["level"] != "info")


def _service(name: str, cluster: KafkaCluster, redis_url: str, directory: Path) -> ServiceProcess:
    return ServiceProcess(
        name,
        log_directory=directory,
        environment={
            "CBUS_QUERY_CODE_SECRET": "a secret for tests alone",
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap_servers,
            "CBUS_REDIS__URL": redis_url,
            "CBUS_HTTP__PORT": str(free_port()),
            "CBUS_STATE_DIR": str(directory / "state"),
        },
    )

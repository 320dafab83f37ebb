"""Two of three brokers lost: nothing can be made durable, and whoever asks is told so within two seconds."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.events import topics
from tests.support.intake_posts import post, running_intake

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

REFUSED_WITHIN_SECONDS = 2.0
ACCEPTED_AGAIN_WITHIN_SECONDS = 30.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path / "kafka", nodes=3) as running:
        provision(running.bootstrap_servers, topics.bus_topics([]), running.replication_factor)
        yield running


@pytest.fixture
def intake(cluster: KafkaCluster, redis_url: str, tmp_path: Path) -> Iterator[ServiceProcess]:
    with running_intake(cluster.bootstrap_servers, redis_url, tmp_path) as process:
        yield process


class Consumer:
    """Submits one complaint after the other until told to stop; ``answers`` are status, asked at, answered at."""

    def __init__(self, intake: ServiceProcess) -> None:
        self._intake = intake
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers: list[tuple[int, float, float]] = []

    def __enter__(self) -> Consumer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._enough.wait(0.02):
            asked = time.monotonic()
            status = post(self._intake, uuid.uuid4().hex)[0].status_code
            self.answers.append((status, asked, time.monotonic()))

    def wait_for(self, status: int, since: float, within_seconds: float) -> float:
        """When this status was first answered after ``since``."""
        deadline = since + within_seconds
        while time.monotonic() < deadline + 30:
            for answer, _, at in list(self.answers):
                if answer == status and at > since:
                    return at
            self._enough.wait(0.01)
        raise AssertionError(f"no {status} came at all: {self.answers[-3:]}")


def test_two_of_three_brokers_lost_is_503_within_two_seconds_and_over_soon_after(
    intake: ServiceProcess, cluster: KafkaCluster
) -> None:
    with Consumer(intake) as consumer:
        consumer.wait_for(202, time.monotonic(), 30)
        lost_at = time.monotonic()
        for node in (1, 2):
            cluster.node(node).kill()
        refused_at = consumer.wait_for(503, lost_at, REFUSED_WITHIN_SECONDS)
        assert refused_at - lost_at < REFUSED_WITHIN_SECONDS
        consumer.wait_for(503, refused_at + 5, 10)
        during = [answered - asked for status, asked, answered in consumer.answers if asked > lost_at]
        assert max(during) < REFUSED_WITHIN_SECONDS
        healed_at = time.monotonic()
        for node in (1, 2):
            cluster.node(node).start()
        accepted_at = consumer.wait_for(202, healed_at, ACCEPTED_AGAIN_WITHIN_SECONDS)
        assert accepted_at - healed_at < ACCEPTED_AGAIN_WITHIN_SECONDS

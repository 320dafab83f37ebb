"""Intake as its own process on a real broker: an outage is told in time, never confirmed, and ends by itself.

The broker is this file's own, since it is killed, paused and stopped.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.errors import BrokerUnavailable
from shared.events import registry, topics
from shared.events.received import ComplaintSubmitted
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import TopicPartition
from tests.support.intake_posts import post, running_intake

pytestmark = pytest.mark.kafka

ANSWER_WITHIN_SECONDS = 5.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path_factory.mktemp("intake") / "kafka") as running:
        provision(running.bootstrap_servers, topics.bus_topics([]), running.replication_factor)
        yield running


@pytest.fixture(scope="module")
def intake(cluster: KafkaCluster, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with running_intake(cluster.bootstrap_servers, redis_url, tmp_path_factory.mktemp("logs")) as process:
        yield process


def on_the_topic(cluster: KafkaCluster) -> list[ComplaintSubmitted]:
    """Every complaint that is on the topic; asked again while a broker that just came back sorts itself."""

    def read() -> list[ComplaintSubmitted] | None:
        try:
            return _read_topic(cluster)
        except BrokerUnavailable:
            return None

    return wait_until(read, "the topic to be readable", timeout_seconds=30)


def _read_topic(cluster: KafkaCluster) -> list[ComplaintSubmitted]:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=cluster.bootstrap_servers))
    events = [
        registry.decode(record.headers, record.value)[1]
        for partition in range(topics.PARTITIONS)
        for batch in broker.read_to_end({TopicPartition(topics.RECEIVED, partition): 0})
        for record in batch
    ]
    return [event for event in events if isinstance(event, ComplaintSubmitted)]


def test_every_202_is_on_the_topic(intake: ServiceProcess, cluster: KafkaCluster) -> None:
    receipts = [post(intake, uuid.uuid4().hex)[0].json() for _ in range(20)]
    written = {event.complaint.complaint_id: event.complaint for event in on_the_topic(cluster)}
    assert [written[receipt["complaint_id"]].ticket_number for receipt in receipts] == [
        receipt["ticket_number"] for receipt in receipts
    ]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["stop", "kill", "pause"])
def test_while_kafka_is_away_it_is_503_in_time_and_afterwards_the_same_ticket(
    intake: ServiceProcess, cluster: KafkaCluster, fault: str
) -> None:
    node, keys = cluster.node(1), [uuid.uuid4().hex for _ in range(4)]
    assert post(intake, uuid.uuid4().hex)[0].status_code == 202
    {"stop": node.stop, "kill": node.kill, "pause": node.pause}[fault]()
    try:
        for key in keys:
            answer, seconds = post(intake, key)
            assert answer.status_code == 503
            assert seconds < ANSWER_WITHIN_SECONDS
            assert int(answer.headers["retry-after"]) >= 1
        wait_until(lambda: not intake.is_ready(), "intake to say that it is not ready", timeout_seconds=10)
        assert intake.is_alive
    finally:
        node.resume() if fault == "pause" else node.restart()
    back_at = time.monotonic()
    receipts = [_accepted(intake, key) for key in keys]
    assert time.monotonic() - back_at < 15
    written = on_the_topic(cluster)
    for receipt in receipts:
        found = [e.complaint for e in written if e.complaint.complaint_id == receipt["complaint_id"]]
        assert {complaint.ticket_number for complaint in found} == {receipt["ticket_number"]}
        assert len({complaint.content_digest for complaint in found}) == 1
    wait_until(intake.is_ready, "intake to be ready again", timeout_seconds=10)


def test_sigterm_under_traffic_loses_nothing_it_confirmed(intake: ServiceProcess, cluster: KafkaCluster) -> None:
    answers: list[httpx.Response] = []
    stopping = threading.Event()

    def keep_posting() -> None:
        while not stopping.is_set():
            try:
                answers.append(post(intake, uuid.uuid4().hex)[0])
            except httpx.TransportError:
                return  # it listens no more, or did not take this connection up any more

    posters = [threading.Thread(target=keep_posting) for _ in range(8)]
    for poster in posters:
        poster.start()
    wait_until(lambda: len(answers) > 50, "some traffic", timeout_seconds=30)
    assert intake.terminate() == 0
    stopping.set()
    for poster in posters:
        poster.join(10)
    accepted = {answer.json()["complaint_id"] for answer in answers if answer.status_code == 202}
    assert {answer.status_code for answer in answers} == {202}
    assert accepted <= {event.complaint.complaint_id for event in on_the_topic(cluster)}
    intake.start()
    intake.wait_ready()


def test_sigterm_answers_what_is_in_work_before_it_ends(intake: ServiceProcess, cluster: KafkaCluster) -> None:
    cluster.node(1).pause()
    with ThreadPoolExecutor() as pool:
        try:
            in_work = [pool.submit(post, intake, uuid.uuid4().hex) for _ in range(5)]
            wait_until(lambda: _requests_open(intake) >= len(in_work), "requests in work", timeout_seconds=3)
            intake.ask_to_stop()
            wait_until(lambda: not _listens(intake), "intake to listen no more", timeout_seconds=3)
        finally:
            cluster.node(1).resume()
        assert [answer.result(20)[0].status_code for answer in in_work] == [202] * 5
    wait_until(lambda: intake.exit_code == 0, "an orderly end", timeout_seconds=15)
    intake.start()
    intake.wait_ready()


def test_the_log_of_all_that_names_nobody(intake: ServiceProcess) -> None:
    _accepted(intake, uuid.uuid4().hex)
    logged = Path(intake.log_path).read_text()
    assert "complaint_accepted" in logged
    assert "canary" not in logged
    assert "13800000000" not in logged
    assert "a secret for tests alone" not in logged
    metrics = httpx.get(f"http://127.0.0.1:{intake.health_port}/metrics").text
    assert 'complaintbus_intake_complaints_total{channel="web",result="accepted"}' in metrics
    assert "canary" not in metrics


def _accepted(intake: ServiceProcess, key: str) -> dict[str, str]:
    """Retry as a client would until it is taken in."""

    def retry() -> dict[str, str] | None:
        answer, _ = post(intake, key)
        assert answer.status_code in (202, 503)
        receipt: dict[str, str] = answer.json()
        return receipt if answer.status_code == 202 else None

    return wait_until(retry, "a 202 after the outage", timeout_seconds=30)


def _listens(intake: ServiceProcess) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(intake.environment["CBUS_HTTP__PORT"])), timeout=1).close()
    except OSError:
        return False
    return True


def _requests_open(intake: ServiceProcess) -> float:
    metrics = httpx.get(f"http://127.0.0.1:{intake.health_port}/metrics").text
    lines = [line for line in metrics.splitlines() if line.startswith("complaintbus_intake_in_flight_records ")]
    return float(lines[0].split()[1])

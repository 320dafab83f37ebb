"""Engine rule 7 on three brokers: where one broker alone may acknowledge, nothing starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.errors import UnsafeCluster
from shared.events import topics
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

REFUSES_WITHIN_SECONDS = 30.0
ASKED_TIMES = 5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path_factory.mktemp("unsafe") / "kafka", nodes=3) as running:
        provision(running.bootstrap_servers, topics.bus_topics(["service"]), running.replication_factor)
        yield running


@pytest.fixture
def one_copy_suffices(cluster: KafkaCluster) -> Iterator[str]:
    """A topic that takes records with one copy in sync, for as long as the test lasts."""
    topic = topics.state_topic("router")
    _set_least_in_sync(cluster, topic, "1")
    yield topic
    _set_least_in_sync(cluster, topic, "2")


def _set_least_in_sync(cluster: KafkaCluster, topic: str, least: str) -> None:
    with ExitStack() as open_clients:
        admins = [KafkaAdminClient(bootstrap_servers=server) for server in cluster.bootstrap_servers.split(",")]
        for admin in admins:
            open_clients.callback(admin.close)
        admins[0].alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"min.insync.replicas": least})])
        wait_until(lambda: _told_least(admins, topic) == {least}, "the brokers to hear of it", timeout_seconds=30)


def _told_least(admins: Sequence[Any], topic: str) -> set[str]:
    """As the brokers tell it: a change reaches them one by one, and which of them is asked is the client's choice."""
    answers = [
        admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
        for admin in admins
        for _ in range(ASKED_TIMES)
    ]
    return {str(told["topic"][topic]["min.insync.replicas"]["value"]) for told in answers}


def test_rule_7_one_copy_in_sync_is_refused_by_name(cluster: KafkaCluster, one_copy_suffices: str) -> None:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=cluster.bootstrap_servers))
    with pytest.raises(UnsafeCluster, match=f"min.insync.replicas.*{one_copy_suffices}"):
        broker.cluster_id()


def test_two_copies_in_sync_will_do(cluster: KafkaCluster) -> None:
    assert KafkaBroker(KafkaSettings(bootstrap_servers=cluster.bootstrap_servers)).cluster_id()


@pytest.mark.parametrize("service", ["intake", "router", "auditor", "notifier"])
def test_rule_7_no_service_starts_there(
    cluster: KafkaCluster, one_copy_suffices: str, service: str, redis_url: str, tmp_path: Path
) -> None:
    process = ServiceProcess(
        service,
        log_directory=tmp_path,
        environment={
            "CBUS_QUERY_CODE_SECRET": "a secret for tests alone",
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap_servers,
            "CBUS_REDIS__URL": redis_url,
            "CBUS_HTTP__PORT": str(free_port()),
            "CBUS_STATE_DIR": str(tmp_path / "state"),
        },
    )
    process.start()
    try:
        wait_until(lambda: not process.is_alive, f"{service} to refuse", timeout_seconds=REFUSES_WITHIN_SECONDS)
    finally:
        process.terminate()
    assert process.exit_code == 1
    assert f"min.insync.replicas is below 2 on 1 replicated topics, among them {one_copy_suffices}" in (
        process.log_tail(50)
    )

"""A single-node cluster of our own: killed, paused, reopened, and guarded against a second one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.directory_lock import DataDirInUse
from deploy.local.kafka import KafkaCluster
from deploy.local.kafka_metadata import broker_ids
from deploy.topics.provision import provision
from shared.errors import ConfigurationError
from tests.component.local_stack.records import NotAcknowledged, produce, read_all
from tests.component.local_stack.topics import SampleTopic

pytestmark = pytest.mark.kafka
TOPIC = "kept.records.v1"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster") / "kafka"


@pytest.fixture(scope="module")
def cluster(directory: Path) -> Iterator[KafkaCluster]:
    with KafkaCluster(directory, properties={"message.max.bytes": "54321"}) as running:
        provision(running.bootstrap_servers, [SampleTopic(TOPIC)], running.replication_factor)
        yield running


def test_acknowledged_records_survive_kill_9_and_a_restart_on_the_same_port(cluster: KafkaCluster) -> None:
    node, before = cluster.node(1), cluster.bootstrap_servers
    written = [f"before the kill {number}" for number in range(500)]
    produce(cluster.bootstrap_servers, TOPIC, written)
    killed = node.pid

    node.kill()
    assert not node.is_alive
    assert broker_ids(before, timeout_seconds=0.3) == set()
    node.restart()

    assert node.pid != killed
    assert cluster.bootstrap_servers == before
    produce(before, TOPIC, ["after the kill"])
    assert read_all(before, TOPIC)[-501:] == [*written, "after the kill"]


def test_a_second_cluster_over_a_live_directory_is_refused_and_the_holder_named(
    cluster: KafkaCluster, directory: Path
) -> None:
    with pytest.raises(DataDirInUse) as refusal:
        KafkaCluster(directory).start()

    assert refusal.value.pid == os.getpid()
    assert str(directory) in str(refusal.value)
    assert broker_ids(cluster.bootstrap_servers) == {1}


def test_a_paused_node_answers_nobody_until_it_is_resumed(cluster: KafkaCluster) -> None:
    node = cluster.node(1)
    node.pause()
    try:
        assert broker_ids(cluster.bootstrap_servers, timeout_seconds=0.5) == set()
        assert node.is_alive
    finally:
        node.resume()

    cluster.wait_ready(timeout_seconds=30)


def test_extra_properties_win_over_the_defaults(cluster: KafkaCluster) -> None:
    properties = (cluster.node(1).directory / "server.properties").read_text().splitlines()
    assert "message.max.bytes=54321" in properties
    with pytest.raises(NotAcknowledged, match="MSG_SIZE_TOO_LARGE"):
        produce(cluster.bootstrap_servers, TOPIC, ["x" * 60_000], timeout_seconds=5)


def test_a_kept_directory_comes_up_as_the_same_cluster_with_its_records(tmp_path: Path) -> None:
    directory = tmp_path / "kafka"
    with KafkaCluster(directory) as first:
        provision(first.bootstrap_servers, [SampleTopic(TOPIC)], 1)
        produce(first.bootstrap_servers, TOPIC, ["kept"])
        addresses = first.bootstrap_servers

    with pytest.raises(ConfigurationError, match=r"1 node\(s\), asked for 3"):
        KafkaCluster(directory, nodes=3).start()
    with KafkaCluster(directory) as second:
        assert second.bootstrap_servers == addresses
        assert read_all(second.bootstrap_servers, TOPIC) == ["kept"]

"""Three replicated nodes: losing one loses no acknowledged record and stops nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.kafka_metadata import broker_ids
from deploy.local.polling import wait_until
from deploy.topics.provision import provision
from tests.component.local_stack.records import produce, read_all
from tests.component.local_stack.topics import SampleTopic

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
TOPIC = "replicated.records.v1"


def test_acknowledged_records_survive_the_kill_of_the_leader_and_then_of_all_nodes(tmp_path: Path) -> None:
    cluster = KafkaCluster(tmp_path / "kafka", nodes=3)
    cluster.start()
    try:
        assert provision(cluster.bootstrap_servers, [SampleTopic(TOPIC)]).replication_factor == 3
        produce(cluster.bootstrap_servers, TOPIC, [f"before {number}" for number in range(200)])
        leader = cluster.leader(TOPIC, 0)

        leader.kill()
        produce(cluster.bootstrap_servers, TOPIC, [f"after {number}" for number in range(200)])

        assert cluster.leader(TOPIC, 0) is not leader
        values = read_all(cluster.bootstrap_servers, TOPIC)
        assert values == [f"{when} {number}" for when in ("before", "after") for number in range(200)]
        leader.restart()
        wait_until(
            lambda: broker_ids(cluster.bootstrap_servers) == {1, 2, 3},
            "the killed node to rejoin",
            timeout_seconds=30,
        )

        cluster.kill_nodes()
        for node_id in (3, 1, 2):
            cluster.node(node_id).start()
        cluster.wait_ready(60)
        assert read_all(cluster.bootstrap_servers, TOPIC) == values
    finally:
        cluster.kill()
    with pytest.raises(RuntimeError, match="not held"):
        leader.start()

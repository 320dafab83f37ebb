"""Broker settings of the local cluster, as a function of its shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.kafka_identity import new_cluster_id, open_identity
from deploy.local.kafka_properties import (
    NodeAddress,
    as_container_environment,
    render,
    server_properties,
)
from shared.errors import ConfigurationError

ONE = NodeAddress(1, 21001, 21002, 21003)
TWO = NodeAddress(2, 22001, 22002, 22003)
THREE = NodeAddress(3, 23001, 23002, 23003)


def test_three_nodes_replicate_everything_and_need_two_in_sync() -> None:
    properties = server_properties(TWO, [ONE, TWO, THREE], Path("/data"))
    for name in ("default.replication.factor", "offsets.topic.replication.factor"):
        assert properties[name] == "3"
    assert properties["transaction.state.log.replication.factor"] == "3"
    assert properties["transaction.state.log.min.isr"] == "2"
    assert properties["min.insync.replicas"] == "2"
    assert properties["unclean.leader.election.enable"] == "false"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:21003,2@127.0.0.1:22003,3@127.0.0.1:23003"


def test_one_node_needs_no_other() -> None:
    properties = server_properties(ONE, [ONE], Path("/data"))
    needs_more = {name for name, value in properties.items() if name.endswith((".factor", ".isr")) and value != "1"}
    assert needs_more == set()
    assert properties["min.insync.replicas"] == "1"


def test_topics_are_never_created_by_accident() -> None:
    assert server_properties(ONE, [ONE], Path("/data"))["auto.create.topics.enable"] == "false"


def test_a_proxy_is_advertised_to_clients_but_not_to_brokers() -> None:
    properties = server_properties(ONE, [ONE], Path("/data"), advertised="127.0.0.1:29999")
    assert properties["advertised.listeners"] == "CLIENTS://127.0.0.1:29999,BROKERS://127.0.0.1:21002"
    assert properties["listeners"].startswith("CLIENTS://127.0.0.1:21001,")


def test_extra_properties_win() -> None:
    properties = server_properties(ONE, [ONE], Path("/data"), extra={"num.io.threads": "9", "log.segment.bytes": "1"})
    assert properties["num.io.threads"] == "9"
    assert properties["log.segment.bytes"] == "1"


def test_rendering_is_one_setting_a_line() -> None:
    assert render({"a.b": "1", "c": "x=y"}) == "a.b=1\nc=x=y\n"


def test_the_official_image_gets_the_same_settings_by_environment() -> None:
    assert as_container_environment({"log.dirs": "/d", "min.insync.replicas": "1"}) == {
        "KAFKA_LOG_DIRS": "/d",
        "KAFKA_MIN_INSYNC_REPLICAS": "1",
    }


def test_no_two_listeners_share_a_port_and_a_reopened_directory_keeps_them(tmp_path: Path) -> None:
    first = open_identity(tmp_path, 3)
    ports = [port for node in first.nodes for port in (node.client_port, node.broker_port, node.controller_port)]
    assert len(set(ports)) == 9
    assert open_identity(tmp_path, 3) == first


def test_a_directory_of_another_cluster_size_is_refused(tmp_path: Path) -> None:
    open_identity(tmp_path, 1)
    with pytest.raises(ConfigurationError, match=r"cluster\.json describes a cluster of 1 node"):
        open_identity(tmp_path, 3)


def test_a_cluster_id_never_looks_like_an_option() -> None:
    made = {new_cluster_id() for _ in range(300)}
    assert len(made) == 300
    assert all(len(cluster_id) == 22 and not cluster_id.startswith("-") for cluster_id in made)

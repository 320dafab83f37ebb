"""The broker settings of the local cluster, as a pure function of its shape.

Each node is broker and controller at once (KRaft combined mode). Clients have a listener of their own, so a test can
put a proxy before it without touching the traffic between brokers. With three nodes everything is replicated three
times and needs two in sync, the internal topics too: what production must have (design, engine rule 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True)
class NodeAddress:
    """Where one node listens; three ports so that clients, brokers and controllers never share one.

    ``host`` is for clients, ``peer_host`` for brokers and controllers.
    """

    node_id: int
    client_port: int
    broker_port: int
    controller_port: int
    host: str = LOOPBACK
    peer_host: str = LOOPBACK

    @property
    def bootstrap(self) -> str:
        """``host:port`` for clients."""
        return f"{self.host}:{self.client_port}"


def replication_factor(nodes: int) -> int:
    """Copies of every partition: 3 from three nodes on, else 1."""
    return 3 if nodes >= 3 else 1


def server_properties(
    node: NodeAddress,
    cluster: Sequence[NodeAddress],
    data_directory: Path,
    *,
    advertised: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """All settings of ``node``; ``advertised`` (``host:port``) is told to clients instead of the node's own address.

    ``extra`` wins over everything else.
    """
    return {
        **_identity(node, cluster, data_directory),
        **_listeners(node, advertised or node.bootstrap),
        **replication_settings(len(cluster)),
        **SMALL_AND_QUICK,
        **(extra or {}),
    }


def _identity(node: NodeAddress, cluster: Sequence[NodeAddress], data_directory: Path) -> dict[str, str]:
    voters = ",".join(f"{each.node_id}@{each.peer_host}:{each.controller_port}" for each in cluster)
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": voters,
        "log.dirs": str(data_directory),
    }


def _listeners(node: NodeAddress, advertised: str) -> dict[str, str]:
    return {
        "listeners": f"CLIENTS://{node.bootstrap},BROKERS://{node.peer_host}:{node.broker_port},"
        f"CONTROLLERS://{node.peer_host}:{node.controller_port}",
        "advertised.listeners": f"CLIENTS://{advertised},BROKERS://{node.peer_host}:{node.broker_port}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLERS:PLAINTEXT",
        "inter.broker.listener.name": "BROKERS",
        "controller.listener.names": "CONTROLLERS",
    }


OFFSETS_KEPT_MINUTES = str(400 * 24 * 60)
"""A service at rest keeps its place for as long as the longest input is kept; Kafka's default is a week."""


def replication_settings(nodes: int) -> dict[str, str]:
    """Copies and minimum in-sync copies, of topics and of the broker's internal topics; nothing is forgotten early."""
    copies = str(replication_factor(nodes))
    in_sync = "2" if nodes >= 3 else "1"
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "unclean.leader.election.enable": "false",
        "offsets.retention.minutes": OFFSETS_KEPT_MINUTES,
        "auto.create.topics.enable": "false",
    }


SMALL_AND_QUICK: Mapping[str, str] = {
    # Few internal partitions: each costs files, start-up time and a coordinator to load.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    # A group starts at once, a dead member is noticed soon, and a dead producer's transaction does not block
    # read_committed readers for long.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "transaction.max.timeout.ms": "60000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # A killed node may register again only when its old session is over: 9 s by default, felt at every restart.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Two cores and a small heap are enough; the cleaner's default buffer alone is 128 MB.
    "num.io.threads": "4",
    "num.network.threads": "2",
    "background.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
}


def render(properties: Mapping[str, str]) -> str:
    """The text of a ``server.properties`` file."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def as_container_environment(properties: Mapping[str, str]) -> dict[str, str]:
    """The same settings as the environment of the official image: ``log.dirs`` becomes ``KAFKA_LOG_DIRS``."""
    return {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}

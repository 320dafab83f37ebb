"""A local Kafka cluster of one node (development) or three (replicated, for fault tests) in one directory.

The directory holds ``cluster.json`` (cluster id and ports), a lock, and one directory per node. Opened again, a kept
directory comes up as the same cluster with the same records, on the same ports where they are still free.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from deploy.local.directory_lock import DirectoryLock
from deploy.local.jars import java_command, kafka_jars
from deploy.local.kafka_identity import open_identity
from deploy.local.kafka_metadata import broker_ids, partition_leader
from deploy.local.kafka_node import QUICK_START_JVM, ClientListener, JavaRuntime, KafkaNode
from deploy.local.kafka_properties import NodeAddress, replication_factor, server_properties
from deploy.local.node_host import NodeHost
from deploy.local.polling import wait_until
from shared.errors import ConfigurationError


class KafkaCluster:
    """Broker processes that start and stop together; single nodes can be killed, paused and restarted between.

    ``properties`` are added to every node's settings and win. ``advertised`` maps a node id to the ``host:port``
    clients are told instead of the node's own, so that a proxy can stand before it. ``hosts`` maps a node id to where
    the node runs, if not on the loopback. ``client_port`` is the first node's for clients; None: as before, or any.
    ``listener`` says how clients get in, where ``properties`` secure them.
    """

    def __init__(
        self,
        directory: Path,
        *,
        nodes: int = 1,
        properties: Mapping[str, str] | None = None,
        advertised: Mapping[int, str] | None = None,
        hosts: Mapping[int, NodeHost] | None = None,
        jvm_flags: Sequence[str] = QUICK_START_JVM,
        client_port: int | None = None,
        listener: ClientListener | None = None,
    ) -> None:
        if nodes not in (1, 3):
            raise ConfigurationError(f"a local cluster has 1 or 3 nodes, not {nodes}")
        self.directory = directory
        self.nodes: tuple[KafkaNode, ...] = ()
        self._node_count = nodes
        self._properties = dict(properties or {})
        self._advertised = dict(advertised or {})
        self._hosts = dict(hosts or {})
        self._jvm_flags = tuple(jvm_flags)
        self._client_port = client_port
        self._listener = listener or ClientListener()
        self._lock = DirectoryLock(directory)

    @property
    def bootstrap_servers(self) -> str:
        """Comma-separated ``host:port`` of all nodes, as clients should use it (advertised addresses first)."""
        return ",".join(self._advertised.get(node.node_id, node.address.bootstrap) for node in self.nodes)

    @property
    def replication_factor(self) -> int:
        """The factor topics should be created with."""
        return replication_factor(self._node_count)

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Lock the directory, format it if new, start all nodes and wait until each knows all others.

        Raises ``DataDirInUse`` if another cluster runs over the directory, ``ConfigurationError`` if Java or the
        jars are missing. On any failure nothing is left running.
        """
        self._lock.acquire()
        try:
            self._prepare_nodes()
            self._format_nodes()
            for node in self.nodes:
                node.start()
            self.wait_ready(timeout_seconds)
        except BaseException:
            self.kill()
            raise

    def _prepare_nodes(self) -> None:
        runtime = JavaRuntime(java_command(), kafka_jars(), self._jvm_flags)
        identity = open_identity(self.directory, self._node_count, self._client_port)
        self._identity = replace(identity, nodes=tuple(map(self._placed, identity.nodes)))
        self.nodes = tuple(self._node(address, runtime) for address in self._identity.nodes)
        for node in self.nodes:
            node.write_properties(self._node_properties(node))

    def _placed(self, address: NodeAddress) -> NodeAddress:
        host = self._hosts.get(address.node_id)
        return replace(address, host=host.client_host, peer_host=host.peer_host) if host else address

    def _node(self, address: NodeAddress, runtime: JavaRuntime) -> KafkaNode:
        host = self._hosts.get(address.node_id)
        directory = self.directory / f"node-{address.node_id}"
        return KafkaNode(address, directory, runtime, self._lock, host.enter if host else (), self._listener)

    def _node_properties(self, node: KafkaNode) -> dict[str, str]:
        return server_properties(
            node.address,
            self._identity.nodes,
            node.data_directory,
            advertised=self._advertised.get(node.node_id),
            extra=self._properties,
        )

    def _format_nodes(self) -> None:
        running = [(node, node.begin_format(self._identity.cluster_id)) for node in self.nodes]
        for node, formatting in running:
            node.end_format(formatting)

    def wait_ready(self, timeout_seconds: float = 60.0) -> None:
        """Return when every living node answers and sees all living nodes."""
        alive = [node for node in self.nodes if node.is_alive]
        for node in alive:
            node.wait_ready(timeout_seconds)
        expected = {node.node_id for node in alive}
        for node in alive:
            wait_until(
                lambda node=node: broker_ids(node.address.bootstrap, security=self._listener.security) >= expected,  # type: ignore[misc]
                f"Kafka node {node.node_id} to see nodes {sorted(expected)}",
                timeout_seconds=timeout_seconds,
            )

    def node(self, node_id: int) -> KafkaNode:
        """The node with this broker id (1, 2, 3)."""
        return next(node for node in self.nodes if node.node_id == node_id)

    def leader(self, topic: str, partition: int, timeout_seconds: float = 30.0) -> KafkaNode:
        """The living node that leads the partition; waits while an election is under way."""

        def leading() -> KafkaNode | None:
            leader = partition_leader(self._living_bootstrap(), topic, partition)
            found = self.node(leader) if leader is not None else None
            return found if found and found.is_alive else None

        return wait_until(leading, f"a leader of {topic}/{partition}", timeout_seconds=timeout_seconds)

    def _living_bootstrap(self) -> str:
        return ",".join(node.address.bootstrap for node in self.nodes if node.is_alive)

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Controlled shutdown of all nodes at once; the data stays.

        Killed after ``timeout_seconds`` altogether: the last of three finds no controller quorum to say goodbye to.
        """
        for node in self.nodes:
            node.ask_to_stop()
        deadline = time.monotonic() + timeout_seconds
        for node in self.nodes:
            node.stop(max(0.0, deadline - time.monotonic()))
        self._lock.release()

    def kill_nodes(self) -> None:
        """SIGKILL all nodes; the cluster keeps its directory, so nodes can be started again in any order."""
        for node in self.nodes:
            node.kill()

    def kill(self) -> None:
        """SIGKILL all nodes and give up the directory; the data stays as it is on disk."""
        self.kill_nodes()
        self._lock.release()

    def __enter__(self) -> KafkaCluster:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

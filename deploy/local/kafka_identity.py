"""What stays the same when a kept cluster is opened again: its id and, where they are still free, its ports."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deploy.local.kafka_properties import NodeAddress
from deploy.local.ports import free_port, is_free
from shared.errors import ConfigurationError

CLUSTER_FILE = "cluster.json"


@dataclass(frozen=True)
class ClusterIdentity:
    """What stays the same when a kept cluster is opened again."""

    cluster_id: str
    nodes: tuple[NodeAddress, ...]


def open_identity(directory: Path, nodes: int, client_port: int | None = None) -> ClusterIdentity:
    """Read ``cluster.json``, or make a new identity with free ports; ports taken meanwhile are replaced.

    ``client_port`` is where clients find the first node, whatever it was before.
    Raises ``ConfigurationError`` if the directory holds a cluster of another size.
    """
    file = directory / CLUSTER_FILE
    if file.exists():
        saved = json.loads(file.read_text())
        addresses = tuple(NodeAddress(**address) for address in saved["nodes"])
        if len(addresses) != nodes:
            raise ConfigurationError(f"{file} describes a cluster of {len(addresses)} node(s), asked for {nodes}")
        identity = ClusterIdentity(saved["cluster_id"], tuple(map(_with_free_ports, addresses)))
    else:
        identity = ClusterIdentity(new_cluster_id(), tuple(_new_address(number + 1) for number in range(nodes)))
    if client_port is not None:
        first = replace(identity.nodes[0], client_port=client_port)
        identity = replace(identity, nodes=(first, *identity.nodes[1:]))
    file.write_text(json.dumps(asdict(identity), indent=2))
    return identity


def new_cluster_id() -> str:
    """A random cluster id in Kafka's form: 16 bytes as URL-safe base-64 without padding, not starting with a dash."""
    return "c" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def _new_address(node_id: int) -> NodeAddress:
    return NodeAddress(node_id, free_port(), free_port(), free_port())


def _with_free_ports(address: NodeAddress) -> NodeAddress:
    ports = (address.client_port, address.broker_port, address.controller_port)
    client, broker, controller = (port if is_free(port) else free_port() for port in ports)
    return NodeAddress(address.node_id, client, broker, controller)

"""The docker backend: the official Kafka and Valkey images, started by testcontainers, on chosen loopback ports.

Only for people who have Docker and no JDK; one node, no fault injection beyond stopping the container.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.jars import kafka_version
from deploy.local.kafka_identity import new_cluster_id
from deploy.local.kafka_metadata import broker_ids
from deploy.local.kafka_properties import SMALL_AND_QUICK, as_container_environment, replication_settings
from deploy.local.polling import wait_until
from deploy.local.ports import LOOPBACK, free_port, is_listening
from shared.errors import ConfigurationError

VALKEY_IMAGE = "valkey/valkey:9.1-alpine"
KAFKA_DATA = "/var/lib/kafka/data"
_INTERNAL_PORT, _CLIENT_PORT, _CONTROLLER_PORT, _VALKEY_PORT = 9091, 9092, 9093, 6379


def kafka_image() -> str:
    """The official image of the version pinned in ``pom.xml``."""
    return f"apache/kafka:{kafka_version()}"


def container_properties(host_port: int, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Broker settings inside the container; clients on the host are told ``127.0.0.1:host_port``."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@localhost:{_CONTROLLER_PORT}",
        "log.dirs": KAFKA_DATA,
        "listeners": f"CLIENTS://:{_CLIENT_PORT},BROKERS://localhost:{_INTERNAL_PORT},"
        f"CONTROLLERS://localhost:{_CONTROLLER_PORT}",
        "advertised.listeners": f"CLIENTS://{LOOPBACK}:{host_port},BROKERS://localhost:{_INTERNAL_PORT}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLERS:PLAINTEXT",
        "inter.broker.listener.name": "BROKERS",
        "controller.listener.names": "CONTROLLERS",
        **replication_settings(1),
        **SMALL_AND_QUICK,
        **(extra or {}),
    }


class ContainerKafka:
    """One broker in a container; the same face to a stack as ``KafkaCluster``."""

    replication_factor = 1

    def __init__(
        self, directory: Path | None, properties: Mapping[str, str] | None = None, port: int | None = None
    ) -> None:
        """``directory`` keeps the data on the host; None leaves it in the container. ``port`` None: any free one."""
        self._port = port or free_port()
        self.bootstrap_servers = f"{LOOPBACK}:{self._port}"
        self._container = _container(kafka_image()).with_bind_ports(_CLIENT_PORT, self._port)
        environment = as_container_environment(container_properties(self._port, properties))
        for name, value in {"CLUSTER_ID": _kept_cluster_id(directory), **environment}.items():
            self._container.with_env(name, value)
        if directory is not None:
            self._container.with_volume_mapping(str(_writable(directory / "data")), KAFKA_DATA, "rw")

    def start(self, timeout_seconds: float = 120.0) -> None:
        """Pull the image if needed, start, wait until metadata is answered."""
        self._container.start()
        wait_until(
            lambda: is_listening(self._port) and broker_ids(self.bootstrap_servers),
            f"the Kafka container on {self.bootstrap_servers}",
            timeout_seconds=timeout_seconds,
        )

    def stop(self) -> None:
        """Remove the container."""
        self._container.stop()

    kill = stop


class ContainerValkey:
    """One Valkey server in a container; the same face to a stack as ``ValkeyServer``."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._container = (
            _container(VALKEY_IMAGE)
            .with_bind_ports(_VALKEY_PORT, self.port)
            .with_command(["valkey-server", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"])
        )

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Pull the image if needed, start, wait until the port is open."""
        self._container.start()
        wait_until(lambda: is_listening(self.port), "the Valkey container", timeout_seconds=timeout_seconds)

    def stop(self) -> None:
        """Remove the container."""
        self._container.stop()

    kill = stop


def _container(image: str) -> Any:
    try:
        from testcontainers.core.container import DockerContainer
    except ImportError:
        raise ConfigurationError(
            "the docker backend needs the testcontainers package (extra 'local'); install it or use backend 'embedded'"
        ) from None
    return DockerContainer(image)


def _kept_cluster_id(directory: Path | None) -> str:
    if directory is None:
        return new_cluster_id()
    file = directory / "cluster-id"
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text(new_cluster_id())
    return file.read_text()


def _writable(directory: Path) -> Path:
    """Create ``directory`` so that the image's own user may write there."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o777)
    return directory.resolve()

"""The bus under torture: the whole bus with twins of everything, and the grips by which the nemesis holds it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.request import urlopen

from kafka.admin import KafkaAdminClient

from deploy.local.kafka_identity import open_identity
from deploy.local.kafka_node import KafkaNode
from deploy.local.polling import wait_until
from deploy.local.ports import LOOPBACK
from deploy.local.service_process import ServiceProcess
from deploy.local.supervisor import RestartPolicy
from tests.support.whole_bus import WholeBus
from tests.torture.load.jdk_client import JdkClient
from tests.torture.load.submissions import SINK_SCRIPT
from tests.torture.nemesis.instances import INSTANCES as INSTANCES  # those who run the bus look for it here
from tests.torture.nemesis.message_sink import MessageSink
from tests.torture.nemesis.network import BrokerNetworks
from tests.torture.nemesis.proxy import Proxies
from tests.torture.nemesis.small_disk import SmallDisk

RESTART = RestartPolicy(first_seconds=0.2, longest_seconds=2.0, healthy_seconds=5.0)
RECOVER_WITHIN_SECONDS = 90.0
SMALL_DISK_NODE = 1
CRASH_POINT_VARIABLE = "CBUS_CRASH_POINT"
AUDITOR_PATIENCE_SECONDS = 24.0
"""By the machine's clock, whatever the bus's: longer than most outages."""

ENVIRONMENT: Mapping[str, str] = {
    "CBUS_SENDER__RETRY_AFTER_SECONDS": "[1, 2, 4, 8, 16]",
    "CBUS_SENDER__LANES": "8",
    "CBUS_SENDER__RECONNECT_AFTER_SECONDS": "1",
    "CBUS_SMTP__TIMEOUT_SECONDS": "5",
    "CBUS_SMTP__FINAL_REPLY_SECONDS": "8",
    "CBUS_FORGET_AUDIT_AFTER": "P365D",
}
"""Short waits, so that a run sees retries and ambiguous outcomes through to their end."""


class TortureBus(WholeBus):
    """Twins of every service, quick restarts, a mail sink that misbehaves, sinks for messages nobody may send."""

    def __init__(
        self,
        directory: Path,
        *,
        brokers: int,
        speed: float,
        proxied: bool = False,
        small_disk_megabytes: int = 0,
        networked: bool = False,
    ) -> None:
        """``proxied``: clients reach brokers through proxies. ``small_disk_megabytes``: broker 1's disk, if small.

        ``networked``: each broker has a network of its own, so that it can be cut off from the others.
        """
        super().__init__(
            directory,
            instances=INSTANCES,
            speed=speed,
            brokers=brokers,
            restart=RESTART,
            extra_environment={**ENVIRONMENT, "CBUS_HOLE_AFTER_SECONDS": str(AUDITOR_PATIENCE_SECONDS * speed)},
        )
        self._proxied = proxied
        self._small_disk_megabytes = small_disk_megabytes
        self._networked = networked
        self.networks = BrokerNetworks(())
        self.proxies = Proxies({})
        self.small_disk: SmallDisk | None = None

    def _start(self) -> None:
        kafka_directory = self.directory / "kafka"
        kafka_directory.mkdir(parents=True)
        if self._networked:
            self.networks = self._exits.enter_context(BrokerNetworks(range(1, self.brokers + 1)))
            self.hosts = self.networks.hosts
        if self._proxied:
            self._start_proxies(kafka_directory)
        if self._small_disk_megabytes:
            self.small_disk = SmallDisk(kafka_directory / f"node-{SMALL_DISK_NODE}/data", self._small_disk_megabytes)
            self.small_disk.mount()
            self._exits.callback(self.small_disk.unmount)
        super()._start()

    def _start_proxies(self, kafka_directory: Path) -> None:
        ports = {node.node_id: node.client_port for node in open_identity(kafka_directory, self.brokers).nodes}
        hosts = {broker: host.client_host for broker, host in self.hosts.items()}
        self.proxies = self._exits.enter_context(Proxies(ports, hosts))
        self.advertised = {broker: link.address for broker, link in self.proxies.links.items()}

    def _start_services(self) -> None:
        self.jdk = self._exits.enter_context(JdkClient())
        self.messages = self._exits.enter_context(MessageSink(self.directory / "messages"))
        self.mail.misbehave(*SINK_SCRIPT)
        super()._start_services()

    def instance(self, name: str) -> ServiceProcess:
        """The process called e.g. ``router-1``."""
        service, _, number = name.rpartition("-")
        return self.process(service, int(number))

    def wait_alive(self, name: str) -> ServiceProcess:
        """The instance, once it runs (the supervisor may be about to start it)."""
        process = self.instance(name)
        wait_until(lambda: process.is_alive, f"{name} to run", timeout_seconds=RECOVER_WITHIN_SECONDS)
        return process

    def wait_recovered(self, name: str) -> float:
        """Wait until the instance is ready; the seconds that took. Raises ``DeadlineExceeded``."""
        started = time.monotonic()
        process = self.instance(name)
        wait_until(
            lambda: process.is_alive and process.is_ready(),
            f"{name} to be ready again (log: {process.log_path})",
            timeout_seconds=RECOVER_WITHIN_SECONDS,
            interval_seconds=0.1,
        )
        return time.monotonic() - started

    def controller(self) -> KafkaNode:
        """The node that leads the KRaft quorum now."""
        return self.kafka.node(wait_until(self._controller_id, "a KRaft leader", timeout_seconds=30))

    def _controller_id(self) -> int | None:
        living = [node.address.bootstrap for node in self.kafka.nodes if node.is_alive]
        with contextlib.suppress(Exception):  # between elections nobody knows; ask again
            admin = KafkaAdminClient(bootstrap_servers=living)
            try:
                return _leader_id(admin.describe_metadata_quorum())
            finally:
                admin.close()
        return None

    def each_instance(self, act: Callable[[str], object]) -> None:
        """Call ``act`` with the name of every instance."""
        for process in self.supervisor.processes:
            act(process.name)

    def heal(self) -> None:
        """Wake what is paused, start what is down, disarm crash points, and wait until all is ready."""
        self.proxies.heal()
        self.networks.heal()
        if self.small_disk is not None:
            self.small_disk.free()
        for node in self.kafka.nodes:
            node.resume()
            if not node.is_alive:
                node.start()
        self.kafka.wait_ready()
        self.valkey.resume()
        for process in self.supervisor.processes:
            process.environment.pop(CRASH_POINT_VARIABLE, None)
            process.resume()
        self.each_instance(self.wait_recovered)

    def scrape(self) -> list[dict[str, str]]:
        """The metrics of every instance, as text; an instance that does not answer has none."""
        return [
            {"service": process.service, "instance": process.instance, "text": _metrics(process.health_port)}
            for process in self.supervisor.processes
        ]


def _leader_id(quorum: object) -> int | None:
    """The leader in kafka-python's answer (a dict by topic name, or the response itself)."""
    text = quorum if isinstance(quorum, dict) else vars(quorum)
    return _find(text, "leader_id")


def _find(value: object, name: str) -> int | None:
    if isinstance(value, dict):
        if isinstance(value.get(name), int):
            return int(value[name])
        value = list(value.values())
    if isinstance(value, list | tuple):
        return next((found for each in value if (found := _find(each, name)) is not None), None)
    return None


def _metrics(port: int) -> str:
    try:
        with urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=3) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""

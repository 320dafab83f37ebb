"""A network of its own for every broker, so that brokers can be cut off from each other and stay within clients' reach.

Each broker lives in a network namespace with two cables: one to this machine, for clients, and one to a switch (a
bridge in a namespace of its own) that only brokers are on. Replication and the controllers' votes go over the switch.
A cable that is pulled there leaves a broker that clients find well, and that thinks so itself: it still leads its
partitions until it learns otherwise. What keeps it from accepting anything is that all in-sync copies must acknowledge.
Linux, as root, with ``ip`` (iproute2) and ``nsenter`` (util-linux).
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from deploy.local.node_host import NodeHost

NAMESPACES = "/run/netns"
PREFIX = "torture"
CLIENT_NETWORK = "198.18"
"""Set aside for tests of network gear (RFC 2544), so that nothing real is hidden by it."""
PEER_NETWORK = "192.0.2"
"""For documentation (RFC 5737); it exists on the switch alone, so every run may use the same."""
_random = random.SystemRandom()


class BrokerNetworks:
    """The networks of ``brokers``; use as a context manager. ``CalledProcessError``: it is not allowed."""

    def __init__(self, brokers: Iterable[int]) -> None:
        self.hosts: Mapping[int, NodeHost] = {}
        self._brokers = tuple(brokers)
        self.name = f"{PREFIX}-{os.getpid()}"
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._lay()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    def cut(self, broker: int) -> None:
        """Pull the broker's cable to the others: nothing gets through, and neither side is told."""
        _ip("-n", self._switch, "link", "set", _port(broker), "down")

    def heal(self) -> None:
        """Every cable plugged in."""
        for broker in self.hosts:
            _ip("-n", self._switch, "link", "set", _port(broker), "up")

    @property
    def _switch(self) -> str:
        return f"{self.name}-switch"

    def _lay(self) -> None:
        take_away_abandoned()
        self._add_namespace(self._switch)
        _ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "switch", "up")
        block = _free_block()
        self.hosts = {broker: self._connect(broker, block) for broker in self._brokers}

    def _add_namespace(self, name: str) -> None:
        """With it go the ends of cables in it, and so the cables; but only when the kernel gets round to it."""
        _ip("netns", "add", name)
        self._exits.callback(_ip, "netns", "delete", name)

    def _connect(self, broker: int, block: int) -> NodeHost:
        namespace = f"{self.name}-{broker}"
        self._add_namespace(namespace)
        _ip("-n", namespace, "link", "set", "lo", "up")
        near, far = (f"{CLIENT_NETWORK}.{block}.{4 * broker + end}" for end in (1, 2))
        peer = f"{PEER_NETWORK}.{broker}"
        cable = f"tt{os.getpid()}c{broker}"  # an interface's name has at most 15 characters
        _ip("link", "add", cable, "type", "veth", "peer", "name", "clients", "netns", namespace)
        self._exits.callback(_ip, "link", "delete", cable)
        _ip("address", "add", f"{near}/30", "dev", cable)
        _ip("link", "set", cable, "up")
        _ip(
            "-n",
            namespace,
            "link",
            "add",
            "peers",
            "type",
            "veth",
            "peer",
            "name",
            _port(broker),
            "netns",
            self._switch,
        )
        for device, address in (("clients", f"{far}/30"), ("peers", f"{peer}/24")):
            _ip("-n", namespace, "address", "add", address, "dev", device)
            _ip("-n", namespace, "link", "set", device, "up")
        _ip("-n", self._switch, "link", "set", _port(broker), "master", "switch", "up")
        return NodeHost(far, peer, ("nsenter", f"--net={NAMESPACES}/{namespace}"))


def can_separate_brokers() -> bool:
    """Whether this process may make such networks: tried with one broker, and taken away again."""
    if shutil.which("ip") is None or shutil.which("nsenter") is None:
        return False
    try:
        with BrokerNetworks([1]):
            return True
    except (subprocess.CalledProcessError, OSError):
        return False


def take_away_abandoned() -> None:
    """Remove the networks of runs that were killed before they could."""
    for line in _ip("netns", "list").splitlines():
        name, _, _ = line.partition(" ")
        owner = name.split("-")[1] if name.startswith(f"{PREFIX}-") else ""
        if owner.isdigit() and int(owner) != os.getpid() and not os.path.exists(f"/proc/{owner}"):
            with contextlib.suppress(subprocess.CalledProcessError):  # another run may be as tidy
                _ip("netns", "delete", name)


def _free_block() -> int:
    """A third byte of addresses that no interface of this machine has."""
    taken = _ip("-oneline", "address")
    return _random.choice([block for block in range(256) if f" {CLIENT_NETWORK}.{block}." not in taken])


def _port(broker: int) -> str:
    return f"broker-{broker}"


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout

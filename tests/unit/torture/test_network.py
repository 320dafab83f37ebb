"""Brokers' networks: a cable that is pulled parts one broker from the others and from nobody else. Real namespaces."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.local.node_host import NodeHost
from deploy.local.polling import wait_until
from deploy.local.ports import is_listening
from tests.torture.nemesis.network import BrokerNetworks, can_separate_brokers

PORT = 20_001
SERVE = f"import http.server; http.server.test(port={PORT}, bind='0.0.0.0')"
CALL = f"import socket, sys; socket.create_connection((sys.argv[1], {PORT}), timeout=0.7)"

pytestmark = pytest.mark.skipif(not can_separate_brokers(), reason="network namespaces need Linux, root and iproute2")


@pytest.fixture
def networks() -> Iterator[BrokerNetworks]:
    """Three, with a server in each."""
    with BrokerNetworks((1, 2, 3)) as networks:
        servers = [serve(host) for host in networks.hosts.values()]
        try:
            for host in networks.hosts.values():
                wait_until(lambda host=host: is_listening(PORT, host.client_host), "a server", timeout_seconds=10)  # type: ignore[misc]
            yield networks
        finally:
            for server in servers:
                server.kill()
                server.wait()


def serve(host: NodeHost) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*host.enter, sys.executable, "-c", SERVE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def reaches(networks: BrokerNetworks, one: int, other: int) -> bool:
    command = [*networks.hosts[one].enter, sys.executable, "-c", CALL, networks.hosts[other].peer_host]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def carries(networks: BrokerNetworks) -> bool:
    return all(reaches(networks, one, other) for one, other in ((1, 2), (2, 3), (1, 3)))


def test_a_broker_cut_off_from_the_others_stays_within_clients_reach(networks: BrokerNetworks) -> None:
    wait_until(lambda: carries(networks), "the switch to carry", timeout_seconds=10)
    networks.cut(2)
    assert not reaches(networks, 1, 2)
    assert not reaches(networks, 2, 3)
    assert is_listening(PORT, networks.hosts[2].client_host)
    assert reaches(networks, 1, 3)
    networks.heal()
    wait_until(lambda: reaches(networks, 2, 1), "the cable to carry again", timeout_seconds=10)


def test_an_open_connection_between_brokers_survives_a_short_cut(networks: BrokerNetworks) -> None:
    """Nobody is told of the cut: what was said meanwhile arrives late. A refusal would be noticed at once."""
    script = (
        "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20);"
        "print('open', flush=True); sys.stdin.readline(); s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n');"
        "print(s.recv(12).decode(), flush=True)"
    )
    command = [*networks.hosts[1].enter, sys.executable, "-c", script, networks.hosts[2].peer_host, str(PORT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdin is not None
        assert caller.stdout is not None
        assert caller.stdout.readline() == "open\n"
        networks.cut(2)
        caller.stdin.write("\n")
        caller.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            caller.wait(1.0)
        networks.heal()
        assert caller.stdout.readline().startswith("HTTP/1.0")


def test_nothing_is_left_behind() -> None:
    with BrokerNetworks((1,)) as networks:
        network = networks.hosts[1].client_host.rpartition(".")[0]
        assert network in told_by_ip("address")
        assert networks.name in told_by_ip("netns", "list")
    assert network not in told_by_ip("address")
    assert networks.name not in told_by_ip("netns", "list")


def told_by_ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout

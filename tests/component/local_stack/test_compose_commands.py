"""Every container of ``deploy/compose.yaml`` that is ours gets ready with exactly the environment it is given.

There is no container engine here, so each command is a process of this machine that sees nothing of our own environment
and none of the packages its image lacks. Only what containers give one another is replaced: names of hosts and their
ports, and places in the file system.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.local.child_process import ChildProcess
from deploy.local.polling import wait_until
from deploy.local.ports import LOOPBACK, free_port, is_listening
from deploy.local.stack import LocalStack
from shared.observability.readiness import is_ready
from tests.support.compose_file import PROJECT_ROOT, built_here, image_environment, load_compose
from tests.support.packages_left_out import leave_out_packages

pytestmark = pytest.mark.kafka

COMPOSE = load_compose()
OURS = built_here(COMPOSE)
RUN_ONCE = "topics"
SERVERS = [name for name in OURS if name != RUN_ONCE]
READY_WITHIN_SECONDS = 60.0


class Containers:
    """Runs containers' commands as processes, against servers of this machine."""

    def __init__(self, stack: LocalStack, directory: Path) -> None:
        self._directory = directory
        self._started: list[ChildProcess] = []
        addresses = stack.addresses
        self._places = {
            "kafka:9091": addresses.kafka_bootstrap,
            "redis://valkey:6379/0": addresses.redis_url,
            "smtp-sink": str(addresses.smtp_host),
            "0.0.0.0": LOOPBACK,  # noqa: S104 - replaced, so that nobody else reaches it
            "/app": str(PROJECT_ROOT),
            "1025": str(addresses.smtp_port),
        }

    def environment(self, name: str, health_port: int) -> dict[str, str]:
        """The image's and the file's variables, nothing of this process's own, with the places replaced."""
        given = {**image_environment(), **OURS[name].get("environment", {})}
        state = str(self._directory / name)
        ports = {"8080": str(free_port()), "8081": str(health_port)}
        replaced = {**self._places, **ports, "/var/lib/complaint-bus": state}
        environment = {variable: _replace(value, replaced) for variable, value in given.items()}
        hidden = leave_out_packages(self._directory / "left-out", _lock_of(OURS[name]))
        return {**environment, "PATH": os.environ["PATH"], "PYTHONPATH": f"{hidden}:{PROJECT_ROOT}"}

    def command(self, name: str, **ports: str) -> list[str]:
        """The command, run by this interpreter, with the places in its arguments replaced."""
        replaced = {**self._places, **ports, "/var/lib/complaint-bus": str(self._directory / name)}
        return [sys.executable, "-m", *(_replace(word, replaced) for word in OURS[name]["command"])]

    def start(self, name: str) -> tuple[ChildProcess, int]:
        """The process and the port of its health checks."""
        health_port = free_port()
        process = ChildProcess(
            name,
            ["env", "-i", *(f"{k}={v}" for k, v in self.environment(name, health_port).items()), *self.command(name)],
            log_path=self._directory / f"{name}.log",
            working_directory=self._directory,
        )
        process.start()
        self._started.append(process)
        return process, health_port

    def stop(self) -> None:
        """End everything."""
        for process in self._started:
            process.ask_to_stop()
        for process in self._started:
            process.terminate(10.0)


def _replace(value: str, places: Mapping[str, str]) -> str:
    """Whole values and parts of paths; what is in no table stays as the file gives it."""
    if value in places:
        return places[value]
    for place, here in places.items():
        if place.startswith("/") and place in value:
            return value.replace(place, here)
        if value.endswith(f"={place}"):
            return value.removesuffix(place) + here
    return value


def _lock_of(service: Mapping[str, Any]) -> str:
    return "requirements-local.lock" if service["build"].get("target") == "mail-sink" else "requirements.lock"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Servers without topics: making them is the file's own business."""
    with LocalStack(backend="auto") as running:
        yield running


@pytest.fixture(scope="module")
def containers(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """The containers, after the one that makes the topics has done so."""
    made = Containers(stack, tmp_path_factory.mktemp("containers"))
    topics = subprocess.run(
        made.command(RUN_ONCE), env=made.environment(RUN_ONCE, 0), capture_output=True, text=True, check=False
    )
    assert topics.returncode == 0, topics.stderr
    yield made
    made.stop()


@pytest.fixture(scope="module")
def started(containers: Containers) -> dict[str, tuple[ChildProcess, int]]:
    """All services at once, as compose starts them."""
    return {name: containers.start(name) for name in SERVERS if name != "smtp-sink"}


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "smtp-sink"])
def test_a_service_gets_ready_with_exactly_what_the_file_gives_it(
    started: dict[str, tuple[ChildProcess, int]], name: str
) -> None:
    process, port = started[name]

    def ready() -> bool:
        process.require_alive()  # raises with the log's end
        return is_ready(port)

    wait_until(ready, f"{name} to be ready", timeout_seconds=READY_WITHIN_SECONDS)


def test_the_mail_sink_listens(containers: Containers) -> None:
    port = free_port()
    containers._places["1025"] = str(port)
    process, _ = containers.start("smtp-sink")

    def listens() -> bool:
        process.require_alive()
        return is_listening(port)

    wait_until(listens, "the mail sink", timeout_seconds=READY_WITHIN_SECONDS)


def test_a_service_that_lacks_its_secret_is_noticed(containers: Containers) -> None:
    environment = containers.environment("notifier", free_port())
    del environment["CBUS_DEVELOPMENT"]
    run = subprocess.run(
        containers.command("notifier"), env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode != 0
    assert "CBUS_QUERY_CODE_SECRET" in run.stdout + run.stderr

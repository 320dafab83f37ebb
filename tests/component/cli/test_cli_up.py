"""``cbus up`` runs a whole stack, tells others where it is, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from services.cli.bus.kafka_access import open_reader
from services.cli.bus.metrics_probe import read_metrics
from shared.settings import KafkaSettings
from tests.support.process_tree import descendants, gone_within, require_proc

pytestmark = pytest.mark.kafka

REPOSITORY = Path(__file__).parents[3]
UP = [sys.executable, "-m", "services.cli", "up", "--kafka-port", "0"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "config"
    config.mkdir()
    (config / "departments.yaml").write_text("departments: [{id: quality}]")
    return {
        **os.environ,
        "CBUS_STACK_FILE": str(tmp_path / "stack.json"),
        "CBUS_CONFIG_DIR": str(config),
        "CBUS_TEST_BACKEND": os.environ.get("CBUS_TEST_BACKEND", "auto"),
    }


def cbus(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def stack(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """``cbus up --json`` as a process; killed if a test leaves it running."""
    process = subprocess.Popen(
        [*UP, "--json", "--backend", environment["CBUS_TEST_BACKEND"]],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def read_json(process: subprocess.Popen[str]) -> Any:
    """The one JSON object a process prints."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            return json.loads("".join(lines))
    raise AssertionError("it ended without printing its addresses")


def test_it_prints_addresses_serves_topics_and_ctrl_c_leaves_nothing(
    stack: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    require_proc()
    addresses = read_json(stack)
    with closing(open_reader(KafkaSettings(bootstrap_servers=addresses["kafka_bootstrap"]))) as reader:
        assert "departments.quality.v1" in reader.topics()
    published = json.loads((tmp_path / "stack.json").read_text())
    assert published["pid"] == stack.pid
    assert published["environment"] == addresses["environment"]
    second = cbus(environment, "up")
    assert second.returncode == 1
    assert "runs here already" in second.stderr

    family = descendants(stack.pid)
    assert len(family) >= 3, "a broker, Valkey and the mail sink"
    stack.send_signal(signal.SIGINT)
    assert stack.wait(60) == 0
    assert gone_within(family, 5) == {}
    assert not (tmp_path / "stack.json").exists()


def test_ctrl_c_during_the_start_leaves_nothing(stack: subprocess.Popen[str]) -> None:
    require_proc()
    assert stack.stderr is not None
    stack.stderr.readline()  # "backend …": the broker is about to start
    family = descendants(stack.pid)
    stack.send_signal(signal.SIGINT)
    stack.wait(60)
    assert gone_within(family | descendants(stack.pid), 5) == {}


def check_a_service_runs_on_the_stack(environment: dict[str, str]) -> None:
    """``cbus run`` finds the stack by itself and stops on SIGTERM."""
    port = free_port()
    service = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "run", "intake"],
        cwd=REPOSITORY,
        env={**environment, "CBUS_HEALTH__PORT": str(port), "CBUS_HTTP__PORT": str(free_port())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: (read_metrics(port) or service.poll()) is not None, "intake", timeout_seconds=60)
        assert service.poll() is None, "intake did not start on the stack's addresses"
    finally:
        service.terminate()
        assert service.wait(30) == 0


def test_a_detached_stack_keeps_its_data_and_down_stops_it(environment: dict[str, str], tmp_path: Path) -> None:
    require_proc()
    backend = environment["CBUS_TEST_BACKEND"]
    data_dir = str(tmp_path / "data")
    started = cbus(
        environment, "up", "--kafka-port", "0", "--detach", "--json", "--data-dir", data_dir, "--backend", backend
    )
    assert started.returncode == 0, started.stderr
    pid = json.loads(started.stdout)["pid"]
    family = {pid, *descendants(pid)}
    try:
        check_a_service_runs_on_the_stack(environment)
        stopped = cbus(environment, "down", "--json")
    finally:
        os.kill(pid, signal.SIGTERM) if gone_within({pid}, 0) else None
    assert stopped.returncode == 0, stopped.stderr
    assert json.loads(stopped.stdout) == {"stopped": True, "pid": pid}
    assert gone_within(family, 5) == {}
    assert Path(data_dir).is_dir()


def test_the_whole_bus_comes_up_on_the_ports_asked_for_and_down_stops_it(tmp_path: Path) -> None:
    require_proc()
    kafka_port, http_port = free_port(), free_port()
    environment = {**os.environ, "CBUS_STACK_FILE": str(tmp_path / "stack.json"), "TMPDIR": str(tmp_path)}
    ports = ["--kafka-port", str(kafka_port), "--http-port", str(http_port)]
    started = cbus(environment, "up", "--services", "--detach", "--json", *ports)
    assert started.returncode == 0, started.stderr
    stack = json.loads(started.stdout)
    family = {stack["pid"], *descendants(stack["pid"])}
    try:
        assert stack["kafka_bootstrap"] == f"127.0.0.1:{kafka_port}"
        assert stack["intake"] == f"http://127.0.0.1:{http_port}/v1/complaints"
        ready = {name: url for name, url in stack.items() if name.endswith("_ready")}
        assert len(ready) == 5
        assert {httpx.get(url).status_code for url in ready.values()} == {200}
        receipt = httpx.post(stack["intake"], json={"channel": "web", "narrative": "The kettle smokes."}).json()
        wait_until(
            lambda: "assignment.dispatched.v1" in cbus(environment, "trace", receipt["ticket_number"]).stdout,
            "the complaint in a department's queue",
            timeout_seconds=30,
        )
        refused = cbus(environment, "up", "--kafka-port", str(kafka_port))
        assert "runs here already" in refused.stderr
        assert cbus(environment, "down").returncode == 0
    finally:
        os.kill(stack["pid"], signal.SIGTERM) if gone_within({stack["pid"]}, 0) else None
    assert gone_within(family, 10) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["up.log"]


def test_a_port_that_was_asked_for_and_is_taken_is_named(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = cbus(environment, "up", "--kafka-port", port)
    assert refused.returncode == 1
    assert f"port {port} is in use" in refused.stderr
    assert "backend" not in refused.stderr

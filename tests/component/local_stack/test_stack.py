"""The whole stack: up, reachable at the printed addresses, and gone without a trace."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from deploy.local.backend import choose_backend, docker_refusal
from deploy.local.directory_lock import DataDirInUse
from deploy.local.kafka_metadata import broker_ids
from deploy.local.polling import wait_until
from deploy.local.stack import LocalStack
from shared.errors import ConfigurationError
from tests.component.local_stack.topics import SampleTopic

pytestmark = pytest.mark.kafka
PROJECT_ROOT = Path(__file__).resolve().parents[3]


def test_a_kept_stack_is_reachable_locked_and_leaves_its_data(tmp_path: Path) -> None:
    said: list[str] = []
    data_dir = tmp_path / "stack"
    with LocalStack(backend="embedded", data_dir=data_dir, topics=[SampleTopic("a.v1")], announce=said.append) as stack:
        found = stack.addresses
        assert broker_ids(found.kafka_bootstrap) == {1}
        assert Redis.from_url(found.redis_url).ping()
        assert found.smtp_host is not None
        assert found.smtp_port is not None
        with smtplib.SMTP(found.smtp_host, found.smtp_port, timeout=5) as client:
            assert client.noop()[0] == 250
        assert found.as_environment() == {
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": found.kafka_bootstrap,
            "CBUS_REDIS__URL": found.redis_url,
            "CBUS_SMTP__HOST": "127.0.0.1",
            "CBUS_SMTP__PORT": str(found.smtp_port),
        }
        assert json.loads((data_dir / "addresses.json").read_text())["kafka_bootstrap"] == found.kafka_bootstrap
        with pytest.raises(DataDirInUse) as refusal:
            LocalStack(backend="embedded", data_dir=data_dir, announce=said.append).start()

    assert refusal.value.pid == os.getpid()
    assert said[0] == "backend embedded (as asked)"
    assert said[1] == "topics: 1 created, 0 existing, 0 differences"
    assert not (data_dir / "addresses.json").exists()
    assert (data_dir / "kafka" / "cluster.json").exists()
    assert broker_ids(found.kafka_bootstrap, timeout_seconds=0.2) == set()


def test_ctrl_c_stops_the_foreground_stack_and_throws_its_data_away(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.local", "--backend", "embedded", "--no-smtp-sink"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as stack:
        assert stack.stdout is not None
        lines: list[str] = []
        while "}" not in lines[-1:]:
            lines.append(stack.stdout.readline().rstrip("\n"))
            assert stack.poll() is None
        addresses = json.loads("\n".join(lines))
        assert broker_ids(addresses["kafka_bootstrap"]) == {1}
        assert addresses["smtp_port"] is None

        stack.send_signal(signal.SIGINT)
        _, progress = stack.communicate(timeout=20)

    assert stack.returncode == 0, progress
    assert list(tmp_path.iterdir()) == []
    wait_until(lambda: not broker_ids(addresses["kafka_bootstrap"], 0.2), "the broker's end", timeout_seconds=5)


def test_a_failed_start_leaves_nothing_running(tmp_path: Path) -> None:
    stack = LocalStack(
        backend="embedded",
        data_dir=tmp_path,
        with_smtp_sink=False,
        topics=[SampleTopic("a topic name with spaces")],
        announce=lambda line: None,
    )
    with pytest.raises(Exception, match="a topic name with spaces"):
        stack.start()
    assert broker_ids(stack.kafka.bootstrap_servers, timeout_seconds=0.2) == set()
    with pytest.raises(RuntimeError, match="not running"):
        _ = stack.addresses


@pytest.mark.skipif(docker_refusal() is None, reason="needs a machine without a Docker engine")
def test_docker_asked_for_without_an_engine_is_refused_and_auto_falls_back() -> None:
    with pytest.raises(ConfigurationError, match="'docker' was asked for, but"):
        choose_backend("docker")
    assert choose_backend("auto").name == "embedded"


@pytest.mark.skipif(docker_refusal() is not None, reason=f"needs Docker: {docker_refusal()}")
def test_the_docker_backend_gives_the_same_stack() -> None:
    with LocalStack(backend="docker", topics=[SampleTopic("a.v1")], announce=lambda line: None) as stack:
        assert broker_ids(stack.addresses.kafka_bootstrap) == {1}
        assert Redis.from_url(stack.addresses.redis_url).ping()

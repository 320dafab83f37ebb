"""On a Kafka with TLS, login and an authorizer: the right settings do, wrong ones are named, missing rights too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from deploy.local.service_process import ServiceProcess
from services.cli.app import app
from shared.streaming.kafka import KafkaBroker
from tests.support.secured_kafka import ADMIN, SERVICES, STRANGER, SecuredKafka, secured_kafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CASE = "6f2c0a52-6b64-5c8e-9d53-0f6f6a1c7d10"
NO_SECURITY = {"security_protocol": "PLAINTEXT"} | dict.fromkeys(
    ("sasl_mechanism", "sasl_username", "sasl_password", "ssl_ca_location")
)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as running:
        made = provision(running.environment_of(ADMIN))
        assert made.returncode == 0, made.stderr
        yield running


def provision(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """``python -m deploy.topics`` with these variables."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.topics", "--replication-factor", "1"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_tool(environment: dict[str, str], *arguments: str) -> Result:
    """``cbus`` with these variables, and no stack of its own."""
    alone = {"CBUS_STACK_FILE": str(Path(__file__).with_name("no-such-stack.json")), "COLUMNS": "200"}
    return CliRunner().invoke(app, list(arguments), env={**alone, **environment})


def wrong_settings(kafka: SecuredKafka) -> dict[str, tuple[str, dict[str, object]]]:
    """By name: the setting that is wrong, and what it is set to."""
    plain_listener = f"127.0.0.1:{kafka.cluster.nodes[0].address.broker_port}"
    return {
        "password": ("CBUS_KAFKA__SASL_PASSWORD", {"sasl_password": "not the one"}),
        "CA": ("CBUS_KAFKA__SSL_CA_LOCATION", {"ssl_ca_location": str(kafka.certificates.path("other-ca.pem"))}),
        "no CA file": (
            "CBUS_KAFKA__SSL_CA_LOCATION",
            {"ssl_ca_location": str(kafka.certificates.path("nonexistent.pem"))},
        ),
        "plaintext against TLS": ("CBUS_KAFKA__SECURITY_PROTOCOL", NO_SECURITY),
        "TLS against plaintext": ("CBUS_KAFKA__SECURITY_PROTOCOL", {"bootstrap_servers": plain_listener}),
        "mechanism": ("CBUS_KAFKA__SASL_MECHANISM", {"sasl_mechanism": "PLAIN"}),
    }


WRONG = ("CA", "no CA file", "plaintext against TLS", "TLS against plaintext", "mechanism")


def test_topics_are_made_and_compared_with_the_settings_of_the_services(kafka: SecuredKafka) -> None:
    again = provision(kafka.environment_of(ADMIN))
    assert again.returncode == 0, again.stderr
    assert "0 created" in again.stdout
    assert " 0 differences" in again.stdout


def test_topics_are_not_made_without_the_right_which_is_named(kafka: SecuredKafka) -> None:
    refused = provision(kafka.environment_of(STRANGER))
    assert refused.returncode == 1
    assert "Create on the cluster" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_certificate_of_the_client_is_taken_by_both_clients(kafka: SecuredKafka) -> None:
    files = {
        "ssl_certificate_location": str(kafka.certificates.path("client.pem")),
        "ssl_key_location": str(kafka.certificates.path("client.key")),
    }
    assert KafkaBroker(kafka.settings_of(SERVICES, **files)).cluster_id()
    assert run_tool(kafka.environment_of(SERVICES, **files), "dlq", "ls").exit_code == 0


def test_a_tool_reads_what_a_service_took_in(kafka: SecuredKafka, redis_url: str, tmp_path: Path) -> None:
    environment = kafka.environment_of(SERVICES)
    intake, router = (_service(name, environment, redis_url, tmp_path) for name in ("intake", "router"))
    for service in (intake, router):
        service.start()
    try:
        for service in (intake, router):
            service.wait_ready()
        url = f"http://127.0.0.1:{intake.environment['CBUS_HTTP__PORT']}/v1/complaints"
        taken = httpx.post(url, json={"narrative": "冰箱坏了"}, headers={"Idempotency-Key": "k"}, timeout=30).json()
        wait_until(
            lambda: "complaint.dispatched.v1" in _trace(environment, taken["complaint_id"]),
            "the complaint to be dispatched",
            timeout_seconds=30,
        )
    finally:
        for service in (intake, router):
            service.terminate()
    found = run_tool(environment, "trace", taken["ticket_number"])
    assert found.exit_code == 0, found.stderr
    assert "complaint.submitted.v1" in found.stdout


def _trace(environment: dict[str, str], case: str) -> str:
    return run_tool(environment, "trace", case, "--json").stdout


@pytest.mark.parametrize("what", WRONG)
def test_a_tool_names_the_setting_that_is_wrong(kafka: SecuredKafka, what: str) -> None:
    setting, wrong = wrong_settings(kafka)[what]
    told = run_tool(kafka.environment_of(SERVICES, **wrong), "dlq", "ls")
    assert told.exit_code == 1
    assert setting in told.stderr
    assert isinstance(told.exception, SystemExit)
    assert "cbus up" not in told.stderr, "it is not the stack that is missing"
    assert told.stdout == ""


def test_a_wrong_password_is_named(kafka: SecuredKafka) -> None:
    """Alone, and in a process of its own: kafka-python leaves sockets behind where the login is refused."""
    setting, wrong = wrong_settings(kafka)["password"]
    told = provision(kafka.environment_of(SERVICES, **wrong))
    assert told.returncode == 1
    assert setting in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("dlq", "ls"),
        ("dlq", "show", "router.dead-letters.v1/0/0"),
        ("trace", "20260302-DWP0MMKBCH-8"),
        ("trace", CASE),
        ("dept", "legal", "tail", "--once"),
        ("audit",),
    ],
    ids=" ".join,
)
def test_what_may_not_be_seen_is_not_said_to_be_empty(kafka: SecuredKafka, arguments: tuple[str, ...]) -> None:
    told = run_tool(kafka.environment_of(STRANGER), *arguments)
    assert told.exit_code == 1
    assert "stranger may not see" in told.stderr
    assert "Read" in told.stderr
    assert "there is no" not in told.stderr
    assert told.stdout == ""


def _service(name: str, environment: Mapping[str, str], redis_url: str, directory: Path) -> ServiceProcess:
    return ServiceProcess(
        name,
        log_directory=directory,
        environment={
            "CBUS_QUERY_CODE_SECRET": "a secret for tests alone",
            "CBUS_REDIS__URL": redis_url,
            "CBUS_HTTP__PORT": str(free_port()),
            "CBUS_STATE_DIR": str(directory / "state"),
            **environment,
        },
    )


WRONG_OF = {
    "router": "password",
    "intake": "password",
    "notifier": "CA",
    "sla": "plaintext against TLS",
    "auditor": "TLS against plaintext",
}


def test_services_name_the_setting_that_is_wrong_in_their_logs_and_on_ready(
    kafka: SecuredKafka, redis_url: str, tmp_path: Path
) -> None:
    """Side by side: each waits for its own outage to be plain."""
    settings = {service: wrong_settings(kafka)[what] for service, what in WRONG_OF.items()}
    with ExitStack() as running:
        processes = {
            service: _started(service, kafka.environment_of(SERVICES, **wrong), redis_url, tmp_path, running)
            for service, (_, wrong) in settings.items()
        }
        for service, process in processes.items():
            setting = settings[service][0]
            wait_until(partial(_names, process, setting), f"{service} to name {setting}", timeout_seconds=60)
        for process in processes.values():
            process.ask_to_stop()
    for service, process in processes.items():
        assert process.exit_code == 0, process.log_tail()
        (line,) = _lines(process, "kafka_away")
        assert settings[service][0] in line["error"], service


def test_services_without_rights_end_and_name_the_right(kafka: SecuredKafka, redis_url: str, tmp_path: Path) -> None:
    environment = kafka.environment_of(STRANGER) | {"CBUS_KAFKA__MISSING_PATIENCE_SECONDS": "1"}
    with ExitStack() as running:
        processes = [
            _started(service, environment, redis_url, tmp_path, running) for service in ("intake", "router", "notifier")
        ]
        for process in processes:
            wait_until(partial(_is_over, process), f"{process.name} to end", timeout_seconds=60)
    for process in processes:
        assert process.exit_code == 78, process.log_tail()  # EX_CONFIG: no restart mends it
        told = [json.loads(line) for line in process.log_path.read_text().splitlines()]
        ending = [line["error"] for line in told if line["level"] in ("critical", "error") and "error" in line]
        assert any("the right to" in error or "lacks the right" in error for error in ending), told
        assert not [line for line in told if line["event"] == "thread_died"]


def _started(
    service: str, environment: Mapping[str, str], redis_url: str, directory: Path, running: ExitStack
) -> ServiceProcess:
    process = _service(service, environment, redis_url, directory)
    process.start()
    running.callback(process.terminate, 30)
    return process


def _is_over(process: ServiceProcess) -> bool:
    return not process.is_alive


def _names(process: ServiceProcess, setting: str) -> bool:
    return setting in _problem(process) and bool(_lines(process, "kafka_away"))


def _problem(process: ServiceProcess) -> str:
    try:
        return str(httpx.get(f"http://127.0.0.1:{process.health_port}/ready", timeout=10).json().get("problem"))
    except httpx.TransportError:  # not yet
        return ""


def _lines(process: ServiceProcess, event: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in process.log_path.read_text().splitlines())
    return [line for line in lines if line["event"] == event]

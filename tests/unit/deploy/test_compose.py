"""``deploy/compose.yaml`` is valid and starts the same servers, with the same settings, as the local stack."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from deploy.local.containers import VALKEY_IMAGE, kafka_image
from deploy.local.kafka_properties import SMALL_AND_QUICK, as_container_environment, replication_settings
from services.intake.settings import IntakeSettings
from shared.settings import load_settings

PROJECT_ROOT = Path(__file__).resolve().parents[3]
COMPOSE_FILE = PROJECT_ROOT / "deploy" / "compose.yaml"
SERVICES = ("intake", "router", "sla", "notifier", "auditor")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(COMPOSE_FILE.read_text())
    assert isinstance(loaded, dict)
    return loaded


def compose_schema() -> dict[str, Any]:
    """The Compose specification's schema, from check-jsonschema's package data (its command needs a newer click)."""
    package = importlib.util.find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    schema = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    loaded = json.loads(schema.read_text())
    assert isinstance(loaded, dict)
    return loaded


def violations(compose: dict[str, Any]) -> list[str]:
    schema = compose_schema()
    return [violation.message for violation in validator_for(schema)(schema).iter_errors(compose)]


def test_the_file_conforms_to_the_compose_specification(compose: dict[str, Any]) -> None:
    assert violations(compose) == []


def test_the_schema_check_can_fail(compose: dict[str, Any]) -> None:
    kafka = {**compose["services"]["kafka"], "portz": ["9092:9092"]}
    assert violations({**compose, "services": {"kafka": kafka}})


def test_the_broker_is_the_version_pinned_for_the_local_stack(compose: dict[str, Any]) -> None:
    assert compose["services"]["kafka"]["image"] == kafka_image()
    assert compose["services"]["valkey"]["image"] == VALKEY_IMAGE


def test_the_broker_has_the_settings_of_the_local_stack(compose: dict[str, Any]) -> None:
    expected = as_container_environment({**replication_settings(1), **SMALL_AND_QUICK})
    environment = compose["services"]["kafka"]["environment"]
    assert {name: environment.get(name) for name in expected} == expected


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_after_its_topics_exist_and_is_checked_for_readiness(
    compose: dict[str, Any], service: str
) -> None:
    definition = compose["services"][service]
    assert definition["command"] == [f"services.{service}"]
    assert definition["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert definition["healthcheck"]["test"][-1] == "deploy.local.readiness"
    assert definition["environment"]["CBUS_KAFKA__BOOTSTRAP_SERVERS"] == "kafka:9091"


def test_intake_understands_the_environment_it_is_given(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in compose["services"]["intake"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_settings(IntakeSettings)
    assert settings.kafka.bootstrap_servers == "kafka:9091"
    assert settings.redis.url == "redis://valkey:6379/0"
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 8080)  # noqa: S104 - inside its container


def test_every_command_of_the_image_is_a_module_that_exists(compose: dict[str, Any]) -> None:
    commands = [
        service["command"][0] for service in compose["services"].values() if service["image"] == "complaint-bus:local"
    ]
    assert len(commands) == len(SERVICES) + 2
    assert [command for command in commands if not _is_runnable(command)] == []


def _is_runnable(module: str) -> bool:
    path = PROJECT_ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def test_containers_of_the_image_cannot_write_to_it_or_gain_privileges(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        if service["image"] == "complaint-bus:local":
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]

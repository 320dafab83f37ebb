"""``deploy/compose.yaml`` is valid and starts the same servers, with the same settings, as the local stack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.containers import VALKEY_IMAGE, kafka_image
from deploy.local.kafka_properties import SMALL_AND_QUICK, as_container_environment, replication_settings
from services.intake.settings import IntakeSettings
from shared.events import clients
from shared.settings import load_settings
from tests.support.compose_file import PROJECT_ROOT, built_here, load_compose

CHECK_JSONSCHEMA = Path(sys.executable).with_name("check-jsonschema")
SERVICES = tuple(each.name for each in clients.SERVICES)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return load_compose()


def violations(compose: dict[str, Any], directory: Path) -> str:
    """What check-jsonschema has against this file; empty when nothing."""
    file = directory / "compose.yaml"
    file.write_text(yaml.safe_dump(compose))
    command = [str(CHECK_JSONSCHEMA), "--builtin-schema", "vendor.compose-spec", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr if run.returncode else ""


def test_the_file_conforms_to_the_compose_specification(compose: dict[str, Any], tmp_path: Path) -> None:
    assert violations(compose, tmp_path) == ""


def test_the_schema_check_can_fail(compose: dict[str, Any], tmp_path: Path) -> None:
    kafka = {**compose["services"]["kafka"], "portz": ["9092:9092"]}
    assert "portz" in violations({**compose, "services": {"kafka": kafka}}, tmp_path)


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
    assert definition["healthcheck"]["test"][-1] == "shared.observability.readiness"
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
    commands = [service["command"][0] for service in built_here(compose).values()]
    assert len(commands) == len(SERVICES) + 2
    assert [command for command in commands if not _is_runnable(command)] == []


def _is_runnable(module: str) -> bool:
    path = PROJECT_ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def test_containers_of_the_image_cannot_write_to_it_or_gain_privileges(compose: dict[str, Any]) -> None:
    for service in built_here(compose).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_images_of_different_targets_have_different_names(compose: dict[str, Any]) -> None:
    targets = {(service["image"], service["build"]["target"]) for service in built_here(compose).values()}
    assert targets == {("complaint-bus:local", "service"), ("complaint-bus-mail-sink:local", "mail-sink")}


def test_whoever_makes_query_codes_makes_the_same(compose: dict[str, Any]) -> None:
    """Intake hands them out, the notifier repeats them in letters."""
    secrets = {
        tuple(
            compose["services"][name]["environment"].get(f"CBUS_{part}")
            for part in ("QUERY_CODE_SECRET", "DEVELOPMENT")
        )
        for name in ("intake", "notifier")
    }
    assert len(secrets) == 1

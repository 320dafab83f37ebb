"""The doctor names what is missing and what to do about it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from deploy.local import jars
from services.cli.doctor import checks as doctor_checks
from services.cli.doctor.checks import (
    Check,
    check_config,
    check_packages,
    check_python,
    check_room,
    check_writable,
)
from services.cli.doctor.config import READ_BY, config_problems
from shared.events.clients import SERVICES


def test_an_old_python_is_refused_with_advice() -> None:
    check = check_python((3, 10))
    assert check.state == "missing"
    assert check.advice is not None
    assert "3.11" in check.advice


def test_an_absent_package_is_named() -> None:
    check = check_packages(("json", "no_such_package_anywhere"))
    assert check.state == "missing"
    assert "no_such_package_anywhere" in check.found


def test_a_directory_that_is_a_file_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check_writable("x", tmp_path / "file").state == "missing"
    assert check_writable("x", tmp_path / "new" / "directory").state == "ok"


def test_a_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "ROOM_NEEDED_BYTES", 10**18)
    assert check_room(tmp_path).state == "missing"


def test_the_files_of_every_service_that_decides_by_files_are_read() -> None:
    root = Path(__file__).parents[4] / "services"
    assert {each.name for each in SERVICES if (root / each.name / "adapters" / "config_files.py").exists()} == {
        *READ_BY
    }


def test_an_absent_configuration_is_reported(tmp_path: Path) -> None:
    assert check_config(tmp_path / "absent").state == "missing"


def test_a_bad_configuration_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "departments.yaml").write_text("departments: [")
    check = check_config(tmp_path)
    assert check.state == "missing"
    assert check.advice is not None
    assert "departments.yaml" in check.advice


@pytest.mark.parametrize(
    ("docker", "embedded", "expected"),
    [
        ("ok", "missing", {"ok", "optional"}),
        ("missing", "ok", {"ok", "optional"}),
        ("missing", "missing", {"optional", "missing"}),
        ("ok", "ok", {"ok"}),
    ],
)
def test_one_way_to_run_the_servers_is_enough(
    monkeypatch: pytest.MonkeyPatch, docker: str, embedded: str, expected: set[str]
) -> None:
    monkeypatch.setattr(doctor_checks, "check_docker", lambda: Check("Docker", docker, ""))  # type: ignore[arg-type]
    for name in ("check_java", "check_download_cache", "check_broker_jars", "check_valkey"):
        monkeypatch.setattr(doctor_checks, name, lambda: Check("x", embedded, ""))  # type: ignore[arg-type]
    assert {check.state for check in doctor_checks._check_servers()} == expected


def test_a_cache_that_may_not_be_looked_into_is_a_finding_and_no_end_of_the_examination(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Closed(type(Path())):  # type: ignore[misc]
        """A directory of another user's."""

        def glob(self, *_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))

    (tmp_path / "file").touch()
    monkeypatch.setattr(jars, "cache_directory", lambda: Closed(tmp_path / "file" / "cache"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert doctor_checks.check_broker_jars().state == "missing"
    found = doctor_checks.check_download_cache()
    assert found.state == "missing"
    assert "CBUS_CACHE_DIR" in (found.advice or "")


def test_a_clock_for_a_category_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """No service can see it: the router knows the categories, the SLA service the clocks."""
    shipped = Path(__file__).resolve().parents[4] / "deploy" / "config"
    shutil.copytree(shipped, tmp_path, dirs_exist_ok=True)
    policy = tmp_path / "sla" / "policy.yaml"
    text = policy.read_text(encoding="utf-8")
    assert config_problems(tmp_path) == []
    policy.write_text(text.replace("when: {severity: critical}", "when: {category: saftey}", 1), encoding="utf-8")
    (problem,) = config_problems(tmp_path)
    assert "policy.yaml: overrides.0.when.category: there is no category 'saftey'" in problem

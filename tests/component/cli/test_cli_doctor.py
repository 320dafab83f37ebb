"""``cbus doctor`` on the machine the tests run on, which can run the stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import app


def test_a_machine_that_can_run_the_stack_is_called_well() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    report = json.loads(result.stdout)
    assert {"Python", "Docker", "Java", "Valkey", "configuration"} <= {check["name"] for check in report["checks"]}
    assert report["ok"] is (result.exit_code == 0)
    assert report["ok"], report["checks"]


def test_a_bad_configuration_is_exit_code_1_and_named(tmp_path: Path) -> None:
    (tmp_path / "departments.yaml").write_text("departments: [")
    result = CliRunner().invoke(app, ["doctor", "--config-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "departments.yaml" in result.stdout


def test_looking_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["doctor"])
    assert list(tmp_path.iterdir()) == []

"""The command line offers what is there, says no with a reason, and tells wrong use from refusal."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from services.cli import app as cli
from services.cli.run import _SERVICES as SERVICES_DIRECTORY
from services.cli.run import runnable_services

RUNNER = CliRunner()
OFFERED = [name for name, place in cli.COMMANDS.items() if cli._is_there(place)]


@pytest.mark.parametrize("command", OFFERED)
def test_every_command_explains_itself(command: str) -> None:
    result = RUNNER.invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_the_help_page_names_every_command() -> None:
    result = RUNNER.invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    assert not [name for name in OFFERED if name not in result.output]


def test_an_unknown_command_is_wrong_use() -> None:
    assert RUNNER.invoke(cli.app, ["nonsense"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["dept", "quality", "accept", "not-a-uuid"],
        ["dept", "quality", "resolve", "6f2c0a52-6b64-5c8e-9d53-0f6f6a1c7d10", "--status", "only"],
        ["dept", "quality", "accept", "6f2c0a52-6b64-5c8e-9d53-0f6f6a1c7d10", "--at", "2026-03-02T10:00:00"],
        ["dept", "quality", "tail", "--once", "--group", "g"],
        ["dlq", "replay"],
        ["dlq", "show", "nonsense"],
        ["run", "nonsense"],
        ["demo", "--rate", "0"],
    ],
)
def test_wrong_use_is_exit_code_2(arguments: list[str]) -> None:
    result = RUNNER.invoke(cli.app, arguments)
    assert result.exit_code == 2, result.output


def test_a_refusal_is_exit_code_1_with_its_reason_on_stderr() -> None:
    result = RUNNER.invoke(cli.app, ["trace", "20260302-XXXXXXXXXX-X"])
    assert result.exit_code == 1
    assert "check character" in result.stderr
    assert result.stdout == ""


def test_down_without_a_stack_is_a_refusal(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_STACK_FILE", f"{tmp_path}/stack.json")
    result = RUNNER.invoke(cli.app, ["down", "--json"])
    assert result.exit_code == 1
    assert '"stopped": false' in result.stdout


def test_the_command_line_is_not_a_service() -> None:
    assert "cli" not in runnable_services(SERVICES_DIRECTORY)


def test_a_command_that_is_a_group_is_loaded_as_one() -> None:
    assert isinstance(cli._load("dlq", cli.COMMANDS["dlq"]), typer.core.TyperGroup)

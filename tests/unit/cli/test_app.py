"""The command line offers what is there, says no with a reason, and tells wrong use from refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from typer.testing import CliRunner

from services.cli import app as cli
from services.cli.bus.run import _SERVICES as SERVICES_DIRECTORY
from services.cli.bus.run import runnable_services
from services.cli.commands import COMMANDS
from services.cli.trace import command as trace

RUNNER = CliRunner()
OFFERED = list(COMMANDS)


@pytest.mark.parametrize("command", OFFERED)
def test_every_command_explains_itself(command: str) -> None:
    result = RUNNER.invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_the_help_page_names_every_command() -> None:
    result = RUNNER.invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    assert not [name for name in OFFERED if name not in result.output]


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Commands that do something, those of groups included."""
    for part, inner in getattr(command, "commands", {}).items():
        yield from leaves(f"{name} {part}", inner)
    if not hasattr(command, "commands"):
        yield name, command


@pytest.mark.parametrize("command", OFFERED)
def test_every_command_takes_json(command: str) -> None:
    for name, leaf in leaves(command, cli.load(command, COMMANDS[command])):
        assert any("--json" in option.opts for option in leaf.params), name


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("classify", {"id": "1", "text": "冰箱坏了"}),
        ("route", {"id": "1", "channel": "web", "narrative": {"text": "冰箱坏了"}}),
        ("compose", {"id": "1", "type": "complaint.closed.v1", "data": {}}),
    ],
)
def test_a_batch_answers_in_json_lines_with_json_and_without(command: str, line: dict[str, Any]) -> None:
    asked = [RUNNER.invoke(cli.app, [command, *option], input=json.dumps(line)) for option in ([], ["--json"])]
    assert json.loads(asked[0].stdout)["id"] == "1"
    assert asked[0].stdout == asked[1].stdout
    assert asked[0].exit_code == asked[1].exit_code


@pytest.mark.parametrize(("locale", "said"), [("zh_CN.UTF-8", "缺少 'narrative' 列"), ("en_GB", "no column")])
def test_a_file_that_cannot_be_meant_is_refused_in_the_language_of_the_terminal(
    locale: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("place\nWuxi\n")
    result = RUNNER.invoke(cli.app, ["send", str(tmp_path / "a.csv")], env={"LC_ALL": locale, "COLUMNS": "200"})
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("option", ["--status", "--cause", "--measures"])
def test_a_report_with_a_control_character_is_wrong_use(option: str) -> None:
    texts = {"--status": "已退款", "--cause": "超卖", "--measures": "已改"} | {option: "已\x07退款\u202e"}
    given = [word for pair in texts.items() for word in pair]
    refused = RUNNER.invoke(cli.app, ["dept", "quality", "resolve", CASE, *given], env={"COLUMNS": "200"})
    assert refused.exit_code == 2
    assert option in refused.stderr
    assert "control character" in refused.stderr
    assert "退款" not in refused.stderr


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


@pytest.mark.parametrize(
    "arguments", [["deadline", "--unit", "fortnight"], ["send", "x", "--format", "odf"], ["up", "--backend", "podman"]]
)
def test_a_choice_that_is_none_is_told_without_the_words_of_a_library(arguments: list[str]) -> None:
    refused = RUNNER.invoke(cli.app, arguments)
    assert refused.exit_code == 2
    assert "is not one of" in refused.output
    assert "Value error" not in refused.output


def test_resolve_says_at_once_what_a_lead_must_give() -> None:
    """It is said before anybody is asked, and before the wrong instant is found."""
    result = RUNNER.invoke(cli.app, ["dept", "quality", "resolve", CASE, "--at", "2026-03-02T10:00:00"])
    assert "without --status, --cause and --measures only a co-handler's part is resolved" in result.stderr
    told = RUNNER.invoke(cli.app, ["dept", "quality", "resolve", "--help"], env={"COLUMNS": "200"}).stdout
    assert "A lead gives --status, --cause and --measures, all three" in told


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
    assert isinstance(cli.load("dlq", COMMANDS["dlq"]), typer.core.TyperGroup)


CASE = "6f2c0a52-6b64-5c8e-9d53-0f6f6a1c7d10"


@pytest.mark.parametrize(
    ("arguments", "option", "limit"),
    [
        (["resolve", CASE, "--status", "张" * 201, "--cause", "c", "--measures", "m"], "--status", 200),
        (["resolve", CASE, "--status", "s", "--cause", "张" * 1001, "--measures", "m"], "--cause", 1000),
        (["resolve", CASE, "--status", "s", "--cause", "c", "--measures", "张" * 2001], "--measures", 2000),
        (["return", CASE, "--reason", "张" * 201], "--reason", 200),
        (["return", CASE, "--reason", "r", "--suggest", "张" * 61], "--suggest", 60),
        (["hold", CASE, "--reason", "张" * 201], "--reason", 200),
    ],
)
def test_a_text_too_long_is_wrong_use_and_not_repeated(arguments: list[str], option: str, limit: int) -> None:
    result = RUNNER.invoke(cli.app, ["dept", "quality", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 2, result.output
    assert option in result.stderr
    assert f"at most {limit} characters" in result.stderr
    assert "张" not in result.output


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (TopicAuthorizationFailedError({"complaints.received.v1"}), ("complaints.received.v1", "may not", "ACL")),
        (GroupAuthorizationFailedError("auditor"), ("may not", "ACL")),
        (KafkaConnectionError("socket closed"), ("KafkaConnectionError", "doctor")),
        (KafkaTimeoutError(), ("KafkaTimeoutError", "doctor")),
        (UnsupportedVersionError("Kafka 0.9"), ("UnsupportedVersionError",)),
    ],
)
def test_kafkas_refusals_are_told_in_words(
    failure: KafkaError, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(trace, "open_reader", fail)
    monkeypatch.setenv("CBUS_STACK_FILE", str(tmp_path / "stack.json"))
    result = RUNNER.invoke(cli.app, ["trace", CASE, "--bootstrap", "kafka.example:9092"])
    assert result.exit_code == 1, result.output
    assert not [word for word in (*told, "kafka.example:9092") if word not in result.stderr], result.stderr
    assert result.stdout == ""


def test_a_mistake_of_ours_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a mistake")

    monkeypatch.setattr(trace, "open_reader", fail)
    assert isinstance(RUNNER.invoke(cli.app, ["trace", CASE]).exception, LookupError)


NOT_FOR_THE_OVERVIEW = (
    "kafka", "confluent_kafka", "fastapi", "starlette", "uvicorn", "redis", "httpx", "jinja2", "yaml",
    "structlog", "prometheus_client", "openpyxl", "sqlite3", "deploy", "services.intake", "services.router",
)  # fmt: skip


@pytest.mark.parametrize("asked", [{}, {"_CBUS_COMPLETE": "complete_bash", "COMP_WORDS": "cbus d", "COMP_CWORD": "1"}])
def test_the_overview_and_completion_load_no_command_and_nothing_it_needs(asked: dict[str, str]) -> None:
    """By what is loaded, not by time: so doctor runs where nothing else would, and help comes at once."""
    program = (
        "import sys\n"
        "from services.cli.app import app\n"
        "try: app(['--help'], prog_name='cbus')\n"
        "except SystemExit: pass\n"
        "print('loaded', *sorted(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, **asked}
    )
    output, _, loaded = ran.stdout.rpartition("loaded ")
    assert "demo" in output
    assert "down" in output
    assert not [name for name in NOT_FOR_THE_OVERVIEW if name in loaded.split()]
    assert {name for name in loaded.split() if name.startswith("services.cli.")} == {
        "services.cli.app", "services.cli.commands", "services.cli.console", "services.cli.console.system_failure",
    }  # fmt: skip


def test_completion_still_knows_the_options_of_a_command() -> None:
    asked = {"_CBUS_COMPLETE": "complete_bash", "COMP_WORDS": "cbus send --con", "COMP_CWORD": "2"}
    program = "from services.cli.app import app; app(prog_name='cbus')"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ, **asked}
    )
    assert "--concurrency" in ran.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_whose_module_is_gone_is_missed_at_once(name: str) -> None:
    assert cli.load(name, COMMANDS[name]).name == name

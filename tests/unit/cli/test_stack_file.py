"""Other commands find the running stack, and never a dead one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli import stack_file
from services.cli.stack_file import adopt_running_stack, process_start, publish_stack, running_stack, withdraw_stack


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "var" / "stack.json"
    monkeypatch.setenv("CBUS_STACK_FILE", str(path))
    return path


def test_what_is_published_is_found() -> None:
    publish_stack({"CBUS_X": "1"}, {"kafka_bootstrap": "127.0.0.1:1"}, "http://127.0.0.1:2")
    found = running_stack()
    assert found is not None
    assert found.pid == os.getpid()
    assert found.environment == {"CBUS_X": "1"}
    assert found.intake_url == "http://127.0.0.1:2"


def test_what_is_withdrawn_is_gone(file: Path) -> None:
    publish_stack({}, {})
    withdraw_stack()
    assert running_stack() is None
    assert list(file.parent.iterdir()) == []


def test_a_file_of_a_dead_process_is_ignored(file: Path) -> None:
    publish_stack({}, {})
    content = json.loads(file.read_text())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    content["pid"] = ended.pid
    ended.wait()
    file.write_text(json.dumps(content))
    assert running_stack() is None


def test_a_file_whose_process_id_now_belongs_to_another_process_is_ignored(file: Path) -> None:
    publish_stack({}, {})
    content = json.loads(file.read_text())
    content["process_start"] = "1"
    file.write_text(json.dumps(content))
    assert running_stack() is None


def test_the_file_of_another_process_is_not_withdrawn(file: Path) -> None:
    publish_stack({}, {})
    file.write_text(json.dumps(json.loads(file.read_text()) | {"pid": os.getppid()}))
    withdraw_stack()
    assert file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_spoilt_file_counts_as_none(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    assert running_stack() is None


def test_variables_that_are_set_win_over_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_REDIS__URL", "mine")
    monkeypatch.setenv("CBUS_KAFKA__BOOTSTRAP_SERVERS", "to be unset again by the fixture")
    monkeypatch.delenv("CBUS_KAFKA__BOOTSTRAP_SERVERS")
    publish_stack({"CBUS_REDIS__URL": "theirs", "CBUS_KAFKA__BOOTSTRAP_SERVERS": "theirs"}, {})
    adopt_running_stack()
    assert os.environ["CBUS_REDIS__URL"] == "mine"
    assert os.environ["CBUS_KAFKA__BOOTSTRAP_SERVERS"] == "theirs"


def test_a_process_is_told_from_another_by_its_start() -> None:
    assert process_start(os.getpid()) == process_start(os.getpid())
    assert process_start(os.getpid()) != "gone"
    assert process_start(2**22 + 1) == "gone"
    assert stack_file.stack_file().name == "stack.json"

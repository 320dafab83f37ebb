"""Other commands find the running stack, and never a dead one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy import stack_file
from deploy.stack_file import (
    StackRunsHere,
    adopt_running_stack,
    process_start,
    publish_stack,
    require_no_other_stack,
    running_stack,
    withdraw_stack,
)


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


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process, which runs."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_second_stack_does_not_overwrite_the_first_which_runs(file: Path, other: subprocess.Popen[bytes]) -> None:
    publish_stack({"CBUS_X": "first"}, {})
    of_another = {"pid": other.pid, "process_start": process_start(other.pid)}
    file.write_text(json.dumps(json.loads(file.read_text()) | of_another))
    for second in (require_no_other_stack, lambda: publish_stack({"CBUS_X": "second"}, {})):
        with pytest.raises(StackRunsHere, match=f"process {other.pid}.*cbus down.*CBUS_STACK_FILE=.*stack-2.json"):
            second()
    withdraw_stack()
    found = running_stack()
    assert found is not None
    assert (found.pid, found.environment) == (other.pid, {"CBUS_X": "first"})


_PUBLISHES = """
import sys
from deploy.stack_file import StackRunsHere, publish_stack
sys.stdin.readline()
try:
    publish_stack({}, {})
    print("first", flush=True)
except StackRunsHere:
    print("refused", flush=True)
sys.stdin.readline()
"""


def test_of_stacks_that_start_together_one_is_noted() -> None:
    command = [sys.executable, "-c", _PUBLISHES]
    with ExitStack() as running:
        stacks = [
            running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(4)
        ]
        said = []
        for stack in stacks:
            assert stack.stdin is not None
            stack.stdin.write("go\n")
            stack.stdin.flush()
        for stack in stacks:
            assert stack.stdout is not None
            said.append(stack.stdout.readline().strip())
        for stack in stacks:
            stack.communicate("end\n")
    assert sorted(said) == ["first", "refused", "refused", "refused"]


def test_a_stack_of_this_process_may_be_published_again() -> None:
    publish_stack({"CBUS_X": "1"}, {})
    publish_stack({"CBUS_X": "2"}, {})
    found = running_stack()
    assert found is not None
    assert found.environment == {"CBUS_X": "2"}


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

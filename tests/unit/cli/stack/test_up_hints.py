"""What ``cbus up`` and ``cbus demo`` say one can do next is true where it is pasted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.stack_file import RunningStack, stack_file, stack_file_export
from services.cli.demo.table import what_to_try
from services.cli.stack import up

URL = "http://127.0.0.1:28080"
STACK = RunningStack(os.getpid(), "1", {"CBUS_X": "1"}, {"kafka_bootstrap": "127.0.0.1:1"}, URL)


def test_a_detached_stack_is_not_stopped_by_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("CBUS_STACK_FILE", str(tmp_path / "stack.json"))
    monkeypatch.setattr(up, "start_detached", lambda _words: STACK)
    options: dict[str, Callable[..., object] | object] = {"config_dir": Path(), "detach": True, "services": True}
    up.up_command(**options)  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert "stop it: cbus down" in said
    assert "Ctrl-C" not in said


@pytest.mark.parametrize("name", ["stack.json", "a stack's file.json", "var/second.json"])
def test_another_stack_file_is_told_in_words_a_shell_takes_anywhere(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CBUS_STACK_FILE", name)
    export = stack_file_export()
    assert export is not None
    assert f"\n{export} && cbus trace TICKET" in what_to_try(URL, "TICKET")
    assert export in what_to_try(URL, None).splitlines()
    assert export in up.next_steps(STACK, "cbus down").values()
    shell = subprocess.run(
        ["sh", "-c", f'cd / && {export} && printf %s "$CBUS_STACK_FILE"'], capture_output=True, text=True, check=True
    )
    assert shell.stdout == str(stack_file().absolute())


@pytest.mark.parametrize("value", [None, ""])
def test_the_usual_stack_file_needs_no_words(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CBUS_STACK_FILE", raising=False)
    if value is not None:
        monkeypatch.setenv("CBUS_STACK_FILE", value)
    assert stack_file_export() is None
    assert "CBUS_STACK_FILE" not in what_to_try(URL, "TICKET")

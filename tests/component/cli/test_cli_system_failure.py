"""What the system refuses is said in one sentence with exit code 1; nobody at a terminal sees a traceback."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.console.system_failure import in_words
from services.cli.trace import command as trace

CASE = "6f2c0a52-6b64-5c8e-9d53-0f6f6a1c7d10"
CHECKOUT = Path(__file__).parents[3]
SUBMISSION = '{"narrative": {"text": "Kettle leaks."}}\n'


def cbus(
    *arguments: str,
    environment: dict[str, str] | None = None,
    stdout: int | None = subprocess.PIPE,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The real program in the checkout, with ``environment`` on top."""
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        input=SUBMISSION,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        cwd=CHECKOUT,
        env={**os.environ, "COLUMNS": "200", **(environment or {})},
        preexec_fn=before,
    )


def no_stack(tmp_path: Path) -> dict[str, str]:
    """The variable that hides a stack that may run here."""
    return {"CBUS_STACK_FILE": str(tmp_path / "stack.json")}


def assert_told(ran: subprocess.CompletedProcess[str], *words: str) -> None:
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr
    assert not [word for word in words if word not in ran.stderr], ran.stderr


@given(st.sampled_from(sorted(errno.errorcode)))
def test_whatever_the_system_refuses_is_a_sentence_that_says_where(code: int) -> None:
    told = in_words(OSError(code, os.strerror(code), "/some/place"))
    assert os.strerror(code) in told
    assert "\n" not in told
    if code not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE):
        assert "/some/place" in told


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device", "/data/x"),
        PermissionError(errno.EACCES, "Permission denied", "/data/x"),
        OSError(errno.EROFS, "Read-only file system", "/data/x"),
        ExceptionGroup("tasks", [OSError(errno.EFBIG, "File too large", "/data/x")]),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_every_command_tells_it_and_ends_with_1(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(trace, "open_reader", fail)
    monkeypatch.setenv("CBUS_STACK_FILE", str(tmp_path / "stack.json"))
    result = CliRunner().invoke(app, ["trace", CASE])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "/data/x" in result.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = cbus(
            "run", "intake",
            environment={"CBUS_HTTP__PORT": str(port), "CBUS_DEVELOPMENT": "true"} | no_stack(tmp_path),
        )  # fmt: skip
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert str(port) in ran.stderr
    assert "CBUS_HTTP__PORT" in ran.stderr


def test_a_home_that_cannot_be_written_is_named_by_the_stack_and_by_doctor(tmp_path: Path) -> None:
    a_file = tmp_path / "home"
    a_file.touch()
    where = {"HOME": str(a_file), "CBUS_CACHE_DIR": "", "CBUS_STACK_FILE": str(tmp_path / "stack.json")}
    assert_told(cbus("up", "--backend", "embedded", environment=where), str(a_file), "CBUS_CACHE_DIR")
    doctor = cbus("doctor", environment=where)
    assert doctor.returncode == 1
    assert "CBUS_CACHE_DIR" in doctor.stdout


@pytest.mark.parametrize("kind", ["data directory", "stack file"])
def test_a_place_that_cannot_be_written_is_named(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below, stack = str(tmp_path / "file" / "below"), {"CBUS_STACK_FILE": str(tmp_path / "stack.json")}
    if kind == "data directory":
        ran = cbus("up", "--backend", "embedded", "--data-dir", below, environment=stack)
    else:
        ran = cbus("up", "--detach", environment={"CBUS_STACK_FILE": f"{below}/stack.json"})
    assert_told(ran, below if kind == "data directory" else str(tmp_path / "file"))


def test_a_temporary_directory_that_is_missing_is_named_by_the_stack_and_by_doctor(tmp_path: Path) -> None:
    """The only place there could be one is a file, so nobody can have made it."""
    (tmp_path / "file").touch()
    program = (
        "import tempfile\n"
        f"tempfile._candidate_tempdir_list = lambda: [{str(tmp_path / 'file' / 'below')!r}]\n"
        "from services.cli.app import main\n"
        "main()"
    )
    for command in (["up", "--backend", "embedded"], ["doctor"]):
        ran = subprocess.run(
            [sys.executable, "-c", program, *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=CHECKOUT,
            env={**os.environ, "COLUMNS": "200", "CBUS_STACK_FILE": str(tmp_path / "stack.json")},
        )
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert "TMPDIR" in ran.stdout + ran.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("classify",), ("doctor", "--json")])
def test_a_full_disk_under_the_output_is_told(arguments: tuple[str, ...]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        assert_told(cbus(*arguments, stdout=full), "No space left on device")
    finally:
        os.close(full)


def no_file_may_grow() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_limit_on_files_is_told(tmp_path: Path) -> None:
    stack = {"CBUS_STACK_FILE": str(tmp_path / "stack.json")}
    arguments = ("up", "--backend", "embedded", "--data-dir", str(tmp_path / "d"))
    ran = cbus(*arguments, environment=stack, before=no_file_may_grow)
    assert_told(ran, "File too large", "ulimit -f")


def files_stay_small() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))


def test_a_broker_that_finds_no_room_at_its_start_is_told_in_a_sentence(tmp_path: Path) -> None:
    """The limit on a file stands for the full disk: the broker's index files do not fit."""
    where = {"CBUS_STACK_FILE": str(tmp_path / "stack.json"), "TMPDIR": str(tmp_path)}
    ran = cbus("up", "--backend", "embedded", environment=where, before=files_stay_small)
    assert_told(ran, "the disk", "is full", "--data-dir")
    assert "\tat " not in ran.stderr

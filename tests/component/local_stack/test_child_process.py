"""Child processes: signalled as asked, and never left behind, however the parent ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.child_process import ChildProcess, ChildProcessFailed
from deploy.local.polling import wait_until

PROJECT_ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[ChildProcess]:
    child = ChildProcess("sleeper", ["sleep", "60"], log_path=tmp_path / "sleeper.log")
    child.start()
    yield child
    child.kill()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def test_terminate_asks_first(sleeper: ChildProcess) -> None:
    assert sleeper.terminate() == -signal.SIGTERM
    assert not sleeper.is_alive


def test_terminate_also_stops_a_paused_process(sleeper: ChildProcess) -> None:
    sleeper.pause()
    assert sleeper.terminate(timeout_seconds=5) == -signal.SIGTERM


def test_a_process_that_ignores_sigterm_is_killed_after_the_deadline(tmp_path: Path) -> None:
    deaf = ChildProcess("deaf", ["sh", "-c", "trap '' TERM; echo deaf; sleep 60"], log_path=tmp_path / "deaf.log")
    deaf.start()
    wait_until(lambda: "deaf" in deaf.log_tail(), "the trap to be set", timeout_seconds=5)
    assert deaf.terminate(timeout_seconds=0.2) == -signal.SIGKILL


def test_kill_takes_the_grandchildren_too(tmp_path: Path) -> None:
    family = ChildProcess("family", ["sh", "-c", "sleep 60 & echo $!; wait"], log_path=tmp_path / "family.log")
    family.start()
    grandchild = int(wait_until(lambda: (tmp_path / "family.log").read_text(), "a grandchild", timeout_seconds=5))
    family.kill()
    wait_until(lambda: not is_running(grandchild), "the grandchild's end", timeout_seconds=5)


def test_a_child_leads_its_own_process_group_so_that_ctrl_c_reaches_only_the_parent(sleeper: ChildProcess) -> None:
    assert sleeper.pid is not None
    assert os.getpgid(sleeper.pid) == sleeper.pid != os.getpgid(0)


def test_an_unexpected_end_is_reported_with_the_end_of_the_log(tmp_path: Path) -> None:
    failing = ChildProcess("failing", ["sh", "-c", "echo cannot bind >&2; exit 3"], log_path=tmp_path / "f.log")
    failing.start()
    failing.wait(5)
    with pytest.raises(ChildProcessFailed, match=r"failing ended with exit code 3(.|\n)*cannot bind"):
        failing.require_alive()


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    child = ChildProcess("child", ["sleep", "60"], log_path=tmp_path / "child.log")
    starter = threading.Thread(target=child.start)
    starter.start()
    starter.join()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        assert child.is_alive
    finally:
        child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.parametrize("end", ["kill -9", "normal exit"])
def test_a_child_dies_with_its_parent(tmp_path: Path, end: str) -> None:
    script = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from deploy.local.child_process import ChildProcess
        child = ChildProcess("child", ["sleep", "60"], log_path=Path({str(tmp_path / "child.log")!r}))
        child.start()
        print(child.pid, flush=True)
        if {end == "kill -9"}:
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    parent = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_ROOT, capture_output=True, text=True)
    child_pid = int(parent.stdout)
    assert parent.returncode == (-signal.SIGKILL if end == "kill -9" else 0), parent.stderr
    wait_until(lambda: not is_running(child_pid), "the child's end", timeout_seconds=5)

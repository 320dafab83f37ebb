"""The lock on a data directory: exclusive, names its holder, and lasts as long as any server over the directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.directory_lock import DataDirInUse, DirectoryLock

PROJECT_ROOT = Path(__file__).resolve().parents[3]


def test_the_lock_of_another_process_is_refused_with_its_pid(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from deploy.local.directory_lock import DirectoryLock\n"
        f"DirectoryLock(Path({str(tmp_path)!r})).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataDirInUse) as refusal:
            DirectoryLock(tmp_path).acquire()
        holder.kill()

    assert refusal.value.pid == holder.pid
    DirectoryLock(tmp_path).acquire()


def test_a_server_that_inherited_the_lock_keeps_it_when_its_starter_lets_go(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    lock.acquire()
    with subprocess.Popen(["sleep", "60"], pass_fds=[lock.file]) as server:
        lock.release()
        with pytest.raises(DataDirInUse):
            DirectoryLock(tmp_path).acquire()
        server.kill()

    with DirectoryLock(tmp_path) as again:
        assert again.file > 0

"""What a process holds: its open files and its memory are seen, and one that is gone is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.polling import wait_until
from tests.torture.load.json_lines import read_lines
from tests.torture.run.resources import ResourceSampler, can_sample, usage_of

pytestmark = pytest.mark.skipif(not can_sample(), reason="this machine has no /proc")
MIB = 2**20


@dataclass
class Process:
    """Stands for a service process."""

    name: str
    pid: int | None
    is_alive: bool = True
    service: str = "router"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits until its input ends."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_open_files_and_memory_of_a_process_are_seen(tmp_path: Path) -> None:
    """Looked at in a process of its own: in this one, files of earlier tests may be closed between the two looks."""
    taking = (
        "import os, sys; sys.stdout.write('a'); sys.stdout.flush(); sys.stdin.readline()\n"
        f"files = [open({str(tmp_path)!r} + f'/{{number}}', 'w') for number in range(20)]\n"
        f"ballast = bytearray(os.urandom(1)) * {64 * MIB}\n"
        "sys.stdout.write('b'); sys.stdout.flush(); sys.stdin.readline()\n"
    )
    with subprocess.Popen([sys.executable, "-c", taking], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.read(1) == b"a"
        before = usage_of(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.read(1) == b"b"
        after = usage_of(process.pid)
        process.communicate(b"\n")
    assert before is not None
    assert after is not None
    assert after.fds - before.fds == 20
    assert after.rss_bytes - before.rss_bytes >= 0.9 * 64 * MIB


def test_a_process_that_ended_holds_nothing_waited_for_or_not(child: subprocess.Popen[bytes]) -> None:
    assert usage_of(child.pid) is not None
    child.kill()
    wait_until(lambda: usage_of(child.pid) is None, "the dead process to hold nothing", timeout_seconds=5)
    child.wait()
    assert usage_of(child.pid) is None


def test_every_process_that_runs_is_noted_again_and_again(tmp_path: Path) -> None:
    alive, dead = Process("router-0", os.getpid()), Process("router-1", os.getpid(), is_alive=False)
    sampler = ResourceSampler(lambda: [alive, dead, Process("sla-0", None)], tmp_path / "resources.jsonl", 0.05)
    sampler.start()
    time.sleep(0.3)
    sampler.stop()
    lines = list(read_lines(tmp_path / "resources.jsonl"))
    assert {(line["service"], line["instance"], line["pid"]) for line in lines} == {("router", "router-0", os.getpid())}
    assert len(lines) >= 3
    assert [line["second"] for line in lines] == sorted(line["second"] for line in lines)
    assert all(line["fds"] > 0 and line["rss_bytes"] > MIB for line in lines)

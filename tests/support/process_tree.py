"""Which processes belong to one another, read from ``/proc``: to prove that nothing is left behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

PROC = Path("/proc")


def require_proc() -> None:
    """Skip where there is no ``/proc``."""
    if not (PROC / "self" / "stat").exists():
        pytest.skip("needs /proc to see child processes")


def descendants(pid: int) -> set[int]:
    """All children of a process, theirs included."""
    children: dict[int, set[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), set()).add(int(stat.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), set()) - found:
            found.add(child)
            waiting.append(child)
    return found


def still_running(pids: set[int]) -> dict[int, str]:
    """Those of ``pids`` that run (zombies do not), with their command lines."""
    running = {}
    for pid in pids:
        try:
            state = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if state != "Z":
                running[pid] = (PROC / str(pid) / "cmdline").read_text(errors="replace").replace("\0", " ")[:200]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return running


def gone_within(pids: set[int], seconds: float) -> dict[int, str]:
    """What still runs of ``pids`` after at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while (left := still_running(pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left

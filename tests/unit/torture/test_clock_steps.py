"""A stepped clock: the wall clock of one process moves, its monotonic clock and everybody else's do not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.nemesis.clock_steps import LOOKS_AGAIN_SECONDS, ServiceClock, find_library

LIBRARY = find_library()
SCRIPT = (
    "import sys, time\n"
    "for _ in sys.stdin:\n"
    "    print(time.time(), time.monotonic(), flush=True)\n"  # CLOCK_MONOTONIC is one for the whole machine
)


class Process:
    """A process that tells its clocks when asked."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ahead(self) -> tuple[float, float]:
        """How far its wall clock and its monotonic clock are ahead of this process's, in seconds."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        wall, monotonic = map(float, self.child.stdout.readline().split())
        return wall - time.time(), monotonic - time.monotonic()


@pytest.fixture
def clock(tmp_path: Path) -> ServiceClock:
    return ServiceClock(tmp_path / "clocks" / "router-0")


@pytest.fixture
def process(clock: ServiceClock) -> Iterator[Process]:
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed (Debian: faketime)")
    process = Process(clock.environment(LIBRARY))
    yield process
    process.child.kill()
    process.child.communicate()


@pytest.mark.parametrize("seconds", [1.75, -1.25])
def test_a_step_moves_the_wall_clock_of_that_process_and_no_other_clock(
    clock: ServiceClock, process: Process, seconds: float
) -> None:
    assert process.ahead() == pytest.approx((0, 0), abs=0.1)
    clock.set(seconds)
    time.sleep(LOOKS_AGAIN_SECONDS + 0.1)
    assert process.ahead() == pytest.approx((seconds, 0), abs=0.1)
    clock.set(0.0)
    time.sleep(LOOKS_AGAIN_SECONDS + 0.1)
    assert process.ahead() == pytest.approx((0, 0), abs=0.1)


def test_the_library_is_found_under_the_name_of_the_architecture_and_without(tmp_path: Path) -> None:
    plain, named = tmp_path / "plain", tmp_path / "named"
    for place in (plain / "faketime", named / "x86_64-linux-gnu/faketime"):
        place.mkdir(parents=True)
        (place / "libfaketimeMT.so.1").touch()
    assert find_library([str(tmp_path / "nowhere"), str(plain)]) == plain / "faketime/libfaketimeMT.so.1"
    assert find_library([str(named)]) == named / "x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    assert find_library([str(tmp_path / "nowhere")]) is None

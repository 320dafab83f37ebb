"""The clock of one service process, put forward or back while it runs; the machine's own is never touched.

The process is started again under libfaketime, which adds to every look at the wall clock what a file says. The
monotonic clock is left alone, as it is when an operator or NTP sets a machine's clock, and so are its twin and the
brokers. A step is not taken back at the end of the process: the file says what is added, until it says something else.

What holds whatever the clock says is judged: nothing lost, nothing twice, deadlines computed from event time. "Never
early" is true by the clock of the process that fires. One that runs ahead calls a case late before the world does;
the fact that comes in time after all makes the SLA service take it back (``sla.corrected.v1``, decision 0005), and
the checker insists on that. The other way a router that lags behind refuses what departments date more than five of
its minutes ahead, into the dead letters with that reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from deploy.local.polling import wait_until
from tests.torture.nemesis.cluster import RECOVER_WITHIN_SECONDS, TortureBus

LIBRARY_DIRECTORIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
LIBRARY = "faketime/libfaketimeMT.so.1"
LOOKS_AGAIN_SECONDS = 1.0
CACHE_DURATION = "0"  # more whole seconds than this, and the library reads its file again
STOP_WITHIN_SECONDS = 10.0


def find_library(directories: Iterable[str] = LIBRARY_DIRECTORIES) -> Path | None:
    """Where libfaketime is, with or without the name of the architecture in its path; None: not installed."""
    for directory in directories:
        for pattern in (LIBRARY, f"*/{LIBRARY}"):
            if found := sorted(Path(directory).glob(pattern)):
                return found[0]
    return None


class ServiceClock:
    """What is added to the wall clock of a process: a file it looks at once a second."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0.0)

    def set(self, seconds: float) -> None:
        """From now on the clock is ``seconds`` ahead of the machine's; behind it, if negative.

        Replaced as a whole, since the process may look at any moment.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+.3f}\n")
        fresh.replace(self.file)

    def environment(self, library: Path) -> dict[str, str]:
        """Variables of a process that goes by this clock."""
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": CACHE_DURATION,
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def step(bus: TortureBus, target: str, seconds: float) -> float:
    """Step the clock of ``target`` (``instance:offset``) for ``seconds``, then back; seconds until it was ready."""
    instance, _, offset = target.partition(":")
    library = find_library()
    if library is None:
        raise ValueError("libfaketime is not installed")
    clock = ServiceClock(bus.directory / "clocks" / instance)
    _restart_under(bus, instance, clock.environment(library))
    bus.wait_recovered(instance)
    clock.set(float(offset))
    time.sleep(seconds)
    clock.set(0.0)
    time.sleep(LOOKS_AGAIN_SECONDS + 0.1)
    return bus.wait_recovered(instance)


def _restart_under(bus: TortureBus, instance: str, variables: dict[str, str]) -> None:
    """Let the supervisor start the instance with ``variables``; the start after that one is without them."""
    process = bus.wait_alive(instance)
    restarts = bus.supervisor.restarts(instance)
    process.environment.update(variables)
    try:
        process.terminate(STOP_WITHIN_SECONDS)
        wait_until(
            lambda: bus.supervisor.restarts(instance) > restarts,
            f"{instance} to be restarted",
            timeout_seconds=RECOVER_WITHIN_SECONDS,
            interval_seconds=0.02,
        )
    finally:
        for name in variables:
            process.environment.pop(name, None)

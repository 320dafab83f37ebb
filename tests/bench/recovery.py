"""How soon one SLA process works again with a million open clocks: with nothing on its disk, and over its files.

Three starts of the same process on all partitions. The first two must also fire the timers of what they restored:

* cold: no local state; everything is read from the changelog, and cases that are overdue in it are breached;
* warm: killed, and started over its files once deadlines have passed that it had not been alive to see;
* killed and started again at once, with complaints waiting.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy.local.polling import wait_until
from deploy.local.service_process import PROJECT_ROOT, ServiceProcess
from shared.events.complaint import Complaint
from shared.events.sla import ClockArmed, ClockBreached
from tests.bench.clock_events import ClockEventReader
from tests.bench.complaints import complaints
from tests.bench.measurement import Measurement
from tests.bench.open_clocks import dispatched_rows, open_clock_rows, preload_changelog
from tests.bench.preload import preload, submitted
from tests.bench.rig import Rig, metric, rig

CLOCKS = 1_000_000
DUE_CASES = 60
DUE_AFTER = timedelta(seconds=5)
_TIMEOUT_SECONDS = 180.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Start:
    """One start of the process, in seconds since its interpreter was started (or the one before was killed)."""

    ready: float
    first_commit: float
    restoring: float
    """What of it went into the state of all partitions, by the service's own metric."""


def measure(clocks: int = CLOCKS) -> list[Measurement]:
    """Cold start, warm start, and kill and restart over ``clocks`` open clocks."""
    imports = _import_seconds()
    with rig() as bench:
        overdue = (row for row, _ in dispatched_rows(_due_cases("overdue", datetime.now(UTC))))
        rows = itertools.chain(overdue, open_clock_rows(clocks, "recovery"))
        count, loaded = preload_changelog(bench.bootstrap, rows)
        with ClockEventReader(bench.bootstrap) as reader, _sla(bench) as sla:
            cold = _start_with_breaches(sla, reader)
            _die_before_deadlines(sla, reader, bench)
            warm = _start_with_breaches(sla, reader)
            killed = _kill_with_complaints_waiting(sla, reader, bench)
    return _measurements(
        cold, warm, killed, imports, f"{loaded} open clocks in {count} rows, 1 process, all partitions"
    )


@contextmanager
def _sla(bench: Rig) -> Iterator[ServiceProcess]:
    """The service, not started yet; stopped at the end."""
    process = ServiceProcess("sla", log_directory=bench.directory / "logs", environment=dict(bench.environment))
    try:
        yield process
    finally:
        process.terminate(15)


def _due_cases(run: str, due_at: datetime) -> Iterator[Complaint]:
    """Cases a regulator wants answered by ``due_at``."""
    return complaints(DUE_CASES, f"recovery-{run}", itertools.repeat(due_at))


def _start_with_breaches(sla: ServiceProcess, reader: ClockEventReader) -> Start:
    """Start it over state in which ``DUE_CASES`` clocks are due; their breaches must be its first transaction."""
    reader.forget()
    begun = time.perf_counter()
    sla.start()
    ready = _wait_ready(sla) - begun
    first_commit = reader.wait_for(ClockBreached, DUE_CASES, _TIMEOUT_SECONDS) - begun
    return Start(ready, first_commit, _restoring(sla))


def _die_before_deadlines(sla: ServiceProcess, reader: ClockEventReader, bench: Rig) -> None:
    """Let it arm clocks that fall due soon, kill it before they do, and let them fall due."""
    due_at = datetime.now(UTC) + DUE_AFTER
    preload(bench.bootstrap, submitted(_due_cases("due", due_at)))
    reader.wait_for(ClockArmed, DUE_CASES, DUE_AFTER.total_seconds())
    sla.kill()
    wait_until(lambda: datetime.now(UTC) > due_at, "the deadlines to pass", timeout_seconds=_TIMEOUT_SECONDS)


def _kill_with_complaints_waiting(sla: ServiceProcess, reader: ClockEventReader, bench: Rig) -> Start:
    """Kill it, leave complaints for it, and start it again at once; seconds count from the kill."""
    reader.forget()
    begun = time.perf_counter()
    sla.kill()
    sla.start()
    preload(bench.bootstrap, submitted(complaints(DUE_CASES, "recovery-waiting")))
    ready = _wait_ready(sla) - begun
    return Start(ready, reader.wait_for(ClockArmed, DUE_CASES, _TIMEOUT_SECONDS) - begun, _restoring(sla))


def _wait_ready(sla: ServiceProcess) -> float:
    wait_until(sla.is_ready, "the SLA service", timeout_seconds=_TIMEOUT_SECONDS, interval_seconds=_POLL_SECONDS)
    return time.perf_counter()


def _restoring(sla: ServiceProcess) -> float:
    return metric(sla, "complaintbus_state_restore_seconds_sum", service="sla")


def _import_seconds(runs: int = 3) -> float:
    """What any start costs: the interpreter and the service's modules, nothing of its work. Best of some runs."""

    def once() -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import services.sla.bootstrap"], cwd=PROJECT_ROOT, check=True)
        return time.perf_counter() - begun

    return min(once() for _ in range(runs))


def _measurements(cold: Start, warm: Start, killed: Start, imports: float, method: str) -> list[Measurement]:
    def of(name: str, start: Start, aim: str) -> Iterator[Measurement]:
        own = f"{method}; interpreter and imports are {imports:.2f} s of it"
        yield Measurement(f"SLA {name}: start → ready", start.ready, "s", own)
        yield Measurement(f"SLA {name}: start → first commit", start.first_commit, "s", own)
        without = start.ready - imports
        yield Measurement(f"SLA {name}: ready without interpreter and imports", without, "s", method, aim)
        yield Measurement(f"SLA {name}: restoring alone", start.restoring, "s", "the service's own metric")

    return [
        *of("cold", cold, "≤ 20"),
        *of("warm", warm, "≤ 2"),
        Measurement("SLA kill → first commit", killed.first_commit, "s", f"{method}; started again at once", "≤ 10"),
    ]

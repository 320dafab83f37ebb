"""Arms a crash point in one instance, brings about what the point needs, and tells whether the process died there.

What counts is the process's own last word in its log: it may also end, or be killed, for another reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.polling import DeadlineExceeded, wait_until
from deploy.local.service_process import ServiceProcess
from shared.crash_points import LAST_WORD
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from tests.torture.nemesis.cluster import CRASH_POINT_VARIABLE, INSTANCES, RECOVER_WITHIN_SECONDS, TortureBus
from tests.torture.nemesis.copies import ask_for_copies

MOST_ATTEMPTS = 3
READY_FOR_SECONDS = 30.0
"""An instance that was ready for this long without dying has not enough to do; the next attempt is its twin's."""
ATTEMPT_SECONDS = 120.0
"""Longest attempt, broker outages and all."""
REST_SECONDS = 0.7
REVOKED_SECONDS = 13.0  # longer than a session: the group goes on without the frozen twin
BACKLOG_SECONDS = 1.5
BEGUN_SECONDS = 1.0
DOUBT_SECONDS = 3.0
COPIED_SECONDS = 3.0
OUTWAITED_SECONDS = 16.5  # longer than a transaction's records are waited for


def visit(bus: TortureBus, instance: str, armed: str) -> dict[str, object]:
    """Arm ``armed`` (``point:passage``) in ``instance``, and if need be in its twin, until it dies there.

    What came of it: ``hit``, the last instance, how many attempts it took, and when that instance was ready again.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        hit = _attempt(bus, instance, armed)
        recovered_seconds = round(bus.wait_recovered(instance), 2)
        if hit:
            break
        instance = twin_of(instance) if attempt < MOST_ATTEMPTS else instance
    return {"hit": hit, "instance": instance, "attempts": attempt, "recovered_seconds": recovered_seconds}


def twin_of(instance: str) -> str:
    """The next instance of the same service; itself if it is the only one."""
    service, _, number = instance.rpartition("-")
    return f"{service}-{(int(number) + 1) % INSTANCES[service]}"


def _attempt(bus: TortureBus, instance: str, armed: str) -> bool:
    """Restart the instance armed and wait for its death; if it lives on it is killed, so that it is armed no more."""
    process = bus.wait_alive(instance)
    before = bus.supervisor.restarts(instance)
    witness = Witness(process.log_path, armed.partition(":")[0])
    process.environment[CRASH_POINT_VARIABLE] = armed
    process.kill()
    wait_until(
        lambda: bus.supervisor.restarts(instance) > before,
        f"{instance} to be restarted",
        timeout_seconds=RECOVER_WITHIN_SECONDS,
        interval_seconds=0.02,
    )
    process.environment.pop(CRASH_POINT_VARIABLE, None)
    is_over = _wait_for_end(bus, instance, witness, before + 1)
    if not is_over:
        process.kill()
    return witness.saw_it_die


class Witness:
    """Reads what a process appended to its log since the witness came: did it die at the point?"""

    def __init__(self, log: Path, point: str) -> None:
        self.point = point
        self._log = log
        self._word = LAST_WORD.format(point).encode()
        self._from = log.stat().st_size if log.exists() else 0
        self.saw_it_die = False

    def look(self) -> bool:
        """Look again; whether it died there."""
        if not self.saw_it_die and self._log.exists():
            with self._log.open("rb") as lines:
                lines.seek(self._from)
                self.saw_it_die = self._word in lines.read()
        return self.saw_it_die


def _wait_for_end(bus: TortureBus, instance: str, witness: Witness, restarts: int) -> bool:
    """Bring the point about again and again; False: it was ready for long enough and is still armed."""
    process, ready_seconds = bus.instance(instance), 0.0
    deadline = time.monotonic() + ATTEMPT_SECONDS

    def is_over() -> bool:
        return witness.look() or bus.supervisor.restarts(instance) > restarts

    while ready_seconds < READY_FOR_SECONDS and time.monotonic() < deadline:
        started, is_ready = time.monotonic(), process.is_alive and process.is_ready()
        if _within(REST_SECONDS, is_over) or (is_ready and _provoke(bus, instance, witness.point, is_over)):
            return True
        ready_seconds += time.monotonic() - started if is_ready else 0.0
    return is_over()


def _provoke(bus: TortureBus, instance: str, point: str, is_over: Callable[[], bool]) -> bool:
    """Most points only need traffic; some need help. Whether the process ended."""
    if point.endswith("in-revoke"):
        return _take_its_twin_away(bus.instance(twin_of(instance)), is_over)
    if point.endswith("after-doubt-before-rewind"):
        return _cast_doubt(bus, bus.instance(instance), is_over)
    if point.startswith("reinjection."):
        ask_for_copies(KafkaBroker(KafkaSettings(bootstrap_servers=bus.kafka.bootstrap_servers)), bus.now())
        return _within(COPIED_SECONDS, is_over)
    return False


def _take_its_twin_away(twin: ServiceProcess, is_over: Callable[[], bool]) -> bool:
    """A member that falls silent is dropped, and what it had is given to the others: they must let go first."""
    twin.pause()
    try:
        return _within(REVOKED_SECONDS, is_over)
    finally:
        twin.resume()


def _cast_doubt(bus: TortureBus, process: ServiceProcess, is_over: Callable[[], bool]) -> bool:
    """Connections are lost within a transaction.

    The process is frozen until records wait in its sockets, wakes to frozen brokers, begins a transaction on these
    records, and loses its connections. Without proxies the brokers stay frozen until it has waited for too long.
    """
    process.pause()
    time.sleep(BACKLOG_SECONDS)
    for node in bus.kafka.nodes:
        node.pause()
    process.resume()
    time.sleep(BEGUN_SECONDS if bus.proxies.links else OUTWAITED_SECONDS)
    _drop_connections(bus)
    for node in bus.kafka.nodes:
        node.resume()
    return _within(DOUBT_SECONDS, is_over)


def _drop_connections(bus: TortureBus) -> None:
    """Of every client to every broker; links another fault has cut stay cut."""
    whole = [broker for broker, link in bus.proxies.links.items() if not link.is_cut]
    for broker in whole:
        bus.proxies.cut(broker)
    time.sleep(0.1)
    for broker in whole:
        bus.proxies.links[broker].is_cut = False


def _within(seconds: float, is_over: Callable[[], bool]) -> bool:
    try:
        wait_until(is_over, "the crash", timeout_seconds=seconds, interval_seconds=0.05)
    except DeadlineExceeded:
        return False
    return True

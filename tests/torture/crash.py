"""Arms a crash point in one instance, brings about what the point needs, and tells whether it was hit."""

from __future__ import annotations

import signal
import time

from deploy.local.polling import DeadlineExceeded, wait_until
from tests.torture.cluster import CRASH_POINT_VARIABLE, RECOVER_WITHIN_SECONDS, TortureBus

HIT_WITHIN_SECONDS = 45.0
BACKLOG_SECONDS = 1.5
DOUBT_PAUSE_SECONDS = 1.8  # longer than a commit may take before it is doubted
REJOIN_SECONDS = 4.0
REST_SECONDS = 0.7


def visit(bus: TortureBus, instance: str, armed: str) -> dict[str, object]:
    """Restart ``instance`` armed with ``armed`` (``point:passage``) until it dies there; what came of it."""
    process = bus.wait_alive(instance)
    before = bus.supervisor.restarts(instance)
    process.environment[CRASH_POINT_VARIABLE] = armed
    process.kill()
    wait_until(
        lambda: bus.supervisor.restarts(instance) > before,
        f"{instance} to be restarted",
        timeout_seconds=RECOVER_WITHIN_SECONDS,
        interval_seconds=0.02,
    )
    process.environment.pop(CRASH_POINT_VARIABLE)
    hit = _wait_for_death(bus, instance, armed.partition(":")[0], before + 1)
    if not hit:
        process.kill()
    return {"hit": hit, "recovered_seconds": round(bus.wait_recovered(instance), 2)}


def _wait_for_death(bus: TortureBus, instance: str, point: str, restarts: int) -> bool:
    process = bus.instance(instance)

    def died() -> bool:
        return process.exit_code == -signal.SIGKILL or bus.supervisor.restarts(instance) > restarts

    deadline = time.monotonic() + HIT_WITHIN_SECONDS
    while time.monotonic() < deadline:
        rest_seconds = _provoke(bus, instance, point)
        try:
            wait_until(died, "the crash", timeout_seconds=rest_seconds, interval_seconds=0.02)
        except DeadlineExceeded:
            continue
        return True
    return False


def _provoke(bus: TortureBus, instance: str, point: str) -> float:
    """Bring the point about; how long to wait for it before trying again.

    Most points only need traffic. A revocation needs the twin to leave and come back. A doubt needs brokers that fall
    silent within a transaction: the process is frozen until records wait in its sockets, and wakes to a frozen broker.
    """
    process = bus.instance(instance)
    if not process.is_alive or not process.is_ready():
        return REST_SECONDS
    if point.endswith("in-revoke"):
        service, _, number = instance.rpartition("-")
        bus.process(service, 1 - int(number)).ask_to_stop()
        return REJOIN_SECONDS
    if point.endswith("after-doubt-before-rewind"):
        process.pause()
        time.sleep(BACKLOG_SECONDS)
        for node in bus.kafka.nodes:
            node.pause()
        process.resume()
        time.sleep(DOUBT_PAUSE_SECONDS)
        for node in bus.kafka.nodes:
            node.resume()
    return REST_SECONDS

"""Intake as a process of its own, and one submission to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.local.ports import free_port
from deploy.local.service_process import ServiceProcess

CANARY = "canary-王小二-13800000000"
SECRET = "a secret for tests alone"
COMPLAINT = {"narrative": CANARY, "complainant": {"name": CANARY}}


@contextmanager
def running_intake(bootstrap_servers: str, redis_url: str, log_directory: Path) -> Iterator[ServiceProcess]:
    """Intake on a free port, ready; ended with the block."""
    process = ServiceProcess(
        "intake",
        log_directory=log_directory,
        environment={
            "CBUS_QUERY_CODE_SECRET": SECRET,
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
            "CBUS_REDIS__URL": redis_url,
            "CBUS_HTTP__PORT": str(free_port()),
        },
    )
    process.start()
    try:
        process.wait_ready()
        yield process
    finally:
        process.terminate()


def post(intake: ServiceProcess, key: str) -> tuple[httpx.Response, float]:
    """The answer to one submission, and how long it took."""
    url = f"http://127.0.0.1:{intake.environment['CBUS_HTTP__PORT']}/v1/complaints"
    started = time.monotonic()
    answer = httpx.post(url, json=COMPLAINT, headers={"Idempotency-Key": key}, timeout=30)
    return answer, time.monotonic() - started

"""Intake with everything but the process around it: its real HTTP server in a thread, over a given broker and Redis."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from redis.asyncio import Redis

from deploy.local.polling import wait_until
from services.intake import bootstrap
from services.intake.channels.http.server import DrainingServer, server_config
from services.intake.settings import IntakeSettings
from shared.clock import Clock
from shared.streaming.broker import Broker

SECRET = "a secret for tests alone"


@dataclass(frozen=True)
class RunningIntake:
    """Where to post, and the wired service behind it."""

    url: str
    port: int
    intake: bootstrap.Intake

    def post(self, submission: Any = None, key: str | None = None, **arguments: Any) -> httpx.Response:
        """Post one complaint."""
        headers = {**arguments.pop("headers", {}), **({} if key is None else {"Idempotency-Key": key})}
        if submission is not None:
            arguments["json"] = submission
        return httpx.post(f"{self.url}/v1/complaints", headers=headers, timeout=30, **arguments)

    def has_read(self, complaint_id: str) -> None:
        """Wait until this door has read the complaint off the log."""
        receipts = self.intake._receipts
        wait_until(lambda: asyncio.run(receipts.recall(complaint_id)), "the receipt to be read", timeout_seconds=20)

    def await_cluster_unknown(self) -> None:
        """Wait until this door has found out that Kafka is away."""
        receipts = self.intake._receipts
        wait_until(lambda: receipts._cluster_id is None, "the cluster to be unknown", timeout_seconds=20)


def intake_settings(changes: Mapping[str, Any]) -> IntakeSettings:
    """Settings for tests: a short deadline, and ``changes`` by dotted name."""
    blocks: dict[str, Any] = {
        "query_code_secret": SECRET,
        "kafka": {"delivery_timeout_seconds": 0.5},
        "redis": {"timeout_seconds": 5},  # the machine may be busy; slowness has its own test
        "http": {},
    }
    for name, value in changes.items():
        block, _, field = name.partition(".")
        if field:
            blocks[block].update({field: value})
        else:
            blocks[name] = value
    return IntakeSettings(**blocks)


@contextmanager
def running_intake(
    broker: Broker, redis_url: str, *, clock: Clock | None = None, remembers: bool = True, **changes: Any
) -> Iterator[RunningIntake]:
    """Serve on a free port until the block ends. ``remembers``: wait until Redis is in use."""
    started: list[tuple[bootstrap.Intake, DrainingServer]] = []
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        tempfile.TemporaryDirectory(prefix="intake-state-") as state_dir,
    ):
        defaults = {"redis.url": redis_url, "state_dir": state_dir}
        settings = intake_settings(defaults | {name.replace("__", "."): value for name, value in changes.items()})

        async def serve() -> None:
            intake = bootstrap.build(settings, broker=broker, clock=clock, redis=Redis.from_url(redis_url))
            server = DrainingServer(server_config(intake.app, settings.http))
            await intake.start()
            started.append((intake, server))
            await server.serve(sockets=[listener])
            await intake.stop()

        thread = threading.Thread(target=asyncio.run, args=(serve(),), name="intake")
        thread.start()
        try:
            wait_until(lambda: started and started[0][1].started, "intake to serve", timeout_seconds=20)
            intake = started[0][0]
            if remembers:
                wait_until(lambda: intake._memory._prefix is not None, "intake's cluster", timeout_seconds=20)
            port = int(listener.getsockname()[1])
            yield RunningIntake(f"http://127.0.0.1:{port}", port, intake)
        finally:
            for _, server in started:
                server.should_exit = True
            thread.join(20)
    assert not thread.is_alive(), "intake did not stop"

"""The bus of the end-to-end tests: one broker, one process of each service; and a careful client of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from deploy.local.service_process import PROJECT_ROOT
from shared.events.clients import WAITED_FOR
from tests.support.whole_bus import WholeBus

SERVICES = ("intake", *WAITED_FOR)


class Bus(WholeBus):
    """One broker and one process of each service."""

    def __init__(
        self,
        directory: Path,
        speed: float = 1.0,
        services: tuple[str, ...] = SERVICES,
        extra_environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            directory,
            instances=dict.fromkeys(services, 1),
            speed=speed,
            extra_environment=extra_environment or {},
        )

    @property
    def url(self) -> str:
        """The HTTP door."""
        return self.urls[0]

    def kill(self, service: str) -> None:
        """SIGKILL a service; the supervisor starts it again."""
        self.process(service).kill()

    def kill_broker(self) -> None:
        """SIGKILL the broker and start it again over its data; returns when it serves again."""
        node = self.kafka.node(1)
        self.kill_node(node)
        node.start()
        node.wait_ready()


def submit(client: httpx.Client, url: str, submission: Mapping[str, Any], deadline_seconds: float = 90.0) -> str:
    """POST until it is answered 202, with the same key each time, as a careful client does; the complaint_id."""
    key = submission["channel_message_id"]
    deadline = time.monotonic() + deadline_seconds
    while True:
        try:
            response = client.post(f"{url}/v1/complaints", json=dict(submission), headers={"Idempotency-Key": key})
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code == 202:
            return str(response.json()["complaint_id"])
        again = response is None or response.status_code in (409, 503)
        assert again, f"{response.status_code if response else None}: {response.text if response else None}"
        assert time.monotonic() < deadline, "the door did not accept the complaint in time"
        time.sleep(0.2)


def expected_departments(submissions: Iterable[Mapping[str, Any]]) -> list[set[str]]:
    """What ``cbus route`` says about each submission: an answer of its own, outside the running bus."""
    lines = "\n".join(json.dumps(dict(submission)) for submission in submissions)
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "route"],
        input=lines,
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [{answer["lead"], *answer["co_handlers"]} for answer in answers]


def wait_until(done: Callable[[], bool], what: str, deadline_seconds: float) -> None:
    """Poll until ``done``; fail naming ``what``."""
    deadline = time.monotonic() + deadline_seconds
    while not done():
        assert time.monotonic() < deadline, f"{what}: not within {deadline_seconds:g} s"
        time.sleep(0.25)

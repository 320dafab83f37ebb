"""What an orchestrator asks: ``/live`` (restart me?), ``/ready`` (send me work?), ``/metrics`` (how is it going?).

A tiny threaded server of its own, so that it answers while the service's loop is busy. Liveness never depends on Kafka
or Redis: restarting a process does not repair somebody else's outage.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from shared.listening import naming_the_setting
from shared.observability.logging import get_logger
from shared.observability.metrics import REGISTRY
from shared.observability.threads import ThreadWatch

_LOG = get_logger()

Check = Callable[[], str | None]
"""Returns what is wrong in one sentence without personal data, or None when all is well."""


def always_well() -> str | None:
    """A check that finds nothing wrong."""
    return None


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """``live``: the loop made progress lately. ``ready``: work may be sent (partitions assigned, producer up).

    Served as ``/ready`` is both: who is about to be restarted is sent nothing.
    """

    live: Check = always_well
    ready: Check = always_well


class Progress:
    """Remembers when a loop last came round; ``problem`` is the liveness check that goes with it."""

    def __init__(self, limit_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit_seconds = limit_seconds
        self._monotonic = monotonic
        self._marked_at = monotonic()

    def mark(self) -> None:
        """The loop came round."""
        self._marked_at = self._monotonic()

    def problem(self) -> str | None:
        """How long nothing happened, if longer than the limit."""
        idle = self._monotonic() - self._marked_at
        return f"no progress for {idle:.0f} s (limit {self._limit_seconds:g} s)" if idle > self._limit_seconds else None


class HealthServer:
    """Serves the three paths from ``start`` to ``stop``. Port 0 takes a free one; ``port`` tells which.

    From its making to ``stop`` it watches over the threads of the process: where one died, ``/live`` fails.
    Raises ConfigurationError when nothing can listen there.
    """

    def __init__(
        self, host: str, port: int, checks: HealthChecks | None = None, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._threads = ThreadWatch()
        handler = _handler_class(checks or HealthChecks(), self._threads.problem, registry)
        with naming_the_setting(host, port, "HEALTH"):
            self._server = _Server((host, port), handler)
        self._threads.start()
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from a thread of its own."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port; harmless when not started."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout=5)
            self._thread = None
        self._server.server_close()
        self._threads.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A probe that did not wait for its answer is no news; anything else is a line, and no traceback."""
        error = sys.exception()
        if not isinstance(error, OSError):
            _LOG.error("probe_failed", error=error)


def _handler_class(checks: HealthChecks, threads: Check, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    live = (threads, checks.live)

    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # a silent peer does not hold a thread
        server_version = "ComplaintBus"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, content_type, encode(registry))
            elif path in ("/live", "/ready"):
                self._answer_check(live if path == "/live" else (*live, checks.ready))
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"try /live, /ready or /metrics\n")

        do_HEAD = do_GET  # noqa: N815 - the name http.server looks for

        def _answer_check(self, asked: Sequence[Check]) -> None:
            problem = next((problem for check in asked if (problem := _ask(check)) is not None), None)
            status = HTTPStatus.OK if problem is None else HTTPStatus.SERVICE_UNAVAILABLE
            body = {"status": "ok"} if problem is None else {"status": "failing", "problem": problem}
            self._answer(status, "application/json", json.dumps(body, ensure_ascii=False).encode() + b"\n")

        def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes are not worth a log line."""

    return Handler


def _ask(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # a broken check is itself a problem to report, by class only
        return f"the check failed: {type(error).__name__}"

"""A stand-in service for the supervisor's tests: serves ``/ready`` and dies when told to by its environment."""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class ReadyHandler(BaseHTTPRequestHandler):
    """Answers every GET with 200, or 503 if SAMPLE_IS_NEVER_READY is set."""

    def do_GET(self) -> None:
        """Ready."""
        self.send_response(503 if os.environ.get("SAMPLE_IS_NEVER_READY") else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until SIGTERM, or refuse to start if SAMPLE_REFUSES is set."""
    if os.environ.get("SAMPLE_REFUSES"):
        sys.exit("refusing to start: SAMPLE_REFUSES is set")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("instance", os.environ["CBUS_INSTANCE_ID"], flush=True)  # noqa: T201 - its log
    HTTPServer(("127.0.0.1", int(os.environ["CBUS_HEALTH__PORT"])), ReadyHandler).serve_forever()


if __name__ == "__main__":
    main()

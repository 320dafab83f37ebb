"""An HTTP server in place of an SMS gateway and of webhook receivers; it keeps a truth log of what it accepted.

Run as its own process: ``python -m tests.torture.nemesis.message_sink --port-file F --directory D``. Like the mail sink
it flushes one JSON line to the disk *before* it answers, so the log is the judge of what a sender really got rid of.
Messages tell their stable id the way those services ask for it: a text message as ``out_id`` beside the number in
``to``, a webhook in the header ``webhook-id`` (Standard Webhooks). One without is refused.

No channel of the bus writes here yet: whatever arrives was asked for by nobody, and breaks rule L9.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from deploy.local.child_process import ChildProcess
from deploy.local.polling import wait_until
from deploy.local.ports import LOOPBACK
from deploy.local.service_process import PROJECT_ROOT
from deploy.local.smtp_sink import TruthLog, write_whole

SMS, WEBHOOK = "sms", "webhook"
MEDIA = (SMS, WEBHOOK)
LARGEST_BODY_BYTES = 1_000_000


class Accepted(NamedTuple):
    """What is on record of a message: never its text."""

    notification_id: str
    recipient: str


def read_sms(body: bytes) -> Accepted | None:
    """A text message; None: it says not to whom, or not which it is."""
    try:
        message = json.loads(body)
        return Accepted(str(message["out_id"]), str(message["to"]))
    except (ValueError, KeyError, TypeError):
        return None


def read_webhook(path: str, headers: Message) -> Accepted | None:
    """A webhook; its receiver is the rest of the path. None: it does not say which it is."""
    notification_id = headers.get("webhook-id")
    return None if notification_id is None else Accepted(notification_id, path.removeprefix(f"/{WEBHOOK}/"))


class MessageSink:
    """The server as a child process. ``truth_logs``: by medium; ``urls``: where each listens."""

    def __init__(self, directory: Path) -> None:
        self.truth_logs = {medium: directory / f"{medium}.jsonl" for medium in MEDIA}
        self._port_file = directory / "port"
        command = [sys.executable, "-m", "tests.torture.nemesis.message_sink", "--directory", str(directory)]
        command += ["--port-file", str(self._port_file)]
        self._server = ChildProcess(
            "message sink", command, log_path=directory / "sink.log", working_directory=PROJECT_ROOT
        )

    @property
    def urls(self) -> Mapping[str, str]:
        """Of ``sms`` and ``webhook``."""
        return {medium: f"http://{LOOPBACK}:{self._port_file.read_text()}/{medium}" for medium in MEDIA}

    def __enter__(self) -> MessageSink:
        self._server.start()
        wait_until(self._listens, "the message sink", timeout_seconds=15)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate(5.0)

    def _listens(self) -> bool:
        self._server.require_alive()
        return self._port_file.exists()


class _Handler(BaseHTTPRequestHandler):
    logs: Mapping[str, TruthLog]

    def do_POST(self) -> None:
        """Take one message, or say why not."""
        medium = self.path.split("/")[1]
        size = int(self.headers.get("Content-Length") or 0)
        if medium not in self.logs or size > LARGEST_BODY_BYTES:
            self._answer(HTTPStatus.NOT_FOUND if medium not in self.logs else HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(size)
        accepted = read_sms(body) if medium == SMS else read_webhook(self.path, self.headers)
        if accepted is None:
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self.logs[medium].append({"received_at": datetime.now(UTC).isoformat(), **accepted._asdict()})
        self._answer(HTTPStatus.NO_CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        """The truth log says it all; paths may name people."""

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def main() -> None:
    """Listen until SIGTERM or SIGINT; the port file appears once it does."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.nemesis.message_sink", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the truth logs go, one per medium")
    parser.add_argument("--port-file", type=Path, required=True, help="file to write the port to")
    options = parser.parse_args()
    _Handler.logs = {medium: TruthLog(options.directory / f"{medium}.jsonl") for medium in MEDIA}
    server = ThreadingHTTPServer((LOOPBACK, 0), _Handler)
    for number in (signal.SIGTERM, signal.SIGINT):  # shutdown waits for the loop, which the handler interrupts
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    write_whole(options.port_file, str(server.server_port))
    server.serve_forever()


if __name__ == "__main__":
    main()

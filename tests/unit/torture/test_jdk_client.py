"""The stock Java client of a torture run: it offers an upgrade, posts what it is given, and tells what came of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from deploy.local.ports import LOOPBACK, free_port
from tests.torture.load.jdk_client import JdkClient, NoAnswer, NotConnected

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="no Java here")


class Echo(BaseHTTPRequestHandler):
    """Answers with the body it read; hangs up on ``/hang-up``."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Echo.seen.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == "/hang-up":
            self.close_connection = True
            return
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer((LOOPBACK, 0), Echo) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://{LOOPBACK}:{http.server_port}"
        http.shutdown()
        thread.join()


def test_it_offers_an_upgrade_and_tells_answers_from_doubts_and_from_certain_failures(server: str) -> None:
    with JdkClient() as client:
        answer = client.post(server + "/", "水壶冒烟".encode(), {"Idempotency-Key": "order-1"}, 20)
        assert (answer.status, answer.body.decode()) == (202, "水壶冒烟")
        assert Echo.seen[-1]["upgrade"] == "h2c"
        assert Echo.seen[-1]["idempotency-key"] == "order-1"
        with pytest.raises(NoAnswer):
            client.post(server + "/hang-up", b"{}", {}, 20)
        with pytest.raises(NotConnected):
            client.post(f"http://{LOOPBACK}:{free_port()}/", b"{}", {}, 20)

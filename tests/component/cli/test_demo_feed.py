"""The demo's senders keep their rate, try again with the same key, and count only what was confirmed."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deploy.local.polling import wait_until
from services.cli.demo.feed import CountedRejection, Feeder
from services.cli.demo.samples import Sample, submissions
from shared.events.ids import complaint_id

SAMPLES = [Sample("s-1", "web", b'{"narrative":"a"}', "s.jsonl:1")]
PROBLEM = {"type": "t", "title": "x", "errors": [{"field": "narrative.text", "reason": "too short"}]}
Answer = Callable[[str, int], int]
"""Status for a key's n-th request; 0: hang up."""


class Door:
    """A door that answers as told and remembers every request."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[str] = []
        self.times: list[float] = []
        self._answer = answer
        self._lock = threading.Lock()

    def status_of(self, key: str) -> int:
        with self._lock:
            self.requests.append(key)
            self.times.append(time.monotonic())
            return self._answer(key, Counter(self.requests)[key])


@contextmanager
def feeding(answer: Answer, rate: float) -> Iterator[tuple[Feeder, Door]]:
    door = Door(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            key = self.headers["Idempotency-Key"]
            status = door.status_of(key)
            if status == 0:
                self.close_connection = True
                return
            receipt = {"complaint_id": complaint_id("web", key), "ticket_number": f"ticket of {key}"}
            body = json.dumps(receipt if status == 202 else PROBLEM).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        with Feeder(f"http://127.0.0.1:{server.server_address[1]}", submissions(SAMPLES, "t"), rate) as feeder:
            yield feeder, door
    finally:
        server.shutdown()
        server.server_close()


def until(condition: Callable[[], bool]) -> None:
    wait_until(condition, "the senders", timeout_seconds=10)


def test_what_was_confirmed_is_accepted_once_each_under_its_own_key() -> None:
    with feeding(lambda key, attempt: 202, rate=100) as (feeder, door):
        until(lambda: feeder.figures.sent >= 20)
    accepted = feeder.accepted()
    assert len(accepted) == feeder.figures.sent == len(door.requests) == len(set(door.requests))
    assert len(feeder.accept_seconds()) == len(accepted)
    assert all(feeder.requested_at(case) is not None for case in accepted)


def test_an_unclear_answer_is_tried_again_with_the_same_key() -> None:
    answers = {1: 503, 2: 0, 3: 202}
    with feeding(lambda key, attempt: answers[attempt], rate=2) as (feeder, door):
        until(lambda: len(feeder.accepted()) >= 1)
    first = door.requests[0]
    assert door.requests.count(first) == 3
    assert complaint_id("web", first) in feeder.accepted()
    assert feeder.accept_seconds()[0] > 0.2, "the pauses between the tries are part of the sender's wait"


def test_a_refused_submission_is_not_tried_again() -> None:
    with feeding(lambda key, attempt: 422, rate=50) as (feeder, door):
        until(lambda: feeder.figures.rejected >= 3)
    assert max(Counter(door.requests).values()) == 1
    (refusal,) = feeder.refusals()
    assert refusal == CountedRejection("narrative.text: too short", "s.jsonl:1", feeder.figures.rejected)
    assert feeder.accepted() == {}


def test_what_was_never_confirmed_is_neither_accepted_nor_rejected() -> None:
    with feeding(lambda key, attempt: 503, rate=5) as (feeder, _):
        until(lambda: feeder.figures.sent >= 1)
    figures = feeder.figures
    assert figures.unconfirmed == figures.sent
    assert (len(figures.accepted), figures.rejected) == (0, 0)


def test_the_rate_is_kept() -> None:
    with feeding(lambda key, attempt: 202, rate=40) as (feeder, door):
        until(lambda: feeder.figures.sent >= 40)
    took = door.times[39] - door.times[0]
    assert 0.85 < took < 2.0, f"40 at 40 a second took {took:.2f} s"

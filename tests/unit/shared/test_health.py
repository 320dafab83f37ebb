"""The health listener answers an orchestrator truthfully and holds nothing when stopped."""

from __future__ import annotations

import io
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from confluent_kafka import KafkaError

from shared.errors import FatalError
from shared.observability.health import HealthChecks, HealthServer, Progress
from shared.observability.logging import configure_logging


@contextmanager
def serving(checks: HealthChecks | None = None) -> Iterator[tuple[HealthServer, str]]:
    server = HealthServer("127.0.0.1", 0, checks)
    server.start()
    try:
        yield server, f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def broken() -> str | None:
    raise RuntimeError("Zhang San 13800000000")


@pytest.mark.parametrize("path", ["/live", "/ready"])
def test_a_well_service_answers_200(path: str) -> None:
    with serving() as (_, url):
        answer = httpx.get(url + path)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("checks", "live", "ready"),
    [
        (HealthChecks(live=lambda: "no progress for 40 s"), 503, 503),
        (HealthChecks(live=broken), 503, 503),
        (HealthChecks(ready=lambda: "no partitions yet"), 200, 503),
    ],
)
def test_who_is_not_live_is_not_ready_but_who_is_not_ready_lives(checks: HealthChecks, live: int, ready: int) -> None:
    with serving(checks) as (_, url):
        assert httpx.get(url + "/live").status_code == live
        assert httpx.get(url + "/ready").status_code == ready


def test_the_problem_is_told() -> None:
    with serving(HealthChecks(ready=lambda: "no partitions yet")) as (_, url):
        assert httpx.get(url + "/ready").json() == {"status": "failing", "problem": "no partitions yet"}


def test_a_check_that_fails_counts_as_a_problem_and_tells_only_its_class() -> None:
    with serving(HealthChecks(live=broken)) as (_, url):
        answer = httpx.get(url + "/live")
    assert answer.status_code == 503
    assert answer.json()["problem"] == "the check failed: RuntimeError"


def test_metrics_are_served_in_prometheus_text() -> None:
    with serving() as (_, url):
        answer = httpx.get(url + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# HELP complaintbus_dead_letters_total " in answer.text
    assert "process_resident_memory_bytes" in answer.text


def test_an_unknown_path_is_404_and_head_has_no_body() -> None:
    with serving() as (_, url):
        assert httpx.get(url + "/metrics/../etc/passwd").status_code == 404
        head = httpx.head(url + "/live")
    assert head.status_code == 200
    assert head.content == b""


def test_a_silent_peer_does_not_stop_others_from_being_answered() -> None:
    with serving() as (server, url), socket.create_connection(("127.0.0.1", server.port)):
        assert httpx.get(url + "/live", timeout=2).status_code == 200


def test_stop_frees_the_port() -> None:
    with serving() as (server, _):
        port = server.port
    again = HealthServer("127.0.0.1", port)
    again.stop()
    assert again.port == port


def test_stop_without_start_is_harmless() -> None:
    HealthServer("127.0.0.1", 0).stop()


def at(*instants: float) -> Callable[[], float]:
    remaining = list(instants)
    return lambda: remaining.pop(0)


def test_a_loop_that_comes_round_is_alive() -> None:
    progress = Progress(30, at(0, 25, 50))
    progress.mark()
    assert progress.problem() is None


def test_a_loop_that_stands_still_is_reported_with_how_long() -> None:
    progress = Progress(30, at(0, 31))
    assert progress.problem() == "no progress for 31 s (limit 30 s)"


def test_the_body_is_json_even_for_odd_problems() -> None:
    with serving(HealthChecks(live=lambda: '"quoted"\r\n')) as (_, url):
        assert json.loads(httpx.get(url + "/live").text)["problem"] == '"quoted"\r\n'


@pytest.mark.parametrize("error", [RuntimeError("Zhang San 13800000000"), KeyboardInterrupt(), KafkaError(1)])
def test_a_thread_that_dies_takes_the_process_out_of_service(error: BaseException) -> None:
    """Whichever thread, of whatever: what it did is not done any more."""

    def die() -> None:
        raise error

    stream = io.StringIO()
    configure_logging("router", stream=stream)
    with serving() as (_, url):
        assert httpx.get(url + "/live").status_code == 200
        thread = threading.Thread(target=die, name="receipts")
        thread.start()
        thread.join()
        for path in ("/live", "/ready"):
            answer = httpx.get(url + path)
            assert answer.status_code == 503
            assert answer.json()["problem"] == "a thread died, its work is not done any more: receipts"
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["event"], line["thread"], line["error_class"]) == ("thread_died", "receipts", type(error).__name__)
    assert re.fullmatch(r"unit/shared/test_health\.py:\d+ die", line["error_at"])
    assert "Zhang" not in stream.getvalue()


def test_a_thread_that_dies_of_an_error_of_our_own_says_which() -> None:
    stream = io.StringIO()
    configure_logging("router", stream=stream)

    def die() -> None:
        raise FatalError("the log begins behind what was committed")

    with serving():
        thread = threading.Thread(target=die, name="receipts")
        thread.start()
        thread.join()
    assert json.loads(stream.getvalue())["error"] == "the log begins behind what was committed"


def test_a_thread_that_ends_in_order_is_not_missed_and_the_watch_ends_with_the_listener() -> None:
    before = threading.excepthook
    with serving() as (_, url):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        assert httpx.get(url + "/live").status_code == 200
        assert threading.excepthook != before
    assert threading.excepthook == before


def test_a_probe_that_goes_away_before_its_answer_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    asked, gone = threading.Event(), threading.Event()

    def slow() -> str | None:
        asked.set()
        gone.wait(5)
        return "slow " * 100_000

    server = HealthServer("127.0.0.1", 0, HealthChecks(ready=slow))
    server.start()
    try:
        probe = socket.create_connection(("127.0.0.1", server.port))
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leave with a reset
        probe.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
        assert asked.wait(5)
        probe.close()
        gone.set()
        for thread in threading.enumerate():
            if "process_request_thread" in thread.name:
                thread.join(5)
    finally:
        server.stop()
    assert capfd.readouterr().err == ""

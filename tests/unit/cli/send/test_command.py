"""``cbus send``: what was not sent is told, and what cannot be written is refused before anything is sent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.app import app
from services.cli.send.pace import PacedRows
from services.cli.send.row import Row

TEN_ROWS = b"".join(b'{"narrative": {"text": "Kettle %d leaks."}}\n' % number for number in range(10))


class Door:
    """Accepts everything; asks this very process to stop when ``stop_at`` rows have come."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.posts = 0
        self._stop_at = stop_at
        self._lock = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[str]:
        """The door's address while it is open."""
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                door.note()
                body = b'{"complaint_id": "x", "ticket_number": "y"}'
                self.send_response(202)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    def note(self) -> None:
        """One row has come."""
        with self._lock:
            self.posts += 1
            if self.posts == self._stop_at:
                os.kill(os.getpid(), signal.SIGTERM)


def send(url: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["send", "-", "--url", url, "--json", *options], input=TEN_ROWS)


@pytest.mark.parametrize("rate", [(), ("--rate", "20")])
def test_rows_left_when_told_to_stop_are_told(rate: tuple[str, ...]) -> None:
    door = Door(stop_at=3)
    with door.open() as url:
        result = send(url, "--concurrency", "16" if rate else "1", *rate)
    report = json.loads(result.stdout)
    assert 3 <= report["sent"] < 10
    assert report["accepted"] == report["sent"] == door.posts
    assert report["interrupted"] is True
    assert result.exit_code == 1


def test_told_to_stop_at_the_last_row_it_is_complete() -> None:
    door = Door(stop_at=10)
    with door.open() as url:
        result = send(url, "--concurrency", "16", "--rate", "200")
    report = json.loads(result.stdout)
    assert (report["sent"], report["interrupted"], result.exit_code) == (10, False, 0)


@pytest.mark.parametrize("option", ["--report", "--receipts"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(option: str, tmp_path: Path) -> None:
    door = Door()
    with door.open() as url:
        result = send(url, option, str(tmp_path / "nowhere" / "file.jsonl"))
    assert result.exit_code == 2, result.output
    assert option in result.stderr
    assert door.posts == 0


def test_a_report_of_an_earlier_run_stays_when_this_one_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    report.write_text("earlier\n")
    result = send("http://127.0.0.1:1", "--report", str(report), "--format", "csv")
    assert result.exit_code == 2, result.output
    assert report.read_text() == "earlier\n"


def rows(count: int) -> Iterator[Row]:
    return iter([Row(number, {}) for number in range(1, count + 1)])


def test_who_waits_when_the_rows_are_used_up_waits_no_longer() -> None:
    async def take_all() -> list[Row | None]:
        paced = PacedRows(rows(2), rate=0.001, stop=asyncio.Event())
        first = await paced.take()
        waiting = [asyncio.create_task(paced.take()) for _ in range(3)]
        await asyncio.sleep(0)
        paced._started_at -= 1000  # the second row's turn
        waiting[0].cancel()
        return [first, *(await asyncio.gather(*waiting[1:]))]

    taken = asyncio.run(asyncio.wait_for(take_all(), 5))
    assert [row and row.number for row in taken] == [1, 2, None]


def test_no_row_is_lost_while_its_turn_is_waited_for() -> None:
    async def stopped_while_waiting() -> PacedRows:
        stop = asyncio.Event()
        paced = PacedRows(rows(2), rate=0.001, stop=stop)
        await paced.take()
        waiting = asyncio.create_task(paced.take())
        await asyncio.sleep(0)
        stop.set()
        assert await waiting is None
        return paced

    assert asyncio.run(stopped_while_waiting()).has_more


def test_rows_come_no_faster_than_asked() -> None:
    async def taking() -> float:
        clock = asyncio.get_running_loop().time
        paced, began = PacedRows(rows(6), rate=50, stop=asyncio.Event()), clock()
        while await paced.take() is not None:
            pass
        return clock() - began

    assert asyncio.run(taking()) >= 5 / 50 - 0.01

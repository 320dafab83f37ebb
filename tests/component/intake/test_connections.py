"""Connections that ask nothing, or never stop asking: they are hung up on, and everybody else is served meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from shared.streaming.memory import MemoryBroker
from tests.support.intake_server import RunningIntake, running_intake

COMPLAINT = {"narrative": "The kettle leaks."}
HEAD_TIMEOUT_SECONDS = 0.5
MOST_CONNECTIONS = 4
HEAD_LIMIT = 2048
LONGEST_SECONDS = 20.0


@pytest.fixture(scope="module")
def intake(redis_url: str) -> Iterator[RunningIntake]:
    with running_intake(
        MemoryBroker({"complaints.received.v1": 12}),
        redis_url,
        http__head_timeout_seconds=HEAD_TIMEOUT_SECONDS,
        http__max_head_bytes=HEAD_LIMIT,
    ) as running:
        yield running


@pytest.fixture
def small_intake(redis_url: str) -> Iterator[RunningIntake]:
    with running_intake(
        MemoryBroker({"complaints.received.v1": 12}), redis_url, http__max_connections=MOST_CONNECTIONS
    ) as running:
        yield running


def connect(intake: RunningIntake) -> socket.socket:
    return socket.create_connection(("127.0.0.1", intake.port), timeout=LONGEST_SECONDS)


def answer_until_closed(connection: socket.socket) -> bytes:
    """Everything the server says until it hangs up; TimeoutError if it does not."""
    said = b""
    while True:
        try:
            piece = connection.recv(65_536)
        except ConnectionResetError:
            return said
        if not piece:
            return said
        said += piece


@pytest.mark.parametrize("beginning", [b"", b"POST /v1/complaints HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_never_ends_is_given_up(intake: RunningIntake, beginning: bytes) -> None:
    with closing(connect(intake)) as connection:
        connection.sendall(beginning)
        started = time.monotonic()
        assert answer_until_closed(connection).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started > HEAD_TIMEOUT_SECONDS / 2


def test_a_trickle_does_not_extend_the_time(intake: RunningIntake) -> None:
    with closing(connect(intake)) as connection:
        connection.settimeout(HEAD_TIMEOUT_SECONDS / 10)
        deadline, said = time.monotonic() + LONGEST_SECONDS, b""
        connection.sendall(b"GET / HTTP/1.1\r\n")
        while not said:
            assert time.monotonic() < deadline, "still listening"
            try:
                connection.sendall(b"x: y\r\n")
                said = connection.recv(1000)
            except TimeoutError:
                continue
        assert said.startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_too_large(intake: RunningIntake) -> None:
    with closing(connect(intake)) as connection:
        connection.sendall(b"POST /v1/complaints HTTP/1.1\r\nx: " + b"a" * (HEAD_LIMIT + 1))
        assert answer_until_closed(connection).startswith(b"HTTP/1.1 431 ")


def test_one_connection_too_many_is_told_so_and_those_before_are_served(small_intake: RunningIntake) -> None:
    with ExitStack() as exits:
        others = [exits.enter_context(closing(connect(small_intake))) for _ in range(MOST_CONNECTIONS)]
        with closing(connect(small_intake)) as one_too_many:
            assert answer_until_closed(one_too_many).startswith(b"HTTP/1.1 503 ")
        others[0].sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer_until_closed(others[0]).startswith(b"HTTP/1.1 200 ")


def test_the_second_head_of_a_connection_has_a_time_of_its_own(intake: RunningIntake) -> None:
    with closing(connect(intake)) as connection:
        connection.sendall(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 404 ")
        connection.sendall(b"GET /v1/nothing HTTP/1.1\r\n")
        assert b"HTTP/1.1 408 " in answer_until_closed(connection)


def test_after_all_this_complaints_are_taken_in(intake: RunningIntake) -> None:
    assert intake.post(COMPLAINT, "after all this").status_code == 202

"""Waiting with a deadline, free ports, and the pause before a restart."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.polling import DeadlineExceeded, wait_until
from deploy.local.ports import FIRST_PORT, LAST_PORT, LOOPBACK, free_port, is_free, is_listening, usual_port
from deploy.local.supervisor import RestartPolicy
from shared.errors import ConfigurationError


def test_wait_until_returns_the_first_truthy_result() -> None:
    results = iter([None, 0, "there"])
    assert wait_until(lambda: next(results), "it", timeout_seconds=5, interval_seconds=0) == "there"


def test_wait_until_gives_up_saying_what_it_waited_for() -> None:
    with pytest.raises(DeadlineExceeded, match=r"gave up after 0\.01 s waiting for a miracle"):
        wait_until(lambda: False, "a miracle", timeout_seconds=0.01, interval_seconds=0.001)


def test_a_condition_is_asked_at_least_once() -> None:
    assert wait_until(lambda: True, "it", timeout_seconds=0)


def test_ports_are_distinct_and_below_the_range_of_outgoing_connections() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(FIRST_PORT <= port <= LAST_PORT < 32_768 for port in ports)


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert is_listening(port)
    assert is_free(port)
    assert not is_listening(port)


def test_the_usual_port_is_taken_unless_somebody_has_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        taken = server.getsockname()[1]
        assert usual_port(taken, None) != taken
        assert usual_port(1, 0) != 1
        with pytest.raises(ConfigurationError, match=f"port {taken} is in use"):
            usual_port(1, taken)
    assert usual_port(taken, None) == taken
    assert usual_port(1, taken) == taken


def test_of_processes_that_start_together_one_gets_the_usual_port() -> None:
    usual = free_port()
    code = f"from deploy.local.ports import usual_port; print(usual_port({usual}, None), flush=True); input()"
    command = [sys.executable, "-c", code]
    starting = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    given = [int(process.stdout.readline()) for process in starting if process.stdout is not None]
    for process in starting:
        process.communicate("\n")
    assert given.count(usual) == 1
    assert len(set(given)) == len(given)
    assert usual_port(usual, None) == usual, "a claim ends with its process"


@given(st.integers(min_value=1, max_value=10_000))
def test_the_pause_before_a_restart_grows_up_to_its_limit(short_runs: int) -> None:
    policy = RestartPolicy(first_seconds=0.5, longest_seconds=15)
    pause = policy.pause_seconds(short_runs)
    assert policy.pause_seconds(1) == 0.5 <= pause <= policy.pause_seconds(short_runs + 1) <= 15

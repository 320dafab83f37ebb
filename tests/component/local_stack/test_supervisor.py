"""Services under the supervisor: ready when said to be, restarted when they end, stopped in reverse order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.child_process import ChildProcessFailed
from deploy.local.polling import DeadlineExceeded, wait_until
from deploy.local.service_process import ServiceProcess
from deploy.local.supervisor import RestartPolicy, Supervisor

QUICK = RestartPolicy(first_seconds=0.05, longest_seconds=0.2, healthy_seconds=60)
MakeService = Callable[..., ServiceProcess]


@pytest.fixture
def service(tmp_path: Path) -> MakeService:
    def make(instance: str = "0", **environment: str) -> ServiceProcess:
        return ServiceProcess(
            "sample",
            instance=instance,
            module="tests.component.local_stack.sample_service",
            log_directory=tmp_path,
            environment=environment,
        )

    return make


def test_a_started_service_is_ready_and_logs_to_its_own_file(service: MakeService) -> None:
    with Supervisor() as supervisor:
        process = supervisor.start(service("a"))
        assert process.is_ready()
        assert process.name == "sample-a"
        assert process.log_path.name == "sample-a.log"
        assert process.log_tail() == "instance a"
    assert process.exit_code == 0


def test_a_service_that_refuses_to_start_is_reported_at_once_with_its_reason(service: MakeService) -> None:
    with Supervisor() as supervisor, pytest.raises(ChildProcessFailed, match="refusing to start: SAMPLE_REFUSES"):
        supervisor.start(service(SAMPLE_REFUSES="1"))


def test_a_service_that_never_gets_ready_misses_the_deadline(service: MakeService) -> None:
    with Supervisor() as supervisor, pytest.raises(DeadlineExceeded, match=r"sample-0 to be ready .*sample-0\.log"):
        supervisor.start(service(SAMPLE_IS_NEVER_READY="1"), ready_within_seconds=0.5)


def test_a_killed_service_is_restarted_on_its_port_and_counted(service: MakeService) -> None:
    with Supervisor(restart=QUICK) as supervisor:
        process = supervisor.start(service())
        for number in (1, 2):
            killed = process.pid
            process.kill()
            wait_until(lambda: supervisor.restarts("sample-0") == number, "a restart", timeout_seconds=10)  # noqa: B023
            process.wait_ready(10)
            assert process.pid != killed


def test_without_a_restart_policy_a_killed_service_stays_down(service: MakeService) -> None:
    with Supervisor() as supervisor:
        process = supervisor.start(service())
        process.kill()
        with pytest.raises(DeadlineExceeded):
            wait_until(lambda: process.is_alive, "a restart that must not come", timeout_seconds=0.5)


def test_a_forgotten_service_may_end(service: MakeService) -> None:
    with Supervisor(restart=QUICK) as supervisor:
        process = supervisor.start(service())
        supervisor.forget("sample-0").terminate()
        with pytest.raises(DeadlineExceeded):
            wait_until(lambda: process.is_alive, "a restart that must not come", timeout_seconds=0.5)


def test_stop_also_stops_a_paused_service(service: MakeService) -> None:
    supervisor = Supervisor(restart=QUICK)
    first, second = supervisor.start(service("1")), supervisor.start(service("2"))
    second.pause()
    supervisor.stop(timeout_seconds=5)
    assert not first.is_alive
    assert not second.is_alive

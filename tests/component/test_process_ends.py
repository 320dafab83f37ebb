"""However a service's process ends, its last words are JSON lines, without personal data, with an exit code."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.events import clients

REPOSITORY = Path(__file__).parents[2]
SERVICES = tuple(each.name for each in clients.SERVICES)
CANARY = "canary-王小二-13800000000"

by_service = pytest.mark.parametrize("service", SERVICES)

_BOOM = f"""
import threading, runpy, warnings
import services.{{service}}.bootstrap as bootstrap
def main():
    {{how}}
    return 0
def boom():
    raise ValueError({CANARY!r})
class Finalised:
    def __del__(self):
        boom()
bootstrap.main = main
runpy.run_module("services.{{service}}", run_name="__main__")
"""
_ENDS = {
    "main thread": ("boom()", "crashed", 1),
    "other thread": ("t = threading.Thread(target=boom, name='lane'); t.start(); t.join()", "thread_died", 0),
    "finaliser": ("Finalised()", "error_not_raised", 0),
    "system exit of a library": ("import sys; sys.exit(3)", None, 3),
    "interrupted": ("raise KeyboardInterrupt", "interrupted", 130),
    "warning": (f"warnings.warn({CANARY!r}, stacklevel=1)", "foreign_log", 0),
}


def ended(arguments: list[str], tmp_path: Path, **variables: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and log lines of a process of this Python."""
    given = {
        "CBUS_QUERY_CODE_SECRET": "a secret for tests alone",
        "CBUS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "CBUS_STATE_DIR": str(tmp_path),
        "CBUS_HTTP__PORT": "0",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CBUS_")}
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=environment | given | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == ""
    assert "王小二" not in ran.stderr
    return ran.returncode, [json.loads(line) for line in ran.stderr.splitlines()]


@by_service
def test_a_wrong_setting_is_one_line(service: str, tmp_path: Path) -> None:
    code, lines = ended(["-m", f"services.{service}"], tmp_path, CBUS_KAFKA__ACKS=CANARY)
    (line,) = lines
    assert (code, line["exit_code"], line["event"], line["service"]) == (1, 1, "refused_to_start", service)
    assert "CBUS_KAFKA__ACKS" in line["error"]


@pytest.mark.parametrize("service", clients.PROCESSORS)
def test_a_missing_configuration_is_one_line(service: str, tmp_path: Path) -> None:
    code, lines = ended(["-m", f"services.{service}"], tmp_path, CBUS_CONFIG_DIR=str(tmp_path / "nowhere"))
    (line,) = lines
    assert (code, line["exit_code"], line["event"]) == (1, 1, "refused_to_start")
    assert str(tmp_path / "nowhere") in line["error"]


@by_service
def test_a_missing_certificate_is_one_line(service: str, tmp_path: Path) -> None:
    code, lines = ended(
        ["-m", f"services.{service}"],
        tmp_path,
        CBUS_KAFKA__SECURITY_PROTOCOL="SSL",
        CBUS_KAFKA__SSL_CA_LOCATION=str(tmp_path / "ca.pem"),
    )
    (line,) = lines
    assert (code, line["event"]) == (1, "refused_to_start")
    assert "CBUS_KAFKA__SSL_CA_LOCATION" in line["error"]


@by_service
def test_a_taken_port_is_one_refusal(service: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, lines = ended(["-m", f"services.{service}"], tmp_path, CBUS_HEALTH__PORT=port)
    refusals = [line for line in lines if line["event"] == "refused_to_start"]
    assert code == 1
    assert ["CBUS_HEALTH__PORT" in line["error"] for line in refusals] == [True]


@pytest.mark.parametrize("how", _ENDS)
@pytest.mark.parametrize("service", ["router", "intake"])
def test_what_nobody_caught_is_a_line_of_classes_and_places(service: str, how: str, tmp_path: Path) -> None:
    action, event, exit_code = _ENDS[how]
    program = _BOOM.replace("{{", "{").replace("}}", "}").format(service=service, how=action)
    code, lines = ended(["-c", program], tmp_path)
    assert code == exit_code
    assert [line["event"] for line in lines] == ([] if event is None else [event])
    if event in ("crashed", "thread_died", "error_not_raised"):
        assert lines[0]["error_class"] == "ValueError"
        assert lines[0]["error_stack"]


def test_a_failed_task_is_a_line_too(tmp_path: Path) -> None:
    program = f"""
import asyncio, gc
from shared.observability.process import log_failed_tasks, run_service
async def fail(text):
    raise ValueError(text)
async def forget():
    log_failed_tasks(asyncio.get_running_loop())
    task = asyncio.create_task(fail({CANARY!r}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(int, {CANARY!r})
    await asyncio.sleep(0)
    return 0
raise SystemExit(run_service("intake", lambda: asyncio.run(forget())))
"""
    code, lines = ended(["-c", program], tmp_path)
    assert code == 0
    assert [(line["event"], line["error_class"]) for line in lines] == [("task_failed", "ValueError")] * 2

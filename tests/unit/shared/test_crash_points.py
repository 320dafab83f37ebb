"""Crash points kill for real, at the chosen passage, and every one of them is somewhere in the code."""

from __future__ import annotations

import ast
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import crash_points
from shared.crash_points import CRASH_POINTS, crash_during, crash_point

REPOSITORY = Path(__file__).parents[3]
PASSING = """
import sys, time
from shared.crash_points import crash_during, crash_point
for passage in range(1, 6):
    crash_point("router.after-poll")
    crash_point("router.after-begin")
    crash_during("router.mid-commit")
    time.sleep(float(sys.argv[1]))
    print(passage, flush=True)
"""


def run(crash: str, seconds_per_passage: float = 0.0) -> tuple[int, list[str], str]:
    """Exit code, passages survived, standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PASSING, str(seconds_per_passage)],
        cwd=REPOSITORY,
        env={**os.environ, "CBUS_CRASH_POINT": crash},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("crash", "survived"),
    [("router.after-poll", 0), ("router.after-poll:1", 0), ("router.after-begin:3", 2), ("router.after-poll:5", 4)],
)
def test_an_armed_process_dies_by_sigkill_at_the_chosen_passage(crash: str, survived: int) -> None:
    code, passages, _ = run(crash)
    assert code == -signal.SIGKILL
    assert passages == [str(passage) for passage in range(1, survived + 1)]


def test_dying_during_a_call_happens_while_the_call_is_under_way() -> None:
    code, passages, _ = run("router.mid-commit:2", seconds_per_passage=1.0)
    assert code == -signal.SIGKILL
    assert passages == ["1"]


def test_dying_during_a_call_lets_the_call_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
    monkeypatch.setattr(crash_points, "_name", "router.mid-commit")
    monkeypatch.setattr(crash_points, "_remaining", 1)
    monkeypatch.setattr(crash_points, "_die", lambda: deaths.put(threading.current_thread()))
    crash_during("router.mid-commit")
    assert deaths.get(timeout=10) is not threading.current_thread()


@pytest.mark.parametrize("crash", ["", "sla.before-fire", "router.after-poll:6"])
def test_a_process_that_never_reaches_its_point_lives(crash: str) -> None:
    code, passages, _ = run(crash)
    assert (code, len(passages)) == (0, 5)


@pytest.mark.parametrize("crash", ["router.nowhere", "router.nowhere:2", "after-poll", "router.after-poll:soon"])
def test_an_unknown_name_refuses_to_start(crash: str) -> None:
    """Silently ignored, a test of a crash would pass without one."""
    code, passages, error = run(crash)
    assert code == 1
    assert passages == []
    assert re.search(r"names no crash point: 'router.nowhere'|names no crash point: 'after-poll'|'soon'", error)


def test_unarmed_it_does_nothing() -> None:
    for name in CRASH_POINTS:
        crash_point(name)


def passed_in_code() -> Iterator[str]:
    """The argument of every ``crash_point(…)`` and ``crash_during(…)`` call; f-strings as ``*.point``."""
    for root in ("shared", "services"):
        for file in (REPOSITORY / root).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("crash_point", "crash_during"):
                    yield _name(node.args[0])


def _name(argument: ast.expr) -> str:
    if isinstance(argument, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in argument.values)  # type: ignore[misc]
    assert isinstance(argument, ast.Constant)
    return str(argument.value)


def test_every_crash_point_is_passed_somewhere_and_every_place_has_a_name() -> None:
    """One that no code passes would let a torture run wait for ever, or claim a crash that never was."""
    passed = set(passed_in_code())
    in_processors = {name.removeprefix("*.") for name in passed if name.startswith("*.")}
    reachable = {name for name in CRASH_POINTS if name in passed or name.split(".", 1)[1] in in_processors}
    assert reachable == CRASH_POINTS
    assert {name for name in passed if not name.startswith("*.")} <= CRASH_POINTS
    assert in_processors <= {name.split(".", 1)[1] for name in CRASH_POINTS}

"""``cbus demo``: everything comes up, every complaint arrives once, deadlines warn and breach, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.process_tree import descendants, gone_within, require_proc

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[2]
SECONDS, RATE, SPEED = 20, 5, 7200


def start_demo(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "CBUS_STACK_FILE": str(directory / "stack.json")}
    command = [sys.executable, "-m", "services.cli", "demo", "--rate", str(RATE), "--speed", str(SPEED), *arguments]
    command += ["--backend", os.environ.get("CBUS_TEST_BACKEND", "auto")]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_line(process: subprocess.Popen[str], word: str) -> list[str]:
    """Lines of the demo's progress up to the first with ``word`` in it."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if word in line:
            return lines
    raise AssertionError("the demo ended early:\n" + "".join(lines))


def check_the_books(figures: dict[str, Any]) -> None:
    """What must be true of every demo, however long it was."""
    assert figures["lost"] == figures["duplicated"] == 0
    assert figures["rejected"] == figures["unconfirmed"] == 0
    assert figures["accepted"] == figures["sent"] == figures["received"] == figures["registered"]
    assert figures["dispatched"] >= figures["accepted"]
    assert sum(figures["per_department"].values()) == figures["dispatched"]
    assert figures["restarts"] == 0
    assert figures["audit"] == {"complaints": figures["accepted"], "pending": 0, "holes": 0, "unread_records": 0}


def test_a_demo_of_twenty_seconds_tells_the_whole_story(tmp_path: Path) -> None:
    require_proc()
    summary = tmp_path / "summary.json"
    demo = start_demo(tmp_path, "--seconds", str(SECONDS), "--summary", str(summary))
    progress = wait_for_line(demo, "accepted")
    family = descendants(demo.pid)
    assert len(family) >= 9, "broker, Valkey, mail sink, five services, departments"
    _, rest = demo.communicate(timeout=180)
    assert demo.returncode == 0, "".join(progress) + rest
    assert gone_within(family, 5) == {}
    assert not (tmp_path / "stack.json").exists()

    figures = json.loads(summary.read_text())
    check_the_books(figures)
    assert SECONDS * RATE * 0.7 <= figures["accepted"] <= SECONDS * RATE * 1.1
    assert len(figures["per_department"]) >= 3
    clocks = figures["clocks"]
    assert clocks["armed"] > figures["accepted"]
    assert clocks["met"] > 0
    assert clocks["warned"] > 0
    assert clocks["breached"] > 0
    assert figures["notifications"]["sent"] > 0
    assert 0 < figures["latency_ms"]["accept"]["p50"] <= figures["latency_ms"]["accept"]["p99"] < 10_000
    assert 0 < figures["latency_ms"]["end_to_end"]["p50"] < 30_000


def test_ctrl_c_settles_the_books_and_leaves_nothing(tmp_path: Path) -> None:
    require_proc()
    demo = start_demo(tmp_path, "--json")
    progress = wait_for_line(demo, "accepted")
    family = descendants(demo.pid)
    demo.send_signal(signal.SIGINT)
    printed, rest = demo.communicate(timeout=120)
    assert demo.returncode == 0, "".join(progress) + rest
    assert gone_within(family, 5) == {}
    figures = json.loads(printed)
    check_the_books(figures)
    assert figures["stopped_by"] == "signal"


def test_an_impatient_second_ctrl_c_leaves_nothing_either(tmp_path: Path) -> None:
    require_proc()
    demo = start_demo(tmp_path)
    wait_for_line(demo, "accepted")
    family = descendants(demo.pid)
    demo.send_signal(signal.SIGINT)
    wait_for_line(demo, "no more complaints")
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert gone_within(family, 5) == {}

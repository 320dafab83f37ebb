"""``cbus demo``: everything comes up, every complaint arrives once, deadlines warn and breach, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.stack_file import process_start
from tests.support.process_tree import descendants, gone_within, require_proc

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[2]
SECONDS, RATE, SPEED = 20, 5, 7200


def start_demo(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    temporary = directory / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "CBUS_STACK_FILE": str(directory / "stack.json"), "TMPDIR": str(temporary)}
    command = [
        sys.executable,
        "-m",
        "services.cli",
        "demo",
        "--rate",
        str(RATE),
        "--speed",
        str(SPEED),
        "--http-port",
        "0",
    ]
    command += ["--backend", os.environ.get("CBUS_TEST_BACKEND", "auto"), *arguments]
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
    printed, rest = demo.communicate(timeout=180)
    assert demo.returncode == 0, "".join(progress) + rest
    assert gone_within(family, 5) == {}
    assert not (tmp_path / "stack.json").exists()
    assert list((tmp_path / "tmp").iterdir()) == [], "nothing is left in the temporary directory, the broker's included"
    assert printed == "", "JSON only when it is asked for"

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
    assert figures["resolved"] > figures["accepted"] / 4, "after 40 hours of demo time a good part is answered"
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


def test_an_impatient_second_signal_reports_what_there_is_and_leaves_nothing_either(tmp_path: Path) -> None:
    require_proc()
    demo = start_demo(tmp_path)
    progress = wait_for_line(demo, "accepted")
    family = descendants(demo.pid)
    demo.send_signal(signal.SIGINT)
    wait_for_line(demo, "no more complaints")
    demo.send_signal(signal.SIGTERM)
    _, rest = demo.communicate(timeout=60)
    assert gone_within(family, 5) == {}
    assert demo.returncode == 1
    told = re.search(r"cut short: accepted (\d+), dispatched (\d+)", rest)
    assert told is not None, "".join(progress) + rest
    assert int(told[1]) > 0


def test_rows_the_door_refuses_are_counted_and_told(tmp_path: Path) -> None:
    rows = [
        '{"channel":"web","narrative":"The kettle smokes."}',
        '{"channel":"web","narrative":"   "}',
        '{"channel":"x"}',
    ]
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join(rows))
    demo = start_demo(tmp_path, "--seconds", "4", "--json", "--from", str(file))
    printed, said = demo.communicate(timeout=120)
    assert demo.returncode == 1, said
    assert printed, said
    figures = json.loads(printed)
    assert figures["accepted"] > 0
    assert figures["lost"] == 0
    assert figures["rejected"] == figures["sent"] - figures["accepted"] > figures["accepted"]
    assert {refusal["first"] for refusal in figures["refusals"]} == {"some.jsonl:2", "some.jsonl:3"}
    assert f"refused at the door: {figures['rejected']} of {figures['sent']}" in said
    assert "narrative" in said


def test_a_second_demo_is_refused_with_advice_before_it_starts_anything(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as first:
        noted = {"pid": first.pid, "process_start": process_start(first.pid), "environment": {}}
        (tmp_path / "stack.json").write_text(json.dumps(noted))
        second = start_demo(tmp_path)
        _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "cbus down" in said
        assert "CBUS_STACK_FILE=" in said
        assert "backend" not in said
        assert json.loads((tmp_path / "stack.json").read_text()) == noted
        first.kill()

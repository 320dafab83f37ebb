"""The gate: one broker, two thousand complaints, 64 kills, every crash point once. Some six minutes on two cores.

What fails it: a broken rule, something that did not come back or was not read to its end, a crash point in which
nothing died. The run is kept in ``var/torture/gate`` and can be judged again (``--only-check``).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.local.service_process import PROJECT_ROOT
from shared.crash_points import CRASH_POINTS
from tests.torture.nemesis.schedule import FaultKind

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

KEPT = PROJECT_ROOT / "var/torture/gate"
SEED = 2
COMPLAINTS = 2_000
KILLS = 64


def test_kills_at_every_crash_point_and_elsewhere_lose_nothing_and_repeat_nothing() -> None:
    report, told = run_torture(KEPT)
    assert killed(report) >= KILLS, told
    assert hit_points(report) == CRASH_POINTS, told
    assert report["passed"] is True, told


def run_torture(directory: Path) -> tuple[dict[str, Any], str]:
    """What came of the run, for the test and for people."""
    (directory / "report.json").unlink(missing_ok=True)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.torture", "--seed", str(SEED), "--keep", str(directory)),
            *("--complaints", str(COMPLAINTS), "--kills", str(KILLS), "--brokers", "1"),
        ],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = f"exit code {run.returncode}\n{run.stderr[-6000:]}\n{run.stdout}"
    if not (directory / "report.json").exists():
        pytest.fail(f"the run did not come to its end: {told}")
    report: dict[str, Any] = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    return report, told


def killed(report: dict[str, Any]) -> int:
    """Processes that died by a fault; visits to a crash point that killed nobody do not count."""
    plain: int = sum(count for fault, count in report["faults"].items() if FaultKind(fault).kills)
    missed: int = sum(each["armed"] - each["hit"] for each in report["kills_by_point"].values())
    return plain - missed


def hit_points(report: dict[str, Any]) -> set[str]:
    """Crash points in which something died."""
    return {point for point, each in report["kills_by_point"].items() if each["hit"]}

"""How soon a million open clocks are restored: measured by the benchmark, told in the report beside the other times.

In a process of its own, before the run: it needs a broker and the machine for itself, and what it imports of the
services stays out of this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from deploy.local.service_process import PROJECT_ROOT
from tests.torture.report.recovery import recovery_row

AT_MOST = "≤ "
MEASURED_WITHIN_SECONDS = 600.0


def measured_restore() -> list[dict[str, Any]]:
    """Rows for the report. RuntimeError: it could not be measured."""
    command = [sys.executable, "-m", "tests.bench", "--only", "recovery", "--json"]
    answer = subprocess.run(
        command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=MEASURED_WITHIN_SECONDS, check=False
    )
    if answer.returncode:
        raise RuntimeError(f"the restore could not be measured: {answer.stderr[-2000:]}")
    return restore_rows(json.loads(answer.stdout))


def restore_rows(measurements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those measurements of the benchmark that have an aim."""
    return [
        recovery_row(f"{each['name']} ({each['method']})", float(each["aim"].removeprefix(AT_MOST)), [each["value"]])
        for each in measurements
        if each["aim"].startswith(AT_MOST)
    ]

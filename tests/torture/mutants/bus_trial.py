"""One run of the whole bus with a mutant, or with none, and what the checker says of it."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

from tests.torture.load.json_lines import read_lines
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.mutated_bus import MutatedBus
from tests.torture.mutants.outcome import TrialOutcome, unrecovered
from tests.torture.mutants.patch_failure import patch_failure
from tests.torture.mutants.plans import Course
from tests.torture.mutants.short_run import ShortRun, tuned
from tests.torture.run.directory import RunDirectory
from tests.torture.run.phases import RTO_SECONDS, Run


def try_on_the_bus(mutant: Mutant | None, course: Course, seed: int, directory: Path) -> TrialOutcome:
    """Run ``course`` in ``directory``. Raises whatever keeps the bus from starting."""
    plan, run_directory, started = course.plan(seed), RunDirectory(directory), time.monotonic()
    progress = Progress(started)
    with tuned(course), MutatedBus(run_directory.bus, mutant, speed=plan.speed, proxied=course.proxied) as bus:
        progress("the bus is up")
        run = ShortRun(plan, run_directory, bus, progress)
        outcome = _outcome(run, run_directory, seed, started)
    if fault := patch_failure(directory / "bus/logs"):
        return TrialOutcome(seed, outcome.seconds, problem=f"the patch itself failed: {fault}")
    return outcome if mutant is None or mutant.delays else outcome.without_lateness()


def _outcome(run: Run, directory: RunDirectory, seed: int, started: float) -> TrialOutcome:
    try:
        run.execute()
    except TimeoutError as late:  # something did not come back, so there is nothing more to judge
        return TrialOutcome(seed, _since(started), ("unrecovered",), str(late)[:300])
    return _judge(directory, seed, started)


def _judge(directory: RunDirectory, seed: int, started: float) -> TrialOutcome:
    """Broken rules first; a group with unread records and a process that was late count as well."""
    check: Any = importlib.import_module("tests.torture.check")  # heavy, and needed at the very end only
    verdict = check.check_run(directory.root)
    broken = [rule for rule in verdict.rules if not rule.passed]
    caught_by = [rule.rule for rule in broken]
    offenders = [rule.first_offenders[0] for rule in broken if rule.first_offenders]
    if left := directory.read_run().get("undrained"):
        caught_by.append("undrained")
        offenders.append(f"unread at the end: {left}")
    if late := unrecovered(read_lines(directory.nemesis), RTO_SECONDS):
        caught_by.append("unrecovered")
        offenders.append(late)
    return TrialOutcome(seed, _since(started), tuple(caught_by), offenders[0] if offenders else "")


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)


class Progress:
    """Lines on stderr, each with the seconds since the start."""

    def __init__(self, started: float) -> None:
        self._started = started

    def __call__(self, line: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f} s] {line}", file=sys.stderr, flush=True)  # noqa: T201

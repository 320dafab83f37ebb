"""Runs mutants until each is caught, and the clean build on the same plans; every run is a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.child_process import ChildProcess
from deploy.local.service_process import PROJECT_ROOT
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.outcome import TrialOutcome
from tests.torture.mutants.results import CleanRun, MutantRuns, Results
from tests.torture.mutants.trial import CLEAN, OUTCOME_FILE

LONGEST_RUN_SECONDS = 300.0
STOP_SECONDS = 25.0


class Campaign:
    """``noted`` is called whenever ``results`` have changed."""

    def __init__(
        self, results: Results, directory: Path, progress: Callable[[str], None], noted: Callable[[Results], None]
    ) -> None:
        self._results = results
        self._directory = directory
        self._progress = progress
        self._noted = noted

    def try_mutant(self, mutant: Mutant, seeds: int) -> None:
        """Seed after seed, until one catches it."""
        outcomes: list[TrialOutcome] = []
        for seed in range(1, seeds + 1):
            outcomes.append(self._try(mutant.name, mutant.plan, seed, welcome="caught"))
            if outcomes[-1].verdict == "caught":
                break
        self._results.note_mutant(MutantRuns(mutant.name, tuple(outcomes), _today()))
        self._noted(self._results)

    def try_clean(self, plan: str, seed: int) -> None:
        """The clean build on one plan and seed."""
        outcome = self._try(CLEAN, plan, seed, welcome="passed")
        self._results.note_clean(CleanRun(plan, outcome, _today()))
        self._noted(self._results)

    def _try(self, build: str, plan: str, seed: int, *, welcome: str) -> TrialOutcome:
        """One run. What it left on the disk is kept only if it did not end as was to be expected."""
        directory = self._directory / f"{build}-{plan}-{seed}"
        if directory.exists():
            shutil.rmtree(directory)
        self._progress(f"{build}, {plan}, seed {seed} …")
        outcome = run_trial(build, plan, seed, directory)
        why = outcome.problem or ", ".join(outcome.caught_by)
        self._progress(f"{build}, {plan}, seed {seed}: {outcome.verdict} {why} ({outcome.seconds:.0f} s)")
        if outcome.first_offender:
            self._progress(f"    {outcome.first_offender}")
        if outcome.verdict == welcome:
            shutil.rmtree(directory)
        return outcome


def run_trial(build: str, plan: str, seed: int, directory: Path) -> TrialOutcome:
    """One run as a process of its own, which is stopped when it takes too long or when this process is told to end."""
    command = [sys.executable, "-m", "tests.torture.mutants.trial", build, plan, str(seed), str(directory)]
    child = ChildProcess("trial", command, log_path=directory / "trial.log", working_directory=PROJECT_ROOT)
    started = time.monotonic()
    child.start()
    try:
        child.wait(LONGEST_RUN_SECONDS)
    except subprocess.TimeoutExpired:
        child.terminate(STOP_SECONDS)
        return TrialOutcome(seed, round(time.monotonic() - started, 1), ("never settled",), child.log_tail(1))
    finally:
        child.terminate(STOP_SECONDS)
    if not (directory / OUTCOME_FILE).exists():
        seconds = round(time.monotonic() - started, 1)
        return TrialOutcome(seed, seconds, problem=f"the run ended with {child.exit_code}: {child.log_tail(3)}")
    return TrialOutcome.read(directory / OUTCOME_FILE)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()

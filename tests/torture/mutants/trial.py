"""One run as a process of its own: ``python -m tests.torture.mutants.trial MUTANT|clean PLAN SEED DIRECTORY``.

Its outcome is in ``DIRECTORY/outcome.json``, written whatever happens but a kill; everything it started ends with it.
"""

from __future__ import annotations

import signal
import sys
import time
import traceback
from pathlib import Path

from tests.torture.mutants.bus_trial import try_on_the_bus
from tests.torture.mutants.counter_trial import BOUTS, try_on_the_counter
from tests.torture.mutants.outcome import TrialOutcome
from tests.torture.mutants.plans import COURSES
from tests.torture.mutants.registry import MUTANTS

CLEAN = "clean"
OUTCOME_FILE = "outcome.json"


def main() -> int:
    """Run, and leave the outcome behind."""
    build, plan, seed, directory = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are taken away
    started = time.monotonic()
    try:
        outcome = run(build, plan, seed, directory)
    except Exception as problem:
        traceback.print_exc()
        seconds = round(time.monotonic() - started, 1)
        outcome = TrialOutcome(seed, seconds, problem=f"{type(problem).__name__}: {problem}"[:500])
    outcome.write(directory / OUTCOME_FILE)
    return 0


def run(build: str, plan: str, seed: int, directory: Path) -> TrialOutcome:
    """The run in the arena its plan belongs to."""
    mutant = None if build == CLEAN else MUTANTS[build]
    if plan in COURSES:
        return try_on_the_bus(mutant, COURSES[plan], seed, directory / "run")
    return try_on_the_counter(mutant, BOUTS[plan], seed, directory / "run")


if __name__ == "__main__":
    sys.exit(main())

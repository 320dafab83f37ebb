"""What is known of every mutant and of the clean build, kept in a file so that a table can grow over several days."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.torture.mutants.outcome import TrialOutcome


@dataclass(frozen=True)
class CleanRun:
    """One run of the clean build."""

    plan: str
    outcome: TrialOutcome
    day: str


@dataclass(frozen=True)
class MutantRuns:
    """The runs of one mutant, up to the first that caught it."""

    mutant: str
    outcomes: tuple[TrialOutcome, ...]
    day: str

    @property
    def catch(self) -> TrialOutcome | None:
        """The run that caught it."""
        return next((outcome for outcome in self.outcomes if outcome.verdict == "caught"), None)


@dataclass
class Results:
    """The last runs of each mutant, and the clean build's by plan and seed."""

    mutants: dict[str, MutantRuns] = field(default_factory=dict)
    clean: dict[tuple[str, int], CleanRun] = field(default_factory=dict)

    def note_mutant(self, runs: MutantRuns) -> None:
        """Replace what was known of this mutant."""
        self.mutants[runs.mutant] = runs

    def note_clean(self, run: CleanRun) -> None:
        """Replace what was known of this plan and seed."""
        self.clean[run.plan, run.outcome.seed] = run

    def write(self, path: Path) -> None:
        """Replace the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {
            "mutants": [asdict(runs) for runs in self.mutants.values()],
            "clean": [asdict(run) for run in self.clean.values()],
        }
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")
        aside.replace(path)

    @classmethod
    def read(cls, path: Path) -> Results:
        """What the file holds; nothing without one."""
        results = cls()
        if not path.exists():
            return results
        values = json.loads(path.read_text(encoding="utf-8"))
        for runs in values["mutants"]:
            outcomes = tuple(TrialOutcome.from_values(outcome) for outcome in runs["outcomes"])
            results.note_mutant(MutantRuns(runs["mutant"], outcomes, runs["day"]))
        for run in values["clean"]:
            results.note_clean(CleanRun(run["plan"], TrialOutcome.from_values(run["outcome"]), run["day"]))
        return results


def clean_schedule(plans: Iterable[str], count: int) -> list[tuple[str, int]]:
    """``count`` pairs of plan and seed: every plan with seed 1, then every plan with seed 2, and so on."""
    names = list(plans)
    return [(names[number % len(names)], 1 + number // len(names)) for number in range(count)] if names else []

"""The result as people read it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.results import MutantRuns, Results

HEADER = (
    "| mutant | rule removed | what it does instead | arena: plan | caught by | seed | seconds |\n"
    "|---|---|---|---|---|---|---|"
)


def mutant_table(mutants: Mapping[str, Mutant], results: Results) -> str:
    """One row for each mutant, run or not."""
    rows = [_row(mutant, results.mutants.get(name)) for name, mutant in mutants.items()]
    return "\n".join([HEADER, *rows])


def _row(mutant: Mutant, runs: MutantRuns | None) -> str:
    seed, seconds, verdict = _told(runs)
    place = f"{mutant.arena}: {mutant.plan}"
    return f"| {mutant.name} | {mutant.rule} | {mutant.removes} | {place} | {verdict} | {seed} | {seconds} |"


def _told(runs: MutantRuns | None) -> tuple[str, str, str]:
    """Seed, seconds and verdict of a row."""
    if runs is None or not runs.outcomes:
        return "–", "–", "not run"
    catch = runs.catch
    if catch is not None:
        return str(catch.seed), f"{catch.seconds:.0f}", ", ".join(catch.caught_by)
    judged = [outcome for outcome in runs.outcomes if not outcome.problem]
    seconds = f"{sum(outcome.seconds for outcome in runs.outcomes):.0f}"
    seeds = ", ".join(str(outcome.seed) for outcome in runs.outcomes)
    if not judged:
        return seeds, seconds, f"**no verdict**: {runs.outcomes[-1].problem[:120]}"
    return seeds, seconds, f"**not caught** in {len(judged)} runs"


def clean_table(plans: Iterable[str], results: Results) -> str:
    """One row for each plan: how many seeds the clean build passed, and what is to be said of the others."""
    by_plan: dict[str, Counter[str]] = defaultdict(Counter)
    remarks: dict[str, list[str]] = defaultdict(list)
    for (plan, seed), run in results.clean.items():
        by_plan[plan][run.outcome.verdict] += 1
        if run.outcome.verdict != "passed":
            why = run.outcome.problem or f"{', '.join(run.outcome.caught_by)}: {run.outcome.first_offender}"
            remarks[plan].append(f"seed {seed}: {why[:200]}")
    rows = [
        f"| {plan} | {by_plan[plan].total()} | {by_plan[plan]['passed']} | {'; '.join(remarks[plan]) or '–'} |"
        for plan in plans
    ]
    return "\n".join(["| plan | seeds | passed | the others |", "|---|---|---|---|", *rows])


def summary(mutants: Mapping[str, Mutant], results: Results) -> str:
    """One sentence: how many mutants were caught, how often the clean build passed."""
    run = [results.mutants[name] for name in mutants if name in results.mutants]
    caught = sum(runs.catch is not None for runs in run)
    passed = sum(clean.outcome.verdict == "passed" for clean in results.clean.values())
    return (
        f"{caught} of {len(mutants)} mutants caught ({len(mutants) - len(run)} not run); "
        f"the clean build passed {passed} of {len(results.clean)} runs."
    )


def holds(mutants: Mapping[str, Mutant], results: Results) -> bool:
    """Every mutant run was caught, and every run of the clean build passed."""
    return all(results.mutants[name].catch is not None for name in mutants if name in results.mutants) and all(
        clean.outcome.verdict == "passed" for clean in results.clean.values()
    )

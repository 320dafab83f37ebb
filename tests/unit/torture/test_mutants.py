"""The registry of mutants is complete, every plan is a function of its seed, and the table says what happened."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.service_process import PROJECT_ROOT
from shared.crash_points import CRASH_POINTS
from tests.torture.mutants.counter_trial import BOUTS
from tests.torture.mutants.document import document
from tests.torture.mutants.mutant import Arena, Mutant
from tests.torture.mutants.outcome import TrialOutcome, unrecovered
from tests.torture.mutants.patch_failure import patch_failure
from tests.torture.mutants.patches.replacing import replace
from tests.torture.mutants.plans import COURSES
from tests.torture.mutants.registry import MUTANTS
from tests.torture.mutants.results import CleanRun, MutantRuns, Results, clean_schedule
from tests.torture.mutants.table import clean_table, holds, mutant_table, summary
from tests.torture.nemesis.schedule import FaultKind

REPOSITORY = Path(__file__).parents[3]
EVERY = pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
ONE = Mutant("one", "rule 1", "nothing", "storm", "state:one", ("router",))
OTHER = Mutant("other", "rule 2", "worse", "bout", "state:other", ("sla",), Arena.COUNTER)
TWO = {"one": ONE, "other": OTHER}
CAUGHT = TrialOutcome(2, 61.4, ("L1", "L12"), "some case: lost")
PASSED = TrialOutcome(1, 50.0)
NOT_JUDGED = TrialOutcome(1, 3.0, problem="the broker did not start")


# ---- the registry ----------------------------------------------------------------------------------------------------


def test_at_least_twelve_rules_can_be_switched_off_and_most_show_on_the_whole_bus() -> None:
    assert len(MUTANTS) >= 12
    assert sum(mutant.arena is Arena.BUS for mutant in MUTANTS.values()) > len(MUTANTS) / 2


@EVERY
def test_every_mutant_has_a_plan_in_its_arena_and_a_patch(mutant: Mutant) -> None:
    assert mutant.plan in (COURSES if mutant.arena is Arena.BUS else BOUTS)
    assert callable(mutant.load_patch())
    assert mutant.services
    assert mutant.rule
    assert mutant.removes


@EVERY
def test_every_patch_finds_what_it_replaces(mutant: Mutant) -> None:
    code = f"from tests.torture.mutants.registry import MUTANTS; MUTANTS[{mutant.name!r}].load_patch()()"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_plan_is_there_for_a_mutant() -> None:
    assert {mutant.plan for mutant in MUTANTS.values()} == COURSES.keys() | BOUTS.keys()


def test_a_patch_for_a_place_that_is_gone_is_refused() -> None:
    with pytest.raises(AttributeError):
        replace(PASSED, "a_name_of_old", 1)


def test_only_patches_know_services() -> None:
    for file in (REPOSITORY / "tests/torture/mutants").rglob("*.py"):
        imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
        foreign = [node for node in imports if (node.module or "").startswith("services")]
        assert file.parent.name == "patches" or not foreign, file


def test_an_error_of_the_patch_is_told_from_one_of_the_product(tmp_path: Path) -> None:
    lines = ["Traceback (most recent call last):", '  File "/p/tests/torture/mutants/patches/state.py", line 3, in row']
    (tmp_path / "router-0.log").write_text("\n".join([*lines, "TypeError: no"]))
    assert patch_failure(tmp_path).startswith('router-0.log: File "')
    (tmp_path / "router-0.log").write_text("\n".join([*lines, '  File "/p/shared/clock.py", line 3', "TypeError: no"]))
    assert patch_failure(tmp_path) == ""


# ---- the plans -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COURSES)
def test_the_same_seed_gives_the_same_plan_and_another_seed_another(name: str) -> None:
    assert COURSES[name].plan(1) == COURSES[name].plan(1)
    assert COURSES[name].plan(1).lanes != COURSES[name].plan(2).lanes


@pytest.mark.parametrize("name", COURSES)
def test_a_plan_names_crash_points_there_are(name: str) -> None:
    for faults in COURSES[name].plan(1).lanes.values():
        for fault in faults:
            assert fault.kind is not FaultKind.CRASH_POINT or fault.target.partition(":")[0] in CRASH_POINTS


def test_clean_runs_are_spread_over_the_plans_seed_by_seed() -> None:
    assert clean_schedule(["a", "b", "c"], 5) == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2)]
    assert clean_schedule([], 5) == []


# ---- outcomes --------------------------------------------------------------------------------------------------------


def test_a_run_that_could_not_be_judged_neither_catches_nor_clears() -> None:
    assert [outcome.verdict for outcome in (CAUGHT, PASSED, NOT_JUDGED)] == ["caught", "passed", "not judged"]


def test_what_was_hit_and_not_back_in_time_is_found() -> None:
    def line(**detail: object) -> dict[str, object]:
        return {"fault": "kill", "target": "router-0", "phase": "end", "detail": detail}

    assert unrecovered([line(), line(recovered_seconds=9.9)], 10.0) is None
    assert unrecovered([line(recovered_seconds=10.1)], 10.0) == "kill router-0: back after 10.1 s"
    assert unrecovered([line(error="gave up")], 10.0) == "kill router-0: gave up"


def test_lateness_alone_does_not_catch_a_mutant_that_takes_nobodys_time() -> None:
    both = TrialOutcome(1, 9.0, ("L1", "L15"), "lost").without_lateness()
    late = TrialOutcome(1, 9.0, ("L15", "unrecovered"), "14 s").without_lateness()
    assert (both.caught_by, both.verdict) == (("L1",), "caught")
    assert (late.verdict, late.first_offender) == ("passed", "only late: 14 s")


def test_results_survive_their_file(tmp_path: Path) -> None:
    results = Results()
    results.note_mutant(MutantRuns("one", (PASSED, CAUGHT), "2026-01-01"))
    results.note_clean(CleanRun("storm", PASSED, "2026-01-02"))
    results.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results
    assert Results.read(tmp_path / "nothing.json") == Results()


# ---- the table -------------------------------------------------------------------------------------------------------


def results_of(*runs: MutantRuns) -> Results:
    return Results({each.mutant: each for each in runs})


def row_of(results: Results, name: str) -> str:
    return next(line for line in mutant_table(TWO, results).splitlines() if line.startswith(f"| {name} "))


def test_a_row_tells_what_caught_the_mutant_and_when() -> None:
    row = row_of(results_of(MutantRuns("one", (PASSED, CAUGHT), "2026-01-01")), "one")
    assert row == "| one | rule 1 | nothing | bus: storm | L1, L12 | 2 | 61 |"


def test_a_survivor_and_a_run_without_a_verdict_stand_out() -> None:
    survived = results_of(MutantRuns("one", (PASSED, PASSED), "2026-01-01"))
    unknown = results_of(MutantRuns("other", (NOT_JUDGED,), "2026-01-01"))
    assert "**not caught** in 2 runs" in row_of(survived, "one")
    assert "**no verdict**: the broker did not start" in row_of(unknown, "other")
    assert "not run" in row_of(survived, "other")
    assert not holds(TWO, survived)
    assert not holds(TWO, unknown)


def test_a_clean_build_that_fails_spoils_the_result() -> None:
    results = results_of(MutantRuns("one", (CAUGHT,), "2026-01-01"))
    results.note_clean(CleanRun("storm", PASSED, "2026-01-01"))
    assert holds(TWO, results)
    results.note_clean(CleanRun("storm", CAUGHT, "2026-01-01"))
    assert not holds(TWO, results)
    assert "| storm | 2 | 1 | seed 2: L1, L12: some case: lost |" in clean_table(["storm"], results)
    assert summary(TWO, results) == "1 of 2 mutants caught (1 not run); the clean build passed 1 of 2 runs."


def test_the_page_names_every_mutant() -> None:
    page = document(Results())
    assert all(f"| {name} |" in page for name in MUTANTS)

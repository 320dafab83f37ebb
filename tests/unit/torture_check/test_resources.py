"""Growth of a process: what counts as a leak, what does not, and who lived too short to tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.rules.resources import SPARE_BYTES, judge_resources
from tests.torture.check.run_files import Sample

Course = Callable[[float], float]
MIB = 2**20


def steady(_: float) -> float:
    return 1.0


def judged(seconds: float, fds: Course = steady, memory: Course = steady, pid: int = 1) -> RuleResult:
    """A process with 60 files and 100 MiB times what ``fds`` and ``memory`` say of the seconds of its life."""
    findings = Findings("L11", "")
    judge_resources(findings, life(seconds, fds, memory, pid))
    return findings.result()


def life(seconds: float, fds: Course = steady, memory: Course = steady, pid: int = 1) -> list[Sample]:
    return [
        Sample(second, "router-0", pid, round(60 * fds(second)), round(100 * MIB * memory(second)))
        for second in range(0, round(seconds) + 1, 5)
    ]


def test_a_process_that_holds_what_it_held_is_sound() -> None:
    result = judged(700)
    assert (result.checked, result.breaches) == (3, 0)
    assert result.notes == (
        "lived long enough to judge open files: 1 processes, at most × 1.00; memory: 1 processes, at most × 1.00",
    )


def test_files_that_are_never_closed_are_found() -> None:
    assert judged(160, fds=lambda second: 1 + second / 160).breaches == 1


@pytest.mark.parametrize(("before", "after"), [(0, 18), (0, 36), (18, 36), (36, 0)])
def test_the_files_of_partitions_that_come_and_go_are_no_leak(before: int, after: int) -> None:
    """A process whose twin had all partitions at first held 24 files, and 45 at the end."""
    assert stores_of(lambda second: after if second > 150 else before, others=24).breaches == 0


def test_stores_opened_again_and_again_are_a_leak_though_partitions_are_the_same() -> None:
    assert stores_of(lambda second: 3 * round(second / 20), others=24).breaches == 1
    assert stores_of(lambda second: 36 if second < 290 else 39, others=24).breaches == 0, "gone again, perhaps"


def stores_of(state_files: Callable[[float], int], others: int) -> RuleResult:
    findings = Findings("L11", "")
    samples = [
        Sample(second, "sla-1", 1, others + state_files(second), 100 * MIB, state_files(second))
        for second in range(0, 301, 5)
    ]
    judge_resources(findings, samples)
    return findings.result()


def test_what_a_burst_of_clients_opened_before_the_end_is_no_leak() -> None:
    assert judged(300, fds=lambda second: 5.0 if 275 <= second < 300 else 1.0).breaches == 0


def test_a_start_is_not_held_against_a_process() -> None:
    assert judged(300, fds=lambda second: 0.1 if second < 30 else 1.0).breaches == 0


def test_a_short_life_proves_nothing() -> None:
    result = judged(145, fds=lambda second: 1 + second)
    assert (result.checked, result.breaches) == (0, 0)


def test_memory_that_grows_without_end_is_found() -> None:
    result = judged(900, memory=lambda second: 1 + second / 300)
    assert result.breaches == 1
    assert "MiB" in result.first_offenders[0]


def test_memory_may_grow_while_state_and_caches_do() -> None:
    assert judged(900, memory=lambda second: min(4.0, 1 + second / 100)).breaches == 0


def test_memory_of_a_life_shorter_than_ten_minutes_is_not_judged() -> None:
    result = judged(590, memory=lambda second: 1 + second)
    assert (result.checked, result.breaches) == (2, 0)


def test_the_share_and_the_allowance_are_added_up() -> None:
    allowed = 1.2 + SPARE_BYTES / (100 * MIB)
    assert judged(900, memory=lambda second: allowed - 0.01 if second > 600 else 1.0).breaches == 0
    assert judged(900, memory=lambda second: allowed + 0.01 if second > 600 else 1.0).breaches == 1


def test_a_restarted_instance_is_another_process() -> None:
    findings = Findings("L11", "")
    second_life = [one._replace(second=one.second + 100, fds=400) for one in life(100, pid=2)]
    judge_resources(findings, [*life(100), *second_life])
    assert findings.result().checked == 0

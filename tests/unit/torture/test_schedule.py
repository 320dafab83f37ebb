"""The plan of faults: the same for the same seed, as many kills as asked for, nothing the cluster cannot do."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crash_points import CRASH_POINTS
from tests.torture import test_gate
from tests.torture.nemesis.instances import INSTANCES, PROCESSORS
from tests.torture.nemesis.schedule import (
    INFRASTRUCTURE,
    SLIPS,
    Abilities,
    Fault,
    FaultKind,
    Lanes,
    estimated_seconds,
    lane_of_point,
    plan,
)

SEEDS = st.integers(0, 10_000)
KILLS = st.integers(0, 400)
BROKERS = st.sampled_from([1, 3])


def every_fault(lanes: Lanes) -> list[Fault]:
    return list(chain.from_iterable(lanes.values()))


@given(SEEDS, KILLS, BROKERS)
def test_the_same_seed_gives_the_same_plan(seed: int, kills: int, brokers: int) -> None:
    assert plan(seed, kills, brokers) == plan(seed, kills, brokers)


@given(SEEDS)
def test_every_processor_has_a_twin_and_is_killed_paused_stepped_and_made_to_rebalance(seed: int) -> None:
    assert {"router", "sla", "notifier", "auditor"} == set(PROCESSORS)
    lanes = plan(seed, 300, 3, Abilities(clock_steps=True))
    kinds = {FaultKind.KILL, FaultKind.PAUSE, FaultKind.CLOCK_STEP, FaultKind.REBALANCE_STORM}
    for service in PROCESSORS:
        faults = [fault for fault in lanes[service] if fault.kind in kinds]
        assert {fault.kind for fault in faults} == kinds
        hit = {fault.target.partition(":")[0] for fault in faults if fault.kind is not FaultKind.REBALANCE_STORM}
        assert hit == {f"{service}-0", f"{service}-1"}


def test_another_seed_gives_another_plan() -> None:
    assert plan(1, 50, 3) != plan(2, 50, 3)


@given(SEEDS, KILLS, BROKERS)
def test_as_many_kills_are_planned_as_were_asked_for(seed: int, kills: int, brokers: int) -> None:
    assert sum(fault.kind.kills for fault in every_fault(plan(seed, kills, brokers))) == kills


@given(SEEDS, BROKERS)
def test_with_room_for_all_every_crash_point_is_visited_exactly_once(seed: int, brokers: int) -> None:
    faults = every_fault(plan(seed, 60, brokers))
    visited = [fault.target.partition(":")[0] for fault in faults if fault.kind is FaultKind.CRASH_POINT]
    assert sorted(visited) == sorted(CRASH_POINTS)


def test_the_gate_has_room_for_every_crash_point_and_for_kills_at_any_moment_besides() -> None:
    faults = every_fault(plan(test_gate.SEED, test_gate.KILLS, 1))
    visited = {fault.target.partition(":")[0] for fault in faults if fault.kind is FaultKind.CRASH_POINT}
    assert visited == CRASH_POINTS
    assert sum(fault.kind is FaultKind.KILL for fault in faults) >= 8


@pytest.mark.parametrize("point", sorted(CRASH_POINTS))
def test_a_crash_point_is_in_a_process_there_is(point: str) -> None:
    assert lane_of_point(point) in INSTANCES


@given(SEEDS, KILLS, BROKERS)
def test_a_fault_lies_in_the_lane_of_the_process_it_hits(seed: int, kills: int, brokers: int) -> None:
    for lane, faults in plan(seed, kills, brokers).items():
        for fault in faults:
            if fault.kind is FaultKind.CRASH_POINT:
                assert lane_of_point(fault.target) == lane
            elif fault.kind in (FaultKind.KILL, FaultKind.PAUSE, FaultKind.REBALANCE_STORM):
                assert fault.target.partition("-")[0] == lane
            else:
                assert lane == (SLIPS if fault.kind.is_slip else INFRASTRUCTURE)


@given(SEEDS, KILLS, BROKERS)
def test_every_mistake_people_make_is_made_once(seed: int, kills: int, brokers: int) -> None:
    made = [fault.kind for fault in every_fault(plan(seed, kills, brokers)) if fault.kind.is_slip]
    assert sorted(made) == sorted(kind for kind in FaultKind if kind.is_slip)


@given(SEEDS, st.integers(10, 400))
def test_a_single_broker_is_never_asked_for_what_takes_three(seed: int, kills: int) -> None:
    kinds = {fault.kind for fault in every_fault(plan(seed, kills, 1))}
    assert not kinds & {FaultKind.LEADER_KILL, FaultKind.MAJORITY_DOWN, FaultKind.CONTROLLER_KILL}


@given(SEEDS, st.integers(1, 400), BROKERS, st.floats(0, 5000))
def test_faults_are_spread_over_the_time_the_load_takes(seed: int, kills: int, brokers: int, seconds: float) -> None:
    for faults in plan(seed, kills, brokers, least_seconds=seconds).values():
        assert estimated_seconds(faults) >= seconds - 1e-6


@pytest.mark.parametrize("kind", [FaultKind.PARTITION, FaultKind.SLOW_LINK, FaultKind.DISK_FULL])
def test_faults_that_need_special_equipment_are_planned_only_where_it_is(kind: FaultKind) -> None:
    equipped = Abilities(proxies=True, small_disk=True)
    assert kind in {fault.kind for fault in every_fault(plan(1, 50, 3, equipped))}
    assert kind not in {fault.kind for fault in every_fault(plan(1, 50, 3))}

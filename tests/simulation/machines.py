"""The same worlds, driven by Hypothesis: it chooses every step and, when a promise is broken, finds a short history."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulation import bus_invariants, counter_history
from tests.simulation.bus_history import BusHistory
from tests.simulation.bus_inputs import Inputs
from tests.simulation.bus_play import LONGEST_PAUSE
from tests.simulation.counter_history import CounterHistory
from tests.simulation.disks import disks
from tests.simulation.effects import EFFECTS
from tests.simulation.world import SLOTS, Fault, World

NOWHERE = Path("/simulated")
"""State is kept in memory; the path only names it."""


class WorldMachine(RuleBasedStateMachine):
    """Faults and passes of the processes of one world; subclasses add what is written."""

    history: CounterHistory | BusHistory
    longest_pause = timedelta(hours=3)

    def __init__(self) -> None:
        super().__init__()
        self.history = self.new_history()
        self.services = sorted(self.world.processors)
        self.disks = disks(self.world.about_to, sqlite=False)
        self.disks.__enter__()

    def new_history(self) -> CounterHistory | BusHistory:
        """An empty one."""
        raise NotImplementedError

    @property
    def world(self) -> World:
        """Where it happens."""
        return self.history.world

    def service(self, number: int) -> str:
        """One of the services."""
        return self.services[number % len(self.services)]

    @initialize(batch=st.sampled_from((1, 3, 1000)), serving=st.integers(0, 2**16))
    def first_processes(self, batch: int, serving: int) -> None:
        self.world.serving.random.seed(serving)
        for service in self.services:
            self.world.start(service, SLOTS[0], max_records=batch)

    @rule(number=st.integers(0, 2), slot=st.sampled_from(SLOTS))
    def run_pass(self, number: int, slot: str) -> None:
        self.world.run(self.service(number), slot)

    @rule(
        number=st.integers(0, 2),
        slot=st.sampled_from(SLOTS),
        nth=st.integers(1, 24),
        fault=st.sampled_from(Fault),
        only=st.sampled_from((None, *EFFECTS)),
    )
    def run_interrupted(self, number: int, slot: str, nth: int, fault: Fault, only: str | None) -> None:
        self.world.run_interrupted(self.service(number), slot, nth if only is None else 1, fault, only)

    @rule(number=st.integers(0, 2), slot=st.sampled_from(SLOTS), keep_disk=st.booleans())
    def start(self, number: int, slot: str, keep_disk: bool) -> None:
        self.world.start(self.service(number), slot, keep_disk=keep_disk)

    @rule(number=st.integers(0, 2), slot=st.sampled_from(SLOTS))
    def session_times_out(self, number: int, slot: str) -> None:
        self.world.expire(self.service(number), slot)

    @rule(number=st.integers(0, 2), slot=st.sampled_from(SLOTS), minutes=st.sampled_from((-90, 0, 45)))
    def clock_steps(self, number: int, slot: str, minutes: int) -> None:
        self.world.skew(self.service(number), slot, timedelta(minutes=minutes))

    @rule(share=st.floats(0, 1))
    def time_goes_by(self, share: float) -> None:
        self.world.pass_time(self.longest_pause * share)

    @rule(available=st.booleans())
    def broker(self, available: bool) -> None:
        self.world.set_broker(available=available)

    @rule()
    def zombies_run(self) -> None:
        self.world.run_replaced()

    def check(self) -> None:
        """What a subclass looks at when everything has drained."""

    def teardown(self) -> None:
        try:
            self.history.finish()
            self.check()
        finally:
            self.disks.__exit__(None, None, None)


class CounterMachine(WorldMachine):
    """The engine with the tiny counter."""

    def new_history(self) -> CounterHistory:
        return CounterHistory(NOWHERE, 0)

    @rule(seed=st.integers(0, 2**16))
    def write(self, seed: int) -> None:
        assert isinstance(self.history, CounterHistory)
        counter_history.draw_input(self.history, Random(seed))


class BusMachine(WorldMachine):
    """Router, SLA and composer together."""

    longest_pause = LONGEST_PAUSE

    def new_history(self) -> BusHistory:
        return BusHistory(NOWHERE, 0)

    @rule(seed=st.integers(0, 2**16))
    def write(self, seed: int) -> None:
        assert isinstance(self.history, BusHistory)
        Inputs(self.history, Random(seed)).draw()

    @rule(seed=st.integers(0, 2**16))
    def everybody_runs(self, seed: int) -> None:
        for service in self.services:
            self.world.run(service, SLOTS[seed % 2])

    def check(self) -> None:
        assert isinstance(self.history, BusHistory)
        bus_invariants.check(self.history)

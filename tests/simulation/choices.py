"""What happens next, drawn from a seed: a fault, an effect to put it before, how much time goes by."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from tests.simulation.effects import EFFECTS
from tests.simulation.world import SLOTS, Fault, World

_FAULTS = tuple(Fault)
_FAULT_WEIGHTS = {Fault.KILL: 6, Fault.OVERTAKEN: 4, Fault.DOUBT: 4}


class Choices:
    """Draws steps of one history and lets them happen."""

    def __init__(
        self, seed: int, world: World, *, furthest_effect: int, longest_pause: timedelta, batches: tuple[int, ...]
    ) -> None:
        """``batches``: how many records a process may take at once, one of these."""
        self.random = Random(seed)
        self._world = world
        self._services = list(world.processors)
        self._furthest_effect = furthest_effect
        self._longest_pause = longest_pause
        self._batches = batches
        self._weights = [_FAULT_WEIGHTS.get(fault, 1) for fault in _FAULTS]
        self._steps = (
            (self._run, 40),
            (self._run_interrupted, 30),
            (self._write, 10),
            (self._burst, 4),
            (self._burst_over_time, 3),
            (self._pass_time, 8),
            (self._start, 5),
            (self._expire, 2),
            (self._broker, 2),
            (self._skew, 1),
            (self._zombie, 2),
        )

    def begin(self, writes: int) -> None:
        """The first processes and inputs."""
        for service in self._services:
            for slot in SLOTS[: self.random.randint(1, 2)]:
                self._note(f"{service}-{slot} starts")
                self._world.start(service, slot, max_records=self.random.choice(self._batches))
        for _ in range(writes):
            self._world.on_input()

    def calm_start(self) -> None:
        """Every process has a pass before anything goes wrong: departments have the first cases already."""
        self._note("everybody runs")
        for service in self._services:
            for slot in SLOTS:
                self._world.run(service, slot)

    def steps(self, count: int) -> None:
        """So many things happen."""
        actions = [step for step, _ in self._steps]
        weights = [weight for _, weight in self._steps]
        for action in self.random.choices(actions, weights, k=count):
            action()

    def slot(self) -> tuple[str, str]:
        """Some place for a process."""
        return self.random.choice(self._services), self.random.choice(SLOTS)

    def _note(self, what: str) -> None:
        self._world.happened.append(f"{self._world.now:%d %H:%M:%S.%f} {what}")

    def _run(self) -> None:
        service, slot = self.slot()
        self._note(f"{service}-{slot} runs")
        self._world.run(service, slot)

    def _run_interrupted(self) -> None:
        service, slot = self.slot()
        only = self.random.choice(EFFECTS) if self.random.random() < 0.4 else None
        furthest = self.random.choice((3, 10, self._furthest_effect))  # most passes come to few effects
        nth = self.random.randint(1, furthest) if only is None else 1
        (fault,) = self.random.choices(_FAULTS, self._weights)
        self._note(f"{service}-{slot} runs, {only or 'effect'} {nth} interrupted: {fault}")
        self._world.run_interrupted(service, slot, nth, fault, only)

    def _write(self) -> None:
        self._world.on_input()

    def _burst(self) -> None:
        """More than a process with small batches takes at once."""
        for _ in range(self.random.randint(2, 5)):
            self._world.on_input()

    def _burst_over_time(self) -> None:
        """A backlog as it gathers while nobody runs."""
        for _ in range(self.random.randint(2, 5)):
            self._world.on_input()
            self._pass_time()

    def _pass_time(self) -> None:
        by = self._longest_pause * self.random.random() ** 2
        self._note(f"{by} go by")
        self._world.pass_time(by)

    def _start(self) -> None:
        """Replace a dead process, mostly; sometimes a live one, which then has a twin."""
        service, slot = self.slot()
        keep_disk = self.random.random() < 0.7
        self._note(f"{service}-{slot} starts over {'its' if keep_disk else 'an empty'} disk")
        self._world.start(service, slot, max_records=self.random.choice(self._batches), keep_disk=keep_disk)

    def _expire(self) -> None:
        service, slot = self.slot()
        self._note(f"the session of {service}-{slot} times out")
        self._world.expire(service, slot)

    def _broker(self) -> None:
        self._world.set_broker(available=not self._world.cluster.available)
        self._note(f"the broker {'is back' if self._world.cluster.available else 'goes away'}")

    def _skew(self) -> None:
        service, slot = self.slot()
        by = timedelta(minutes=self.random.choice((-90, -5, 0, 5, 45)))
        self._note(f"the clock of {service}-{slot} is off by {by}")
        self._world.skew(service, slot, by)

    def _zombie(self) -> None:
        self._note("replaced processes that still live run")
        self._world.run_replaced()

"""Courses of short runs, each aimed at a few mutants: which faults, in which order, under how much load.

Drawn from the seed: targets, moments, and which passage of a crash point is the last. A course is kept as short as
catches its mutants; the clean build runs the same courses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.torture.nemesis.schedule import Fault, FaultKind, Lanes
from tests.torture.run.phases import Plan

SPEED = 3600.0
WARM_UP_SECONDS = 3.0
SETTLE_SECONDS = 1.0
COMPLAINTS = 150


@dataclass(frozen=True)
class Course:
    """``lanes`` draws the faults of a seed; ``poison_share`` is that of complaints with a poisoned record beside."""

    lanes: Callable[[random.Random], Lanes]
    complaints: int = COMPLAINTS
    proxied: bool = False
    poison_share: float = 0.01

    def plan(self, seed: int) -> Plan:
        """The plan of a seed, on one broker."""
        lanes = self.lanes(random.Random(f"{seed}/mutants"))
        kills = sum(fault.kind.kills for faults in lanes.values() for fault in faults)
        return Plan(
            seed,
            self.complaints,
            kills,
            brokers=1,
            speed=SPEED,
            warm_up_seconds=WARM_UP_SECONDS,
            settle_seconds=SETTLE_SECONDS,
            lanes=lanes,
        )


def _crashes(points: Sequence[str], lane: str, passages: tuple[int, int] = (1, 3)) -> Callable[[random.Random], Lanes]:
    """Each of ``points`` once, in an order and at a passage drawn from the seed."""

    def lanes(chance: random.Random) -> Lanes:
        order = chance.sample(points, len(points))
        targets = [f"{point}:{chance.randint(*passages)}" for point in order]
        return {lane: tuple(Fault(FaultKind.CRASH_POINT, target, chance.uniform(0.5, 1.5)) for target in targets)}

    return lanes


def _each_twin(kind: FaultKind, service: str, times: int, seconds: float) -> Callable[[random.Random], Lanes]:
    """The same fault to one twin after the other, so that one of them always works."""

    def lanes(chance: random.Random) -> Lanes:
        first = chance.randrange(2)
        faults = [
            Fault(kind, f"{service}-{(first + number) % 2}", chance.uniform(1.0, 2.0), seconds)
            for number in range(times)
        ]
        return {service: tuple(faults)}

    return lanes


def _repeated(
    kind: FaultKind, target: str, times: int, seconds: float, pause: tuple[float, float] = (1.0, 2.0)
) -> Callable[[random.Random], Lanes]:
    """The same fault to the same target again and again."""

    def lanes(chance: random.Random) -> Lanes:
        return {"infrastructure": tuple(Fault(kind, target, chance.uniform(*pause), seconds) for _ in range(times))}

    return lanes


def _cache_away(chance: random.Random) -> Lanes:
    flush = Fault(FaultKind.REDIS_FLUSH, "valkey", chance.uniform(1.0, 2.0))
    silence = Fault(FaultKind.REDIS_PAUSE, "valkey", chance.uniform(1.0, 2.0), 8.0)
    return {"infrastructure": (flush, silence)}


def _silent_broker(chance: random.Random) -> Lanes:
    """Each door is killed while the broker is silent, and with it what waits in its queue.

    A silence is shorter than the broker's own session (3 s). Longer ones make Kafka 4.3 fence its only broker and lose
    commit markers (docs/decisions/0009), which no build survives.
    """
    early, late = chance.uniform(0.8, 1.2), chance.uniform(4.8, 5.2)
    doors = chance.sample(("intake-0", "intake-1"), 2)
    silences = [Fault(FaultKind.BROKER_PAUSE, "1", pause, 2.5) for pause in (early, late)]
    kills = [Fault(FaultKind.KILL, door, pause) for door, pause in zip(doors, (2.8, 5.8), strict=True)]
    return {"infrastructure": tuple(silences), "intake": tuple(kills)}


_ROUTER_POINTS = ("router.mid-produce", "router.after-offsets", "router.after-commit", "router.before-offsets")
_SENDER_POINTS = ("sender.after-attempt", "sender.after-send") * 2
_IN_A_BACKLOG = (15, 35)
"""A started sender has read more letters than these, and commits five times a second."""

COURSES: Mapping[str, Course] = {
    "router-crashes": Course(_crashes(_ROUTER_POINTS, "router")),
    "sender-crashes": Course(_crashes(_SENDER_POINTS, "notifier")),
    "sender-backlogs": Course(_crashes(_SENDER_POINTS, "notifier", _IN_A_BACKLOG), complaints=600),
    "cut-links": Course(_repeated(FaultKind.PARTITION, "1", 8, 1.5, (0.5, 1.5)), complaints=400, proxied=True),
    "short-silences": Course(_repeated(FaultKind.BROKER_PAUSE, "1", 8, 1.7, (0.5, 1.2)), complaints=400),
    "silent-broker": Course(_silent_broker, complaints=500),
    # four: what is touched again gets its timer back, so there must be a kill after the load
    "sla-kills": Course(_each_twin(FaultKind.KILL, "sla", 4, 0.0)),
    "router-storm": Course(_repeated(FaultKind.REBALANCE_STORM, "router", 1, 0.0)),
    "poisoned-router": Course(_each_twin(FaultKind.KILL, "router", 6, 0.0), poison_share=0.12),
    "cache-away": Course(_cache_away, complaints=300),
}
"""By name."""

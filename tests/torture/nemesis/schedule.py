"""The plan of faults of one seed: a pure function, so that a failing seed can be run again.

Faults are laid in lanes. Within a lane one fault follows the other, each after a pause; the lanes run side by side, so
faults of different services overlap. How long a lane really takes depends on the machine; its order never does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.crash_points import CRASH_POINTS
from tests.torture.nemesis.instances import INSTANCES, PROCESSORS

SERVICES = tuple(INSTANCES)
STEPPED = ("intake", *PROCESSORS)
"""Whose clocks are put forward and back: those whose decisions the checker judges by event times or counts alone."""
INFRASTRUCTURE = "infrastructure"
SLIPS = "slips"
"""What people do by mistake; it kills nobody."""
CONTROLLER = "controller"


class FaultKind(StrEnum):
    """What can be done to the bus."""

    KILL = "kill"
    CRASH_POINT = "crash-point"
    PAUSE = "pause"
    CLOCK_STEP = "clock-step"
    REBALANCE_STORM = "rebalance-storm"
    BROKER_KILL = "broker-kill"
    BROKER_PAUSE = "broker-pause"
    LEADER_KILL = "leader-kill"
    COORDINATOR_KILL = "coordinator-kill"
    CONTROLLER_KILL = "controller-kill"
    MAJORITY_DOWN = "majority-down"
    DISK_FULL = "disk-full"
    PARTITION = "partition"
    BROKER_PARTITION = "broker-partition"
    SLOW_LINK = "slow-link"
    REDIS_FLUSH = "redis-flush"
    REDIS_PAUSE = "redis-pause"
    SURPLUS_PARTITION = "surplus-partition"
    DEPARTMENT_WITHOUT_TOPICS = "department-without-topics"
    STAMPED_IN_SECONDS = "stamped-in-seconds"

    @property
    def kills(self) -> bool:
        """Whether a process dies by it (and counts towards the kills that were asked for)."""
        return self in _KILLING

    @property
    def is_slip(self) -> bool:
        """Whether people do it by mistake, and it is over when the product has named it."""
        return self in _SLIPS


_KILLING = {
    FaultKind.KILL,
    FaultKind.CRASH_POINT,
    FaultKind.BROKER_KILL,
    FaultKind.LEADER_KILL,
    FaultKind.COORDINATOR_KILL,
    FaultKind.CONTROLLER_KILL,
    FaultKind.MAJORITY_DOWN,
}

_SLIPS = (FaultKind.SURPLUS_PARTITION, FaultKind.DEPARTMENT_WITHOUT_TOPICS, FaultKind.STAMPED_IN_SECONDS)

TYPICAL_SECONDS = {
    FaultKind.SURPLUS_PARTITION: 15.0,
    FaultKind.DEPARTMENT_WITHOUT_TOPICS: 30.0,
    FaultKind.STAMPED_IN_SECONDS: 5.0,
    FaultKind.KILL: 4.0,
    FaultKind.CRASH_POINT: 9.0,
    FaultKind.CLOCK_STEP: 8.0,
    FaultKind.REBALANCE_STORM: 12.0,
    FaultKind.BROKER_KILL: 9.0,
    FaultKind.LEADER_KILL: 15.0,
    FaultKind.COORDINATOR_KILL: 16.0,
    FaultKind.CONTROLLER_KILL: 17.0,
    FaultKind.MAJORITY_DOWN: 9.0,
    FaultKind.DISK_FULL: 18.0,
    FaultKind.BROKER_PARTITION: 3.0,
}
"""What a fault takes beyond its own duration: for the estimate that paces the load."""


LONGER_THAN_A_SESSION = (12.0, 16.0)
"""Seconds a process is suspended: the group has given its partitions away when it wakes up."""


@dataclass(frozen=True)
class Fault:
    """One fault. ``target`` depends on the kind.

    An instance, with ``:seconds`` for a step of its clock; a crash point with its passage; the id of a broker; or what
    is looked for when the time has come: ``controller``, or ``topic/partition`` for the broker that leads it.
    """

    kind: FaultKind
    target: str
    pause_before_seconds: float
    duration_seconds: float = 0.0

    @property
    def estimated_seconds(self) -> float:
        """A guess at how long it takes, pause included."""
        return self.pause_before_seconds + self.duration_seconds + TYPICAL_SECONDS.get(self.kind, 0.5)


@dataclass(frozen=True)
class Abilities:
    """What this run can do beyond signals.

    Proxies before the brokers, a small disk under one of three, a network of its own for each of three, other clocks
    for service processes.
    """

    proxies: bool = False
    small_disk: bool = False
    broker_networks: bool = False
    clock_steps: bool = False


SIGNALS_ONLY = Abilities()

Lanes = dict[str, tuple[Fault, ...]]


def plan(seed: int, kills: int, brokers: int, abilities: Abilities = SIGNALS_ONLY, least_seconds: float = 0) -> Lanes:
    """Lanes by name, with exactly ``kills`` killing faults altogether; the same seed gives the same plan.

    Every crash point is visited once if ``kills`` has room for all of them; otherwise half of the kills are crash
    points chosen by the seed. The rest are plain kills and broker faults. Pauses are stretched until every lane is
    estimated to take ``least_seconds``.
    """
    chance = random.Random(f"{seed}/schedule")
    broker_kills = _broker_kill_count(kills, brokers)
    points = _crash_points(chance, kills - broker_kills)
    plain = [
        Fault(FaultKind.KILL, _instance(chance, chance.choice(SERVICES)), _pause(chance))
        for _ in range(kills - broker_kills - len(points))
    ]
    lanes = {service: _service_lane(chance, service, points, plain, abilities) for service in SERVICES}
    lanes[INFRASTRUCTURE] = _infrastructure(chance, broker_kills, kills, brokers, abilities)
    lanes[SLIPS] = _slips(random.Random(f"{seed}/slips"))
    return {lane: stretched(faults, least_seconds) for lane, faults in lanes.items()}


def stretched(faults: Sequence[Fault], least_seconds: float) -> tuple[Fault, ...]:
    """The same faults with longer pauses, so that together they take at least ``least_seconds``."""
    missing = max(0.0, least_seconds - estimated_seconds(faults))
    return tuple(
        replace(fault, pause_before_seconds=fault.pause_before_seconds + missing / len(faults)) for fault in faults
    )


def estimated_seconds(faults: Sequence[Fault]) -> float:
    """How long these faults take one after the other."""
    return sum(fault.estimated_seconds for fault in faults)


def lane_of_point(point: str) -> str:
    """The service in whose process the crash point is."""
    loop = point.partition(".")[0]
    return _HOSTS.get(loop, loop)


_HOSTS = {"sender": "notifier", "reinjection": "auditor"}
"""Loops that live in the process of another."""


def _broker_kill_count(kills: int, brokers: int) -> int:
    if kills == 0:
        return 0
    share = 0.12 if brokers == 3 else 0.06
    return max(1, round(kills * share))


def _crash_points(chance: random.Random, room: int) -> list[Fault]:
    points = sorted(CRASH_POINTS)
    chance.shuffle(points)
    chosen = points if room >= len(points) else points[: room // 2]
    return [Fault(FaultKind.CRASH_POINT, f"{point}:{_passage(chance, point)}", _pause(chance)) for point in chosen]


def _passage(chance: random.Random, point: str) -> int:
    """Die at the first or third passage; what happens only when provoked is not waited for three times."""
    is_provoked = point.endswith(("in-revoke", "after-doubt-before-rewind")) or point.startswith("reinjection.")
    return 1 if is_provoked else chance.choice((1, 1, 3))


def _service_lane(
    chance: random.Random, service: str, points: Sequence[Fault], plain: Sequence[Fault], abilities: Abilities
) -> tuple[Fault, ...]:
    faults = [fault for fault in points if lane_of_point(fault.target) == service]
    faults += [fault for fault in plain if fault.target.startswith(f"{service}-")]
    for _ in range(1 + len(faults) // 8):
        instance, pause = _instance(chance, service), _pause(chance)
        faults.append(Fault(FaultKind.PAUSE, instance, pause, chance.uniform(*LONGER_THAN_A_SESSION)))
    if service in PROCESSORS and len(faults) >= 4:
        storm = Fault(FaultKind.REBALANCE_STORM, service, _pause(chance))
        faults += [storm] * (1 + len(faults) // 40)
    if abilities.clock_steps and service in STEPPED:
        faults += [_clock_step(chance, service, way) for way in _ways(chance, 1 + len(faults) // 16)]
    chance.shuffle(faults)
    return tuple(faults)


def _ways(chance: random.Random, count: int) -> list[int]:
    """Forward (1) and back (-1) in turn, so that of two steps one goes each way."""
    first = chance.choice((1, -1))
    return [first if number % 2 == 0 else -first for number in range(count)]


def _clock_step(chance: random.Random, service: str, way: int) -> Fault:
    """Half a second to two of the machine's: minutes to hours of the bus's, more than any tolerance between clocks."""
    target = f"{_instance(chance, service)}:{way * chance.uniform(0.5, 2.0):+.2f}"
    return Fault(FaultKind.CLOCK_STEP, target, _pause(chance), chance.uniform(4, 8))


def _infrastructure(
    chance: random.Random, broker_kills: int, kills: int, brokers: int, abilities: Abilities
) -> tuple[Fault, ...]:
    kinds = _broker_kill_kinds(chance, broker_kills, brokers)
    kinds += [FaultKind.REDIS_FLUSH, FaultKind.REDIS_PAUSE, FaultKind.BROKER_PAUSE] * (1 + kills // 40)
    if abilities.proxies:
        kinds += [FaultKind.PARTITION, FaultKind.SLOW_LINK] * (1 + kills // 80)
    if abilities.small_disk:
        kinds += [FaultKind.DISK_FULL]
    if abilities.broker_networks:
        kinds += [FaultKind.BROKER_PARTITION] * (1 + kills // 60)
    chance.shuffle(kinds)
    return tuple(_infrastructure_fault(chance, kind, brokers) for kind in kinds)


def _slips(chance: random.Random) -> tuple[Fault, ...]:
    """Each once: a partition too many stays for good."""
    kinds = chance.sample(_SLIPS, len(_SLIPS))
    return tuple(Fault(kind, _SLIPPED[kind], chance.uniform(5, 15)) for kind in kinds)


_SLIPPED = {
    FaultKind.SURPLUS_PARTITION: "complaints.received.v1",
    FaultKind.DEPARTMENT_WITHOUT_TOPICS: "a department",
    FaultKind.STAMPED_IN_SECONDS: "logistics",
}


def _broker_kill_kinds(chance: random.Random, count: int, brokers: int) -> list[FaultKind]:
    if brokers == 1:
        return [FaultKind.BROKER_KILL] * count
    chased = [
        FaultKind.LEADER_KILL,
        FaultKind.COORDINATOR_KILL,
        FaultKind.CONTROLLER_KILL,
        FaultKind.MAJORITY_DOWN,
        FaultKind.BROKER_KILL,
    ]
    chance.shuffle(chased)
    return [chased[number % len(chased)] for number in range(count)]


_INFRASTRUCTURE_SECONDS = {
    FaultKind.BROKER_PAUSE: (2.0, 6.0),
    FaultKind.MAJORITY_DOWN: (8.0, 15.0),
    FaultKind.REDIS_PAUSE: (3.0, 8.0),
    FaultKind.PARTITION: (5.0, 12.0),
    FaultKind.BROKER_PARTITION: (6.0, 14.0),
    FaultKind.SLOW_LINK: (5.0, 15.0),
    FaultKind.DISK_FULL: (8.0, 12.0),
}

_LONGEST_PAUSE_OF_A_SINGLE_BROKER = 2.5
"""Seconds; after a longer one it can forget commit markers (docs/decisions/0009)."""


def _infrastructure_fault(chance: random.Random, kind: FaultKind, brokers: int) -> Fault:
    shortest, longest = _INFRASTRUCTURE_SECONDS.get(kind, (0.0, 0.0))
    duration = chance.uniform(shortest, longest)
    if kind is FaultKind.BROKER_PAUSE and brokers == 1:
        duration = min(duration, _LONGEST_PAUSE_OF_A_SINGLE_BROKER)
    pause = chance.uniform(3, 8)
    return Fault(kind, _infrastructure_target(chance, kind, brokers), pause, duration)


def _infrastructure_target(chance: random.Random, kind: FaultKind, brokers: int) -> str:
    match kind:
        case FaultKind.LEADER_KILL:
            return _chased_leader(chance)
        case FaultKind.COORDINATOR_KILL:
            return _chased_coordinator(chance)
        case FaultKind.CONTROLLER_KILL:
            return CONTROLLER
        case FaultKind.MAJORITY_DOWN:
            return ",".join(map(str, sorted(chance.sample(range(1, brokers + 1), 2))))
        case FaultKind.BROKER_PARTITION:
            return chance.choice((CONTROLLER, _chased_leader(chance), _chased_coordinator(chance)))
        case FaultKind.DISK_FULL:
            return "1"
        case FaultKind.REDIS_FLUSH | FaultKind.REDIS_PAUSE:
            return "valkey"
        case _:
            return str(chance.randint(1, brokers))


def _chased_leader(chance: random.Random) -> str:
    return f"complaints.received.v1/{chance.randrange(12)}"


def _chased_coordinator(chance: random.Random) -> str:
    return f"__transaction_state/{chance.randrange(4)}"


def _instance(chance: random.Random, service: str) -> str:
    return f"{service}-{chance.randrange(INSTANCES[service])}"


def _pause(chance: random.Random) -> float:
    return chance.uniform(0.5, 4.0)

"""How each kind of fault is done. Each function returns, with details, when it is over and what it hit is back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

from redis import Redis
from redis.exceptions import RedisError

from deploy.local.kafka_node import KafkaNode
from tests.torture.nemesis import clock_steps
from tests.torture.nemesis.cluster import SMALL_DISK_NODE, TortureBus
from tests.torture.nemesis.crash import visit
from tests.torture.nemesis.instances import INSTANCES
from tests.torture.nemesis.schedule import CONTROLLER, Fault, FaultKind, lane_of_point

Detail = dict[str, object]
DOWN_SECONDS = 4.0  # longer than a broker's session, so that leaderships move
SLOW_DELAY_SECONDS = 0.1
SLOW_BYTES_PER_SECOND = 32_000.0  # 256 kbit/s
STORM_ROUNDS = 5
STORM_REST_SECONDS = 0.8


def do(bus: TortureBus, fault: Fault, chance: random.Random) -> Detail:
    """Carry out ``fault``; returns after it ended."""
    if fault.kind is FaultKind.CRASH_POINT:
        service = lane_of_point(fault.target)
        return visit(bus, f"{service}-{chance.randrange(INSTANCES[service])}", fault.target)
    return _ACTIONS[fault.kind](bus, fault)


def _kill(bus: TortureBus, fault: Fault) -> Detail:
    bus.wait_alive(fault.target).kill()
    return _recovered(bus, fault.target)


def _pause(bus: TortureBus, fault: Fault) -> Detail:
    process = bus.wait_alive(fault.target)
    process.pause()
    time.sleep(fault.duration_seconds)
    process.resume()
    return _recovered(bus, fault.target)


def _rebalance_storm(bus: TortureBus, fault: Fault) -> Detail:
    for round_number in range(STORM_ROUNDS):
        process = bus.wait_alive(f"{fault.target}-{round_number % 2}")
        process.terminate(10)
        bus.wait_alive(process.name)
        time.sleep(STORM_REST_SECONDS)
    bus.wait_recovered(f"{fault.target}-0")
    return _recovered(bus, f"{fault.target}-1")


def _clock_step(bus: TortureBus, fault: Fault) -> Detail:
    return {"recovered_seconds": round(clock_steps.step(bus, fault.target, fault.duration_seconds), 2)}


def _recovered(bus: TortureBus, instance: str) -> Detail:
    return {"recovered_seconds": round(bus.wait_recovered(instance), 2)}


def _node(bus: TortureBus, target: str) -> KafkaNode:
    """The broker that ``target`` means now: the controller, the leader of a partition, or the one with that id."""
    if target == CONTROLLER:
        return bus.controller()
    topic, _, number = target.rpartition("/")
    return bus.kafka.leader(topic, int(number)) if topic else bus.kafka.node(int(number))


def _broker_kill(bus: TortureBus, fault: Fault) -> Detail:
    return _down_and_up(bus, [_node(bus, fault.target)], 0.5)


def _chased_kill(bus: TortureBus, fault: Fault) -> Detail:
    return _down_and_up(bus, [_node(bus, fault.target)], DOWN_SECONDS)


def _majority_down(bus: TortureBus, fault: Fault) -> Detail:
    nodes = [bus.kafka.node(int(node)) for node in fault.target.split(",")]
    return _down_and_up(bus, nodes, fault.duration_seconds)


def _down_and_up(bus: TortureBus, nodes: list[KafkaNode], down_seconds: float) -> Detail:
    for node in nodes:
        bus.kill_node(node)
    time.sleep(down_seconds)
    started = time.monotonic()
    for node in nodes:
        node.start()
    for node in nodes:
        node.wait_ready()
    return {"nodes": [node.node_id for node in nodes], "recovered_seconds": round(time.monotonic() - started, 2)}


def _broker_pause(bus: TortureBus, fault: Fault) -> Detail:
    node = bus.kafka.node(int(fault.target))
    node.pause()
    time.sleep(fault.duration_seconds)
    node.resume()
    return {}


def _redis_flush(bus: TortureBus, fault: Fault) -> Detail:
    try:
        with Redis.from_url(bus.valkey.url, socket_timeout=2) as client:
            client.flushall()
    except RedisError as failure:
        return {"refused": type(failure).__name__}
    return {}


def _redis_pause(bus: TortureBus, fault: Fault) -> Detail:
    bus.valkey.pause()
    time.sleep(fault.duration_seconds)
    bus.valkey.resume()
    return {}


def _partition(bus: TortureBus, fault: Fault) -> Detail:
    bus.proxies.cut(int(fault.target))
    time.sleep(fault.duration_seconds)
    bus.proxies.heal()
    return {}


def _broker_partition(bus: TortureBus, fault: Fault) -> Detail:
    """One broker loses the two others, not its clients; it is back when all three see each other again."""
    node = _node(bus, fault.target)
    bus.networks.cut(node.node_id)
    time.sleep(fault.duration_seconds)
    bus.networks.heal()
    started = time.monotonic()
    bus.kafka.wait_ready()
    return {"nodes": [node.node_id], "recovered_seconds": round(time.monotonic() - started, 2)}


def _slow_link(bus: TortureBus, fault: Fault) -> Detail:
    bus.proxies.slow(int(fault.target), SLOW_DELAY_SECONDS, SLOW_BYTES_PER_SECOND)
    time.sleep(fault.duration_seconds)
    bus.proxies.heal()
    return {}


def _disk_full(bus: TortureBus, fault: Fault) -> Detail:
    """A broker whose only log directory is full stops itself; it is started again when there is room."""
    if bus.small_disk is None:
        raise ValueError("no broker of this run has a small disk")
    node = bus.kafka.node(SMALL_DISK_NODE)
    filled = bus.small_disk.fill()
    time.sleep(fault.duration_seconds)
    stopped = not node.is_alive
    bus.small_disk.free()
    return {"bytes": filled, "broker_stopped": stopped} | _down_and_up(bus, [node], 0.0)


_ACTIONS: Mapping[FaultKind, Callable[[TortureBus, Fault], Detail]] = {
    FaultKind.KILL: _kill,
    FaultKind.PAUSE: _pause,
    FaultKind.CLOCK_STEP: _clock_step,
    FaultKind.REBALANCE_STORM: _rebalance_storm,
    FaultKind.BROKER_KILL: _broker_kill,
    FaultKind.LEADER_KILL: _chased_kill,
    FaultKind.COORDINATOR_KILL: _chased_kill,
    FaultKind.CONTROLLER_KILL: _chased_kill,
    FaultKind.MAJORITY_DOWN: _majority_down,
    FaultKind.BROKER_PAUSE: _broker_pause,
    FaultKind.REDIS_FLUSH: _redis_flush,
    FaultKind.REDIS_PAUSE: _redis_pause,
    FaultKind.PARTITION: _partition,
    FaultKind.BROKER_PARTITION: _broker_partition,
    FaultKind.SLOW_LINK: _slow_link,
    FaultKind.DISK_FULL: _disk_full,
}

"""Promises that every service keeps, read off the committed topics by small folds of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shared.events import topics
from shared.streaming.records import TopicPartition
from tests.simulation.world import PARTITIONS, World, partition_of

Place = tuple[str, int, int]
"""Topic, partition, offset."""


def check_offsets(world: World) -> None:
    """Nothing is left to read, and no transaction is left open."""
    assert not world.unfinished(), world.unfinished()


def check_unique_ids(world: World, names: Iterable[str]) -> None:
    """No ``ce_id`` occurs twice on these topics together."""
    seen = Counter(dict(record.headers)["ce_id"] for name in names for record in world.cluster.records(name))
    repeated = [identifier for identifier, count in seen.items() if count > 1]
    assert not repeated, f"ce_id repeated: {repeated}"


def dead_letters(world: World, topic: str) -> dict[Place, bytes | None]:
    """Values of dead letters by where they came from; AssertionError when one record has two."""
    found: dict[Place, bytes | None] = {}
    for record in world.cluster.records(topic):
        headers = dict(record.headers)
        place = (
            headers["dlq_topic"].decode(),
            int(headers["dlq_partition"]),
            int(headers["dlq_offset"]),
        )
        assert place not in found, f"two dead letters of {place}"
        found[place] = record.value
    return found


def fold_changelog(world: World, service: str) -> dict[bytes, bytes]:
    """The latest committed row of every key; AssertionError when one lies in the wrong partition."""
    rows: dict[bytes, bytes] = {}
    for record in world.cluster.records(topics.state_topic(service)):
        assert record.key is not None
        assert record.partition == partition_of(record.key), "a changelog row lies in a foreign partition"
        rows.pop(record.key, None)
        if record.value is not None:
            rows[record.key] = record.value
    return rows


def check_state(world: World, service: str, folded: dict[bytes, bytes]) -> None:
    """What the owners of the partitions keep is what the changelog says."""
    owned: Counter[int] = Counter()
    kept: dict[bytes, bytes] = {}
    for process in world.processes.values():
        if process.service != service:
            continue
        for number, store in process.loop._restorer.stores.items():
            owned[number] += 1
            keys = [key for key in folded if partition_of(key) == number]
            kept.update(store.get_many(keys))
            assert store.count() == len(kept.keys() & set(keys)), "the store knows keys the changelog does not"
    assert owned == dict.fromkeys(range(PARTITIONS), 1), f"partitions owned: {dict(owned)}"
    assert kept == folded, "local state differs from the changelog"


def committed(world: World, service: str) -> dict[TopicPartition, int]:
    """Committed offsets of a group."""
    return dict(world.cluster.group(service).committed)

"""What polls of a simulated process hand over: any order between partitions, never another one within."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.events.topics import LIFECYCLE, RECEIVED
from shared.streaming.broker import Offsets
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition
from tests.simulation.ports import SimulatedConsumer
from tests.simulation.serving import Serving

PLACES = st.tuples(st.sampled_from((RECEIVED, LIFECYCLE)), st.integers(0, 1))


def _polls(seed: int, places: Sequence[tuple[str, int]], max_records: int) -> list[list[ConsumerRecord]]:
    """What one member that reads two topics is handed, poll by poll, of one record at each of ``places``."""
    cluster = MemoryBroker({RECEIVED: 2, LIFECYCLE: 2})
    for topic, partition in places:
        with cluster.changed:
            cluster.append(ProducerRecord(topic, b"key", b"", [], partition), None)
    consumer = SimulatedConsumer(cluster, "group", "0", lambda effect: None, Serving(seed))

    def from_the_start(partitions: Sequence[TopicPartition]) -> Offsets:
        return dict.fromkeys(partitions, 0)

    consumer.subscribe([RECEIVED, LIFECYCLE], from_the_start, lambda partitions: None)
    polls: list[list[ConsumerRecord]] = []
    while sum(map(len, polls)) < len(places):
        polls.append(consumer.poll(max_records, 0))
    return polls


@given(seed=st.integers(0, 999), places=st.lists(PLACES, max_size=12), max_records=st.sampled_from((1, 3, 1000)))
def test_all_is_handed_over_once_and_in_order_within_each_partition(
    seed: int, places: list[tuple[str, int]], max_records: int
) -> None:
    polls = _polls(seed, places, max_records)
    assert all(len(poll) <= max_records for poll in polls)
    for place in set(places):
        offsets = [record.offset for poll in polls for record in poll if (record.topic, record.partition) == place]
        assert offsets == list(range(places.count(place)))


def test_partitions_come_in_any_order_mixed_and_not_always_together() -> None:
    two_each = [(RECEIVED, 0), (RECEIVED, 0), (LIFECYCLE, 0), (LIFECYCLE, 0)]
    seen = {
        tuple(tuple(record.topic for record in poll) for poll in _polls(seed, two_each, 1000)) for seed in range(60)
    }
    one, other = RECEIVED, LIFECYCLE
    for first, second in ((one, other), (other, one)):
        assert ((first, first, second, second),) in seen, "one after the other"
        assert ((first, second, first, second),) in seen, "mixed"
        assert ((first, first), (second, second)) in seen, "the second was left out of the first poll"

"""The parts of the simulation that stand for real ones behave like them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared.events.topics import RECEIVED
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.broker import Offsets
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import TopicPartition
from tests.simulation.disks import MemoryStore

KEYS = st.binary(min_size=1, max_size=2)
ROWS = st.builds(
    lambda value, due_ms, standing: Row(value, due_ms, *standing),
    st.one_of(st.none(), st.binary(max_size=3)),
    st.one_of(st.none(), st.integers(0, 9)),
    st.one_of(st.just((None, None)), st.tuples(st.sampled_from(["open", "late"]), st.integers(0, 9))),
)


@given(writes=st.lists(st.dictionaries(KEYS, ROWS, max_size=4), max_size=6), now=st.integers(0, 9))
def test_a_store_in_memory_answers_as_one_on_sqlite(
    tmp_path_factory: object, writes: list[dict[bytes, Row]], now: int
) -> None:
    path = Path(tmp_path_factory.mktemp("store")) / "0.sqlite"  # type: ignore[attr-defined]
    real, simulated = PartitionStore(path, "c"), MemoryStore({}, lambda effect: None, path, "c")
    keys: set[bytes] = set()
    for offset, rows in enumerate(writes, start=1):
        keys |= rows.keys()
        for store in (real, simulated):
            store.apply(rows, offset)
        assert real.changelog_offset == simulated.changelog_offset
        assert real.count() == simulated.count()
        assert real.next_due_ms() == simulated.next_due_ms()
        assert sorted(real.census()) == sorted(simulated.census())
        assert sorted(real.due(now, 10)) == sorted(simulated.due(now, 10))
        assert real.get_many(keys) == simulated.get_many(keys)
        assert [real.get(key) for key in sorted(keys)] == [simulated.get(key) for key in sorted(keys)]
    real.close()


def test_a_member_that_joins_again_is_told_first_that_its_partitions_were_lost() -> None:
    cluster = MemoryBroker({RECEIVED: 1})
    consumer = cluster.consumer("group", "0")
    told: list[str] = []

    def assigned(partitions: Sequence[TopicPartition]) -> Offsets:
        told.append("assigned")
        return dict.fromkeys(partitions, 0)

    consumer.subscribe([RECEIVED], assigned, lambda partitions: told.append("lost"))
    consumer.poll(1, 0)
    consumer.expire()
    consumer.poll(1, 0)
    assert told == ["assigned", "lost", "assigned"]

"""A batch is an overlay: it reads its own writes, and the stores know nothing of it before the commit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import to_epoch_ms
from shared.events import topics
from shared.events.lifecycle import ComplaintClosed, UrgeRegistered
from shared.events.registry import decode
from shared.processing import Emit, Step
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.batch import Batch
from shared.streaming.records import TopicPartition
from shared.streaming.rows import changelog_records, encode_row
from tests.component.engine.harness import Count, Counter

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MEMORY = Path("/dev/shm")  # noqa: S108 - hundreds of small files need not wait for a disk
PLACES = st.tuples(st.sampled_from([0, 1]), st.sampled_from([b"a", b"b", b"c"]))
STATES = st.none() | st.builds(
    Count, urges=st.integers(0, 5), close_at=st.none() | st.just(NOW) | st.just(NOW + timedelta(hours=1))
)
Place = tuple[int, bytes]
Model = dict[Place, Count | None]


@contextmanager
def open_stores(held: Model) -> Iterator[dict[int, PartitionStore]]:
    """Two partitions that hold ``held``."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
        stores = {number: PartitionStore(Path(directory) / f"{number}.sqlite", "c") for number in (0, 1)}
        for (number, key), state in held.items():
            stores[number].apply({key: encode_row(Counter(), state)}, 10)
        yield stores
        for store in stores.values():
            store.close()


def contents(stores: Mapping[int, PartitionStore]) -> object:
    """All there is in the stores."""
    return [
        (store.changelog_offset, store.count(), [store.get(key) for key in (b"a", b"b", b"c")], store.due(2**62, 9))
        for store in stores.values()
    ]


def a_batch(stores: Mapping[int, PartitionStore]) -> Batch[Count]:
    return Batch(Counter(), stores, NOW)


ACTIONS = st.one_of(
    st.tuples(st.just("take"), PLACES, STATES),
    st.tuples(st.just("prefetch"), PLACES, st.none()),
    st.tuples(st.just("read"), PLACES, st.none()),
)


@given(held=st.dictionaries(PLACES, STATES), actions=st.lists(ACTIONS, max_size=15))
def test_it_reads_its_own_writes_and_touches_no_store(
    held: Model, actions: list[tuple[str, Place, Count | None]]
) -> None:
    with open_stores(held) as stores:
        batch, model, changed = a_batch(stores), dict(held), set()
        before = contents(stores)
        for action, place, state in actions:
            if action == "take":
                if batch.states.state(*place) is not state:
                    changed.add(place)
                batch.take(*place, Step(state), None)
                model[place] = state
            elif action == "prefetch":
                batch.states.prefetch({place[0]: {place[1]}})
            assert batch.states.state(*place) == model.get(place)
        assert contents(stores) == before
        rows = batch.states.rows()
        assert {(number, key) for number, of_partition in rows.items() for key in of_partition} == changed
        for number, of_partition in rows.items():
            stores[number].apply(of_partition, 20)
        after_commit = a_batch(stores)
        assert {place: after_commit.states.state(*place) for place in model} == model


def test_a_step_that_changes_nothing_writes_no_row() -> None:
    held = {(0, b"a"): Count(urges=1)}
    with open_stores(dict(held)) as stores:
        batch = a_batch(stores)
        batch.take(0, b"a", Step(batch.states.state(0, b"a")), None)
        batch.take(0, b"b", Step(None), None)
        assert batch.states.rows() == {}


@given(STATES)
def test_a_row_is_the_state_and_its_timer(state: Count | None) -> None:
    row = encode_row(Counter(), state)
    if state is None:
        assert row == Row(None, None)
    else:
        assert row.value is not None
        assert Count.model_validate_json(row.value) == state
        assert row.due_ms == (None if state.close_at is None else to_epoch_ms(state.close_at))


def closed(sequence: int) -> ComplaintClosed:
    return ComplaintClosed(complaint_id="case", ticket_number="t", cycle=1, sequence=sequence, happened_at=NOW)


def test_events_leave_under_the_key_of_the_state_in_the_order_they_were_taken() -> None:
    urged = UrgeRegistered(complaint_id="case", ticket_number="t", cycle=1, sequence=1, happened_at=NOW, urge_count=1)
    with open_stores({}) as stores:
        batch = a_batch(stores)
        batch.take(0, b"case", Step(Count(urges=1), [Emit(topics.LIFECYCLE, urged, "first")]), "00-trace")
        batch.take(
            0, b"case", Step(Count(urges=1), [Emit(topics.LIFECYCLE, closed(2), "second", "00-own")]), "00-trace"
        )
        decoded = [decode(record.headers, record.value) for record in batch.outputs]
    assert [(record.topic, record.key, record.partition) for record in batch.outputs] == [
        (topics.LIFECYCLE, b"case", None)
    ] * 2
    assert [event for _, event in decoded] == [urged, closed(2)]
    assert [(envelope.id, envelope.traceparent) for envelope, _ in decoded] == [
        ("first", "00-trace"),
        ("second", "00-own"),
    ]
    assert {(envelope.source, envelope.subject, envelope.time) for envelope, _ in decoded} == {
        ("/complaint-bus/counter", "case", NOW)
    }


def test_a_batch_without_offsets_has_nothing_to_commit() -> None:
    with open_stores({}) as stores:
        batch = a_batch(stores)
        assert batch.is_empty()
        batch.offsets[TopicPartition("in", 0)] = 1
        assert not batch.is_empty()


def test_changelog_rows_go_to_the_partition_of_their_state_whatever_their_key_hashes_to() -> None:
    rows = {0: {b"a": Row(b"1", 5)}, 11: {b"a": Row(None, None), b"b": Row(b"2", None)}}
    records = list(changelog_records("counter", rows))
    assert [(record.topic, record.partition, record.key, record.value) for record in records] == [
        ("counter.state.v1", 0, b"a", b"1"),
        ("counter.state.v1", 11, b"a", None),
        ("counter.state.v1", 11, b"b", b"2"),
    ]

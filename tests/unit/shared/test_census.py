"""A census counts every row of all partitions once, where it stands, with the earliest instant of each group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.state.sqlite import PartitionStore
from shared.streaming.census import Group, take_census
from shared.streaming.rows import decode_row, encode_row
from tests.component.engine.harness import Count, Counter

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNTS = st.builds(
    Count,
    urges=st.integers(0, 2),
    close_at=st.none() | st.integers(0, 5).map(lambda hour: NOW + hour * timedelta(hours=1)),
)


@given(partitions=st.lists(st.lists(COUNTS, max_size=6), min_size=1, max_size=3))
def test_every_state_counts_once_over_all_partitions(
    tmp_path_factory: pytest.TempPathFactory, partitions: list[list[Count]]
) -> None:
    directory = tmp_path_factory.mktemp("stores")
    stores = [_store(directory / f"{number}.sqlite", states) for number, states in enumerate(partitions)]
    expected: dict[tuple[str, ...], Group] = {}
    for state in (state for states in partitions for state in states):
        if state.close_at is not None:
            labels = ("open", str(state.urges))
            count, earliest_at = expected.get(labels, Group(0, state.close_at))
            expected[labels] = Group(count + 1, min(earliest_at, state.close_at))
    assert take_census(stores) == expected
    for store in stores:
        store.close()


@given(state=COUNTS)
def test_a_row_of_the_changelog_is_the_row_that_was_written(state: Count) -> None:
    written = encode_row(Counter(), state)
    assert decode_row(Counter(), written.value) == written


def _store(path: Path, states: list[Count]) -> PartitionStore:
    store = PartitionStore(path, "cluster")
    store.apply({str(number).encode(): encode_row(Counter(), state) for number, state in enumerate(states)}, 1)
    return store

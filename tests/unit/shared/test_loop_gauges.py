"""What a loop says of itself: how far behind it is, for how long at most, and what is in its state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.events.topics import RECEIVED
from shared.observability.metrics import REGISTRY
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.census import Census
from shared.streaming.gauges import LoopGauges
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ConsumerRecord, ProducerRecord

START = 1_800_000_000.0


class Watched:
    """A consumer of one partition, its gauges, and a clock that a test moves."""

    def __init__(self, store: PartitionStore) -> None:
        self.stores = {0: store}
        self.now = START
        self.census: Census | None = None
        self.cluster = MemoryBroker({RECEIVED: 1})
        self.consumer = self.cluster.consumer("watched", "0")
        self.consumer.subscribe([RECEIVED], lambda partitions: dict.fromkeys(partitions, 0), lambda partitions: None)
        self.consumer.poll(1, 0)
        self.gauges = LoopGauges(
            "watched",
            self.consumer,
            self._remember,
            monotonic=lambda: self.now,
            wall_seconds=lambda: self.now,
        )

    def _remember(self, census: Census) -> None:
        self.census = census

    def write(self, count: int = 1) -> None:
        producer = self.cluster.producer()
        for _ in range(count):
            producer.send(ProducerRecord(RECEIVED, b"c", b"{}", []), lambda error: None)
        producer.flush(1)

    def pass_later(self, seconds: float, most: int = 1, written_at: float | None = None) -> None:
        """One pass of a loop that handles at most so many records, all of them ``written_at``."""
        self.now += seconds
        records = self.consumer.poll(most, 0) if most else []
        self.gauges.refresh([_stamped(record, written_at or self.now) for record in records], self.stores)

    def lag(self, unit: str) -> float | None:
        labels = {"service": "watched", "topic": RECEIVED, "partition": "0"}
        return REGISTRY.get_sample_value(f"complaintbus_consumer_lag_{unit}", labels)


def _stamped(record: ConsumerRecord, at: float) -> ConsumerRecord:
    return record._replace(timestamp_ms=int(at * 1000))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    store = PartitionStore(tmp_path / "0.sqlite", "cluster")
    watched = Watched(store)
    yield watched
    watched.gauges.forget()
    store.close()


def test_who_has_read_everything_is_not_behind_however_long_nothing_came(watched: Watched) -> None:
    watched.write()
    watched.pass_later(0)
    watched.pass_later(8 * 3600, most=0)
    assert (watched.lag("records"), watched.lag("seconds")) == (0, 0)


def test_the_first_record_after_a_quiet_night_has_not_waited_all_night(watched: Watched) -> None:
    watched.write()
    watched.pass_later(0)
    watched.pass_later(8 * 3600, most=0)
    watched.write()
    watched.pass_later(20, most=0)
    assert (watched.lag("records"), watched.lag("seconds")) == (1, 20)


def test_in_a_backlog_the_last_record_handled_tells_how_old_the_next_can_be(watched: Watched) -> None:
    watched.write(5)
    watched.pass_later(0, most=2, written_at=START - 600)
    assert (watched.lag("records"), watched.lag("seconds")) == (3, 600)
    watched.pass_later(60, most=0)
    assert watched.lag("seconds") == 660
    watched.pass_later(60, most=1, written_at=START + 100)
    assert (watched.lag("records"), watched.lag("seconds")) == (2, 20)


def test_nothing_is_said_of_a_backlog_nothing_is_known_of(watched: Watched) -> None:
    watched.write()
    watched.pass_later(0, most=0)
    assert (watched.lag("records"), watched.lag("seconds")) == (1, None)


def test_the_census_is_taken_of_what_is_in_the_stores_and_is_empty_once_they_are_lost(watched: Watched) -> None:
    watched.stores[0].apply({b"a": Row(b"1", None, "open late", int(START * 1000)), b"b": Row(b"1", None)}, 1)
    watched.pass_later(0, most=0)
    assert watched.census == {("open", "late"): (1, datetime.fromtimestamp(START, UTC))}
    watched.gauges.forget()
    assert watched.census == {}
    assert watched.lag("records") is None


def test_counting_many_rows_takes_a_hundredth_of_the_time_at_most(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are counted between two passes, while no record is handled."""
    counted_at = list[float]()

    def count() -> int:
        counted_at.append(watched.now)
        watched.now += 0.5  # three million of them
        return 3_000_000

    monkeypatch.setattr(watched.stores[0], "count", count)
    for _ in range(300):
        watched.pass_later(1, most=0)
    assert len(counted_at) == 6
    assert min(later - earlier for earlier, later in itertools.pairwise(counted_at)) >= 50

"""A pass is bounded by time; the number of records follows, and little is read in vain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.streaming.pace import Pace, starts_of
from shared.streaming.records import ConsumerRecord, TopicPartition

MOST, PASS_SECONDS = 1_000, 1.0


class Passes:
    """Passes over an endless backlog, in which every record takes so long."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pace = Pace(MOST, PASS_SECONDS, lambda: self.now)
        self.in_vain = 0

    def one(self, record_seconds: float) -> tuple[int, float]:
        """How many records it handled, and the seconds it took."""
        asked, begun, handled = self.pace.max_records, self.now, 0
        self.pace.begin()
        for _ in range(asked):
            self.now += record_seconds
            handled += 1
            if self.pace.is_over():
                break
        self.in_vain += asked - handled
        self.pace.end(handled, asked - handled)
        return handled, self.now - begun


@given(st.lists(st.floats(0, 20), min_size=1, max_size=200))
def test_no_pass_is_longer_than_its_time_and_one_record(costs: list[float]) -> None:
    passes = Passes()
    for record_seconds in costs:
        handled, seconds = passes.one(record_seconds)
        assert 1 <= handled <= MOST
        assert seconds <= PASS_SECONDS + record_seconds


@given(st.floats(0.000_01, 5))
def test_under_steady_load_little_is_read_twice_and_the_time_is_used(record_seconds: float) -> None:
    passes = Passes()
    handled = [passes.one(record_seconds)[0] for _ in range(200)]
    assert passes.in_vain <= MOST + sum(handled) // 2
    at_most = min(MOST, PASS_SECONDS / record_seconds)
    assert sum(handled[20:]) / len(handled[20:]) >= max(1, at_most / 4)


def test_after_a_spell_of_slow_records_it_takes_as_many_as_before() -> None:
    passes = Passes()
    for _ in range(10):
        passes.one(0.5)
    assert passes.pace.max_records <= 2
    for _ in range(20):
        passes.one(0.000_1)
    assert passes.pace.max_records == MOST


def test_what_is_left_begins_where_the_first_of_each_partition_stands() -> None:
    places = [(0, 7), (1, 3), (0, 8), (1, 5), (2, 0)]
    records = [ConsumerRecord("in", number, offset, None, None, [], 0) for number, offset in places]
    assert starts_of(records) == {TopicPartition("in", 0): 7, TopicPartition("in", 1): 3, TopicPartition("in", 2): 0}
    assert starts_of([]) == {}

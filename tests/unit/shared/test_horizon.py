"""The input horizon never claims more than was read: a model with real instants watches it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.streaming.horizon import InputHorizon
from shared.streaming.records import TopicPartition

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOPICS = ("received", "lifecycle")
PARTITIONS = (0, 1)
ALL = [TopicPartition(topic, number) for topic in TOPICS for number in PARTITIONS]
TPS = st.sampled_from(ALL)
NUMBERS = st.sampled_from(PARTITIONS)


class HorizonMachine(RuleBasedStateMachine):
    """Logs with the instant of every record, a reader, and the horizon used as the timers use it."""

    def __init__(self) -> None:
        super().__init__()
        self.horizon = InputHorizon()
        self.now = START
        self.logs: dict[TopicPartition, list[datetime]] = {tp: [] for tp in ALL}
        self.read: dict[TopicPartition, int] = dict.fromkeys(ALL, 0)
        self.asking: tuple[list[int], datetime] | None = None

    def tick(self) -> datetime:
        """Every step takes time: two things never happen at the same instant."""
        self.now += timedelta(milliseconds=1)
        return self.now

    @rule(tp=TPS, records=st.integers(1, 3))
    def somebody_writes(self, tp: TopicPartition, records: int) -> None:
        self.logs[tp].extend(self.tick() for _ in range(records))

    @rule(tp=TPS, records=st.integers(1, 3))
    def read_on(self, tp: TopicPartition, records: int) -> None:
        self.read[tp] = min(len(self.logs[tp]), self.read[tp] + records)

    @rule()
    def read_everything(self) -> None:
        self.read = {tp: len(log) for tp, log in self.logs.items()}

    @rule(numbers=st.sets(NUMBERS, min_size=1))
    def begin_to_ask_for_the_ends(self, numbers: set[int]) -> None:
        """The instant is noted before the broker is asked; records may come in between."""
        wanted = self.horizon.wants_snapshot(sorted(numbers))
        if wanted and self.asking is None:
            self.asking = (wanted, self.tick())

    @rule()
    def get_the_ends(self) -> None:
        if self.asking is not None:
            numbers, taken_at = self.asking
            self.asking = None
            self.tick()
            self.horizon.add_snapshot(numbers, taken_at, self.ends(numbers))

    @rule(numbers=st.sets(NUMBERS, min_size=1))
    def get_no_ends(self, numbers: set[int]) -> None:
        """Nothing is assigned at the moment, so there is nothing to ask for."""
        self.horizon.add_snapshot(self.horizon.wants_snapshot(sorted(numbers)), self.tick(), {})

    @rule()
    def advance(self) -> None:
        self.horizon.advance(self.read)

    @rule()
    def advance_without_positions(self) -> None:
        self.horizon.advance({})

    @rule(tp=TPS, records=st.integers(1, 5))
    def rewind(self, tp: TopicPartition, records: int) -> None:
        """After a doubt or an assignment: positions go back, and the loop says so."""
        self.read[tp] = max(0, self.read[tp] - records)
        self.asking = None
        self.horizon.reset()

    def ends(self, numbers: list[int]) -> Mapping[TopicPartition, int]:
        return {tp: len(log) for tp, log in self.logs.items() if tp.partition in numbers}

    @invariant()
    def nothing_unread_is_older_than_the_horizon(self) -> None:
        for number in PARTITIONS:
            complete_until = self.horizon.complete_until(number)
            if complete_until is None:
                continue
            unread = [instant for tp in ALL if tp.partition == number for instant in self.logs[tp][self.read[tp] :]]
            assert all(instant > complete_until for instant in unread)


HorizonMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestInputHorizon = HorizonMachine.TestCase


def test_a_reader_that_is_always_one_record_behind_still_gets_on() -> None:
    """Under steady traffic the end is never reached; the end of a moment ago is."""
    horizon, tp = InputHorizon(), TopicPartition("received", 0)
    for second in range(1, 10):
        taken_at = START + timedelta(seconds=second)
        horizon.add_snapshot(horizon.wants_snapshot([0]), taken_at, {tp: second * 10})
        horizon.advance({tp: second * 10 + 5})  # ten more were written meanwhile
        assert horizon.complete_until(0) == taken_at


def test_a_partition_waits_for_all_its_topics() -> None:
    horizon = InputHorizon()
    received, lifecycle = TopicPartition("received", 0), TopicPartition("lifecycle", 0)
    horizon.add_snapshot([0], START, {received: 5, lifecycle: 3, TopicPartition("received", 1): 99})
    horizon.advance({received: 5, lifecycle: 2})
    assert horizon.complete_until(0) is None
    horizon.advance({received: 5, lifecycle: 3})
    assert horizon.complete_until(0) == START


def test_no_second_snapshot_is_asked_for_while_one_is_waited_for() -> None:
    horizon, tp = InputHorizon(), TopicPartition("received", 0)
    horizon.add_snapshot([0], START, {tp: 5})
    assert horizon.wants_snapshot([0, 1]) == [1]
    horizon.advance({tp: 5})
    assert horizon.wants_snapshot([0, 1]) == [0, 1]


def test_of_a_partition_nobody_reads_nothing_is_complete() -> None:
    """After a restore that failed there are stores with due timers, and no positions: no end to be asked for."""
    horizon = InputHorizon()
    horizon.add_snapshot([0], START, {})
    horizon.add_snapshot([1], START, {TopicPartition("received", 0): 0})
    horizon.advance({})
    assert (horizon.complete_until(0), horizon.complete_until(1)) == (None, None)
    assert horizon.wants_snapshot([0, 1]) == [0, 1]

"""Failures in a row: how long the next try is put off, over any number of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TransactionDoubt
from shared.streaming.doubts import Doubts
from shared.streaming.records import TopicPartition

CAUSE = TransactionDoubt("the topic is on fire")
HERE, ON = {TopicPartition("received", 0): 7}, {TopicPartition("received", 0): 8}


class Watched:
    """Doubts, and a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.doubts = Doubts(lambda: self.now)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.doubts.trying()
            self.doubts.add(CAUSE)

    def wait(self) -> float:
        """The seconds until the next try, to a quarter of a second."""
        begun = self.now
        while self.doubts.is_waiting:
            self.now += 0.25
        return self.now - begun


@given(failures=st.integers(1, 5_000))
def test_the_wait_after_any_number_of_failures_is_short_first_and_never_more_than_five_seconds(failures: int) -> None:
    watched = Watched()
    watched.fail(failures)
    assert watched.wait() <= 5
    assert (watched.doubts.problem is None) == (failures <= 2)


def test_a_night_of_failures_ends_with_the_next_success() -> None:
    """One try each five seconds for twelve hours."""
    watched, waits = Watched(), list[float]()
    for _ in range(9_000):
        watched.fail()
        waits.append(watched.wait())
    assert waits[:2] == [0, 0]
    assert waits == sorted(waits)
    assert set(waits[10:]) == {5}
    watched.doubts.over()
    assert (watched.doubts.problem, watched.doubts.cause, watched.doubts.is_waiting) == (None, None, False)


@given(st.lists(st.sampled_from(["fail", "unavailable", "over", "here", "on", "later"]), max_size=60))
def test_in_any_order_nothing_is_told_before_the_third_failure_at_the_same_place(steps: list[str]) -> None:
    watched, in_a_row, place = Watched(), 0, None
    for step in steps:
        if step == "fail":
            watched.fail()
            in_a_row += 1
        elif step == "unavailable":
            watched.doubts.add(CAUSE)  # outside of a transaction
        elif step == "over":
            watched.doubts.over()
            in_a_row = 0
        elif step == "later":
            watched.now += 6
        else:
            committed = HERE if step == "here" else ON
            watched.doubts.rewound(committed)
            in_a_row, place = (in_a_row if committed == place else 0), committed
        assert (watched.doubts.problem is not None) == (in_a_row > 2)
        assert in_a_row > 2 or not watched.doubts.is_waiting

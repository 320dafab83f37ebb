"""Offsets are committed without gaps, and a takeover finds every event about what is not committed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.sending.bookmarks import Bookmarks
from services.notifier.sending.offset_window import OffsetWindow
from services.notifier.sending.throttle import Throttle
from shared.streaming.records import TopicPartition

ONE, TWO = TopicPartition("requests", 0), TopicPartition("requests", 1)


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False))
def test_only_a_finished_prefix_is_committable(offsets: set[int], random: object) -> None:
    window, unfinished = OffsetWindow(), sorted(offsets)
    for offset in unfinished:
        window.accept(offset)
    position = unfinished[-1] + 1
    order = list(unfinished)
    random.shuffle(order)  # type: ignore[attr-defined]
    for offset in order:
        assert window.committable(position) == min(unfinished)
        window.finish(offset)
        unfinished.remove(offset)
    assert window.committable(position) == position
    assert len(window) == 0


def test_finishing_twice_or_something_unknown_changes_nothing() -> None:
    window = OffsetWindow()
    window.accept(5)
    window.finish(4)
    assert window.committable(6) == 5
    window.finish(5)
    window.finish(5)
    assert window.committable(6) == 6


@given(st.data())
def test_every_event_about_an_uncommitted_request_is_at_or_after_the_bookmark(data: st.DataObject) -> None:
    """Requests are read in order; events about one are written some time after it is read."""
    events_end, position, committed = 0, 0, 0
    first_event: dict[int, int] = {}
    bookmarks = Bookmarks(0, 0, 0)
    for action in data.draw(st.lists(st.sampled_from(["read", "event", "mark", "commit"]), max_size=60)):
        if action == "read":
            position += 1
        elif action == "event" and position:
            first_event.setdefault(data.draw(st.integers(0, position - 1)), events_end)
            events_end += 1
        elif action == "mark":
            bookmarks.add(position, events_end)
        elif action == "commit":
            committed = data.draw(st.integers(committed, position))
        start = bookmarks.events_start(committed)
        assert all(at >= start for request, at in first_event.items() if request >= committed)


def test_bookmarks_move_on_with_what_is_committed() -> None:
    bookmarks = Bookmarks(10, 100, 10)
    bookmarks.add(20, 200)
    bookmarks.add(30, 300)
    assert [bookmarks.events_start(committed) for committed in (15, 20, 29, 35)] == [100, 200, 200, 300]


def test_no_bookmark_where_an_earlier_owner_may_have_worked() -> None:
    bookmarks = Bookmarks(10, 100, 25)
    assert not bookmarks.is_due(20)
    bookmarks.add(20, 200)
    assert bookmarks.events_start(20) == 100
    assert bookmarks.is_due(25)


def test_reading_stops_when_too_much_is_unfinished_and_goes_on_at_half() -> None:
    throttle = Throttle(max_pending=10, max_span=100)
    spans = {ONE: 0, TWO: 0}
    assert [throttle.paused(pending, spans) for pending in (9, 10, 6, 5, 9)] == [
        set(), {ONE, TWO}, {ONE, TWO}, set(), set(),
    ]  # fmt: skip
    assert [throttle.room(pending) for pending in (0, 9, 10, 500)] == [10, 1, 1, 1]


def test_a_partition_held_back_by_one_old_request_stops_alone() -> None:
    throttle = Throttle(max_pending=10, max_span=100)
    assert [throttle.paused(1, {ONE: span, TWO: 0}) for span in (99, 100, 51, 50)] == [set(), {ONE}, {ONE}, set()]

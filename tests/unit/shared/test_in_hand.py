"""What takes too long is noted while it lasts, known to the next process, and forgotten once it is done."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.streaming import in_hand
from shared.streaming.in_hand import TIMER, InHand, Place
from shared.streaming.records import TopicPartition

HERE, NEXT, ELSEWHERE = Place("in", 0, 7), Place("in", 0, 8), Place("in", 1, 7)
FIRED = Place(TIMER, 0, key="case")
LIMIT = 30.0


class Work:
    """What is in hand of one process, and the work it has done."""

    def __init__(self, file: Path) -> None:
        self.used = 0.0
        self.in_hand = InHand(file, LIMIT, lambda: self.used)

    def do(self, place: Place, seconds: float) -> None:
        self.in_hand.begin(place)
        self.used += seconds
        self.in_hand.end()

    def commit(self, offset: int, key: bytes = b"") -> None:
        self.in_hand.committed({TopicPartition("in", 0): offset}, {(0, key)})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new directory" / "takes-too-long.json"


def test_what_is_quick_is_never_noted(file: Path) -> None:
    work = Work(file)
    for _ in range(100):
        work.do(HERE, 29)
    assert not work.in_hand.was_slow(HERE)
    assert not file.exists()


def test_who_is_killed_in_it_leaves_a_note_and_only_of_that(file: Path) -> None:
    killed = Work(file)
    killed.do(NEXT, 1)
    killed.in_hand.begin(HERE)
    killed.used += 31
    killed.in_hand.look()  # the watching thread; then the process ends without another word
    successor = Work(file).in_hand
    assert [successor.was_slow(place) for place in (HERE, NEXT, ELSEWHERE)] == [True, False, False]


def test_what_was_slow_and_committed_all_the_same_is_forgotten(file: Path) -> None:
    work = Work(file)
    work.do(HERE, 31)
    work.do(ELSEWHERE, 31)
    work.commit(7)
    assert work.in_hand.was_slow(HERE), "committed up to it, and not it"
    work.commit(8)
    assert not work.in_hand.was_slow(HERE)
    assert not Work(file).in_hand.was_slow(HERE)
    assert Work(file).in_hand.was_slow(ELSEWHERE)


def test_a_slow_timer_is_known_by_its_key_until_it_has_fired_for_good(file: Path) -> None:
    work = Work(file)
    work.do(FIRED, 31)
    work.commit(99)
    assert Work(file).in_hand.was_slow(FIRED)
    work.commit(99, b"case")
    assert not Work(file).in_hand.was_slow(FIRED)


@pytest.mark.parametrize("spoilt", ["", "{", "[1]", '[["in"]]', '[["in", "x", 1, ""]]', "null", '{"a": 1}', '["0", 3]'])
def test_a_spoilt_file_says_nothing(file: Path, spoilt: str) -> None:
    file.parent.mkdir()
    file.write_text(spoilt)
    work = Work(file)
    assert not work.in_hand.was_slow(HERE)
    work.do(HERE, 31)
    assert Work(file).in_hand.was_slow(HERE)


def test_another_version_tries_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be the one that mends it; a timer that was set aside would else never fire again."""
    Work(file).do(FIRED, 31)
    assert Work(file).in_hand.was_slow(FIRED)
    monkeypatch.setattr(in_hand, "product_version", lambda: "the next")
    assert not Work(file).in_hand.was_slow(FIRED)


def test_where_nothing_can_be_written_this_process_knows_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    work = Work(tmp_path / "file" / "takes-too-long.json")
    work.do(HERE, 31)
    assert work.in_hand.was_slow(HERE)


steps = st.lists(
    st.tuples(st.sampled_from([HERE, NEXT, ELSEWHERE, FIRED]), st.sampled_from([1.0, 31.0]), st.integers(0, 10)),
    max_size=20,
)


@given(steps)
def test_no_two_encounters_of_the_same_uncommitted_place_are_both_slow(history: list[tuple[Place, float, int]]) -> None:
    """Whoever asks before it begins never works on a slow one twice."""
    work, slow = Work(Path(os.devnull) / "takes-too-long.json"), set[Place]()  # nothing can be kept there
    for place, seconds, committed in history:
        if not work.in_hand.was_slow(place):
            assert place not in slow
            work.do(place, seconds)
            if seconds > LIMIT:
                slow.add(place)
        work.commit(committed)
        slow = {each for each in slow if each == FIRED or each.partition != 0 or each.offset >= committed}


def test_waiting_is_not_working_and_the_thread_that_watches_sees_what_hangs(file: Path) -> None:
    """A process that was stopped for a while is slow with whatever it has in hand; that record did nothing."""
    watched, stopping, go_on = InHand(file, 0.2), threading.Event(), threading.Event()

    def work() -> None:
        watched.begin(HERE)
        time.sleep(0.5)  # stands for any time that is no work
        watched.end()
        watched.begin(NEXT)
        while not go_on.is_set():
            pass

    threads = [threading.Thread(target=work), threading.Thread(target=watched.watch, args=(stopping,))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while not watched.was_slow(NEXT) and time.monotonic() < deadline:
        time.sleep(0.02)
    found = watched.was_slow(NEXT), watched.was_slow(HERE)
    stopping.set()
    threads[1].join()
    go_on.set()
    threads[0].join()
    assert found == (True, False)

"""Most brokers lost: told from the library's statistics, once, and not for a moment's blink."""

from __future__ import annotations

import json
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.streaming.kafka.majority_watch import MajorityWatch

BOOTSTRAP = {"nodeid": -1, "state": "DOWN"}


def statistics(*states: str) -> str:
    members = [{"nodeid": number, "state": state} for number, state in enumerate(states, start=1)]
    return json.dumps({"brokers": {str(number): broker for number, broker in enumerate([BOOTSTRAP, *members])}})


def told_of(*documents: str) -> list[bool]:
    """What is told after these statistics."""
    watch, told = MajorityWatch(), list[bool]()
    watch.notice = told.append
    for document in documents:
        watch.read(document)
    return told


@pytest.mark.parametrize(
    ("states", "is_lost"),
    [
        ((), False),  # nothing is known yet
        (("UP",), False),
        (("DOWN",), True),
        (("UP", "UP", "TRY_CONNECT"), False),
        (("UP", "CONNECT", "TRY_CONNECT"), True),
        (("UP", "INIT", "APIVERSION_QUERY"), False),
        (("UP", "UP", "DOWN", "DOWN"), False),
        (("UP", "UP", "DOWN", "DOWN", "AUTH_REQ"), True),
    ],
)
def test_a_majority_is_more_than_half_of_the_brokers_that_are_known(states: tuple[str, ...], is_lost: bool) -> None:
    assert told_of(*[statistics(*states)] * 3) == ([True] if is_lost else [])


def test_it_is_told_when_it_changes_and_only_if_it_lasts() -> None:
    up, down = statistics("UP", "UP", "UP"), statistics("UP", "DOWN", "CONNECT")
    assert told_of(up, down, up, down) == []
    assert told_of(up, down, down, down) == [True]
    assert told_of(up, down, down, up, up) == [True, False]


def test_a_broker_that_is_not_named_any_more_is_missed_all_the_same() -> None:
    assert told_of(statistics("UP", "UP", "UP"), statistics("UP", "UP"), statistics("UP"), statistics("UP")) == [True]


A_MINUTE = 4 * 60
"""Readings of a minute."""


def cluster_of(named: int, connected: int) -> str:
    return statistics(*["UP"] * connected, *["DOWN"] * (named - connected))


def test_a_cluster_made_smaller_for_good_is_no_lost_majority_for_ever() -> None:
    """From seven brokers to three: for a minute nobody can tell that from four deaths."""
    after_a_moment = told_of(cluster_of(7, 7), *[cluster_of(3, 3)] * 3)
    assert after_a_moment == [True]
    assert told_of(cluster_of(7, 7), *[cluster_of(3, 3)] * (A_MINUTE + 1)) == [True, False]
    assert told_of(cluster_of(7, 7), *[cluster_of(3, 3)] * (A_MINUTE + 1), *[cluster_of(3, 1)] * 2)[-1] is True


def test_a_minute_with_one_broker_unreachable_proves_nothing() -> None:
    assert told_of(cluster_of(7, 7), *[cluster_of(3, 2)] * (2 * A_MINUTE)) == [True]


spells = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, A_MINUTE + 5)).map(
    lambda drawn: (max(drawn[:2]), min(drawn[:2]), drawn[2])
)
"""So many brokers named, so many of them connected, for so many readings."""


@given(st.lists(spells, max_size=8), st.integers(1, 9))
def test_whatever_came_and_went_the_truth_is_told_in_the_end(history: list[tuple[int, int, int]], size: int) -> None:
    past = [cluster_of(named, connected) for named, connected, readings in history for _ in range(readings)]
    whole = told_of(*past, *[cluster_of(size, size)] * (A_MINUTE + 1))
    assert not whole or whole[-1] is False, "all that are named are connected, and have been for a minute"
    lost = told_of(*past, *[cluster_of(size, (size - 1) // 2)] * 2)
    assert lost[-1:] == [True], "most of those that are named are not connected"
    for told in (whole, lost):
        assert all(len(list(same)) == 1 for _, same in groupby(told)), "nothing is told twice"

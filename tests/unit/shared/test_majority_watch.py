"""Most brokers lost: told from the library's statistics, once, and not for a moment's blink."""

from __future__ import annotations

import json

import pytest

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

"""Most brokers lost: told from the library's statistics, once, and not for a moment's blink."""

from __future__ import annotations

import json

import pytest

from shared.streaming.kafka.majority_watch import MajorityWatch, lost_majority

BOOTSTRAP = {"nodeid": -1, "state": "DOWN"}


def statistics(*states: str) -> str:
    members = [{"nodeid": number, "state": state} for number, state in enumerate(states, start=1)]
    return json.dumps({"brokers": {str(number): broker for number, broker in enumerate([BOOTSTRAP, *members])}})


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
    assert lost_majority(statistics(*states)) is is_lost


def test_it_is_told_when_it_changes_and_only_if_it_lasts() -> None:
    watch, told = MajorityWatch(), list[bool]()
    watch.notice = told.append
    up, down = statistics("UP", "UP", "UP"), statistics("UP", "DOWN", "CONNECT")
    for document in (up, down, up, down):
        watch.read(document)
    assert told == []
    watch.read(down)
    watch.read(down)
    assert told == [True]
    watch.read(up)
    watch.read(up)
    assert told == [True, False]

"""What becomes of a fenced member: it joins anew exactly where no living twin can hold its place."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BrokerUnavailable, MemberFenced
from shared.streaming.kafka import consumer as kafka_consumer
from shared.streaming.kafka.consumer import Fenced, KafkaConsumer
from shared.streaming.kafka.fencing import SESSIONS_TO_ASK, SESSIONS_TO_WAIT, Verdict, judge

IDS = st.sampled_from(["a", "b", "c", "d"])
SECONDS = st.floats(0, 1_000)


@given(own=st.sets(IDS), waited=SECONDS, session=st.floats(1, 60))
def test_a_place_nobody_holds_or_that_is_held_under_an_id_of_its_own_is_taken_at_once(
    own: set[str], waited: float, session: float
) -> None:
    assert judge(None, own, waited, session) is Verdict.JOIN
    for holder in own:
        assert judge(holder, own, waited, session) is Verdict.JOIN


@given(own=st.sets(IDS), holder=IDS, waited=SECONDS, session=st.floats(1, 60))
def test_a_stranger_in_the_place_is_never_put_out_and_after_two_sessions_it_lives(
    own: set[str], holder: str, waited: float, session: float
) -> None:
    verdict = judge(holder, own - {holder}, waited, session)
    assert verdict is (Verdict.WAIT if waited < SESSIONS_TO_WAIT * session else Verdict.TAKEN)


def test_who_holds_the_place_is_asked_by_a_new_client_each_time_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that had asked a coordinator before it moved was seen to get no answer any more."""
    asked: list[object] = []

    def no_answer(admin: object, *_: object) -> str:
        asked.append(admin)
        raise BrokerUnavailable("timed out")

    monkeypatch.setattr(kafka_consumer, "place_holder", no_answer)
    monkeypatch.setattr(kafka_consumer, "_ASK_AGAIN_SECONDS", 0.0)
    old = object()
    the_old: Any = lambda: old  # noqa: E731
    another: Any = object
    config = {"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "group.instance.id": "g-0", "log_level": 0}
    member = KafkaConsumer(config | {"session.timeout.ms": 6000}, the_old, another)
    try:
        member._fenced = Fenced(time.monotonic())
        member.poll(1, 0.0)
        member.poll(1, 0.0)
        assert len(asked) == len(set(map(id, asked))) == 2
        assert old not in asked
        member._fenced = Fenced(time.monotonic() - 6 * SESSIONS_TO_ASK - 1)
        with pytest.raises(MemberFenced, match="a new process finds out"):
            member.poll(1, 0.0)
    finally:
        member.close()

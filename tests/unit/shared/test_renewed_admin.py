"""A silent admin client is replaced, ever more rarely; an answer makes the patience short again."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from shared.streaming.kafka.renewed_admin import FIRST_AFTER_SILENCES, SELDOM_AFTER_SILENCES, RenewedAdmin


class Client:
    """Stands for a client of librdkafka; only its identity matters here."""


class Opened(list["weakref.ref[Client]"]):
    def __call__(self) -> Any:
        client = Client()
        self.append(weakref.ref(client))
        return client


def test_a_client_that_stays_silent_is_replaced_and_given_up() -> None:
    opened = Opened()
    admin = RenewedAdmin(opened)
    first = cast("Any", admin.client)()
    for _ in range(FIRST_AFTER_SILENCES - 1):
        admin.silent()
    assert admin.client() is first
    admin.silent()
    assert admin.client() is not first
    assert cast("Any", opened[0]()) is first, "whoever still asks it keeps it"
    del first
    for thread in threading.enumerate():
        if thread.name == "admin-discard":
            thread.join(timeout=5)
    gc.collect()
    assert opened[0]() is None


def test_the_longer_the_silence_the_rarer_a_new_one() -> None:
    opened = Opened()
    admin = RenewedAdmin(opened)
    replaced_after = []
    for silence in range(1, 100):
        before = len(opened)
        admin.silent()
        if len(opened) > before:
            replaced_after.append(silence)
    assert replaced_after == [3, 9, 21, 45, 69, 93]


@given(st.lists(st.booleans(), max_size=200))
def test_no_client_is_replaced_while_any_answers(answers: list[bool]) -> None:
    """Replaced only after as many silences in a row as the patience asks, which an answer makes short again."""
    opened, in_a_row = Opened(), 0
    admin = RenewedAdmin(opened)
    for answer in answers:
        before = len(opened)
        (admin.answered if answer else admin.silent)()
        in_a_row = 0 if answer else in_a_row + 1
        if len(opened) > before:
            assert in_a_row >= FIRST_AFTER_SILENCES
        assert in_a_row < FIRST_AFTER_SILENCES or len(opened) > 1
    assert len(opened) - 1 <= len(answers) / FIRST_AFTER_SILENCES
    assert SELDOM_AFTER_SILENCES > FIRST_AFTER_SILENCES

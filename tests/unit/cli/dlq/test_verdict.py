"""A dead letter goes back once, only to whom it was meant for, and never writes to a person twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.bus.dead_letter_record import DeadLetter
from services.cli.bus.dead_letters import one_per_record
from services.cli.dlq.verdict import (
    OF_A_CHANNEL,
    OF_AN_OBSERVER,
    REPLAYED_BEFORE,
    SAME_RECORD,
    SETTLED,
    OnTheBus,
    judge,
    warnings_of,
)
from tests.unit.cli.letters import letter

RECEIVED, LIFECYCLE = "complaints.received.v1", "complaints.lifecycle.v1"
REQUESTS, UPDATES = "notifications.requests.v1", "departments.quality.updates.v1"
EVERYWHERE = dict.fromkeys((RECEIVED, LIFECYCLE, REQUESTS, UPDATES, "sla.events.v1", "departments.quality.v1"), 12)


def why_not(
    *letters: DeadLetter, again: bool = False, all_readers: bool = False, **on_the_bus: Any
) -> list[str | None]:
    bus = OnTheBus(**{"partitions": EVERYWHERE} | on_the_bus)
    return [verdict.why_not for verdict in judge(letters, bus, again=again, all_readers=all_readers)]


@pytest.mark.parametrize("origin", [RECEIVED, REQUESTS, UPDATES])
def test_what_is_meant_for_one_goes_back(origin: str) -> None:
    assert why_not(letter(origin)) == [None]


@pytest.mark.parametrize(
    ("origin", "readers"),
    [
        (LIFECYCLE, "sla, notifier, auditor"),
        ("sla.events.v1", "notifier, auditor"),
        ("departments.quality.v1", "quality, auditor"),
    ],
)
def test_what_several_read_goes_back_only_when_that_is_asked_for(origin: str, readers: str) -> None:
    refused = letter(origin, of="sla.dead-letters.v1")
    (reason,) = why_not(refused)
    assert reason is not None
    assert f"is read by {readers}" in reason
    assert "--all-readers" in reason
    assert why_not(refused, all_readers=True) == [None]


@pytest.mark.parametrize("origin", [LIFECYCLE, REQUESTS, "departments.quality.v1"])
def test_what_an_observer_could_not_read_never_goes_back(origin: str) -> None:
    observed = letter(origin, of="auditor.dead-letters.v1")
    assert why_not(observed, again=True, all_readers=True) == [OF_AN_OBSERVER]


def test_what_a_channel_could_not_read_was_on_no_topic() -> None:
    unread = letter("mail", of="intake.dead-letters.v1", key=None, headers=())
    assert why_not(unread, again=True, all_readers=True) == [OF_A_CHANNEL]


def test_what_was_sent_back_is_left_out_unless_asked_for_again() -> None:
    old, new = letter(), letter()
    replayed = frozenset({str(old.reference)})
    assert why_not(old, new, replayed=replayed) == [REPLAYED_BEFORE, None]
    assert why_not(old, new, replayed=replayed, again=True) == [None, None]


def test_two_dead_letters_of_one_record_are_one() -> None:
    """A sender that died before it committed writes a second one."""
    first, second = letter(REQUESTS, at=(7, 99)), letter(REQUESTS, at=(7, 99))
    assert why_not(first, second) == [None, SAME_RECORD]
    assert why_not(first, second, replayed=frozenset({str(second.reference)})) == [REPLAYED_BEFORE, REPLAYED_BEFORE]
    assert why_not(first, second, replayed=frozenset({str(second.reference)}), again=True) == [None, SAME_RECORD]


def test_nobody_is_written_to_twice() -> None:
    settled = frozenset({"n-1"})
    known, unknown = letter(REQUESTS, headers=[("ce_id", b"n-1")]), letter(REQUESTS, headers=[("ce_id", b"n-2")])
    assert why_not(known, unknown, settled=settled) == [SETTLED, None]
    assert why_not(known, settled=settled, again=True) == [SETTLED]
    assert why_not(letter(RECEIVED, headers=[("ce_id", b"n-1")]), settled=settled) == [None]


def test_one_that_cannot_be_written_keeps_none_of_the_others_back() -> None:
    null: Any = [("ce_id", b"e"), ("note", None)]
    reasons = why_not(letter(headers=null), letter("gone.v1"), letter(at=(12, 0)), letter(), all_readers=True)
    assert reasons[3] is None
    assert [part in str(reason) for part, reason in zip(("(note)", "gone.v1[7]", "[12]"), reasons, strict=False)] == [
        True, True, True,
    ]  # fmt: skip


def test_only_what_has_happened_already_is_no_failure() -> None:
    old, sent, auditors = letter(), letter(REQUESTS), letter(of="auditor.dead-letters.v1")
    bus = OnTheBus(frozenset({str(old.reference)}), frozenset({"e-1"}), EVERYWHERE)
    verdicts = judge([old, sent, auditors, letter(LIFECYCLE)], bus, again=False, all_readers=False)
    assert [verdict.is_done for verdict in verdicts] == [True, True, False, False]


def test_what_the_options_may_do_is_said() -> None:
    old, everybodys = letter(), letter(LIFECYCLE)
    bus = OnTheBus(frozenset({str(old.reference)}), partitions=EVERYWHERE)
    verdicts = judge([old, everybodys], bus, again=True, all_readers=True)
    for_all, twice = warnings_of(verdicts, bus)
    assert f"{LIFECYCLE} is read by sla, notifier" in for_all
    assert "--again: 1 of these" in twice
    assert warnings_of(judge([letter()], bus, again=True, all_readers=True), bus) == []


def refused_again(before: DeadLetter) -> DeadLetter:
    """The letter of ``before`` after it was sent back: another place on its topic, and the note where from."""
    return letter(before.origin_topic, headers=before.replay().headers)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=4), st.randoms(use_true_random=False))
def test_however_often_a_record_was_sent_back_and_refused_it_counts_once(
    records: list[tuple[int, bool]], mix: Any
) -> None:
    """Each is sent back so many times; of some a service that died in between wrote two letters."""
    letters, last = [], set()
    for times, has_twin in records:
        chain = [letter(RECEIVED)]
        for _ in range(times):
            chain.append(refused_again(chain[-1]))
        twin = [letter(RECEIVED, at=(7, chain[0].origin_offset))] if has_twin else []
        letters += [*chain, *twin]
        last.add(chain[-1].origin_offset)
    mix.shuffle(letters)
    assert {each.origin_offset for each in one_per_record(letters)} == last
    assert len(one_per_record(letters)) == len(records)

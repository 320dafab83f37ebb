"""Any order of the topics balances; a record that is missing is missed by its kind, one that is there twice is seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.auditor.domain.ledger import ENTRIES, entries_of
from shared.events import topics
from shared.events.audit import HoleKind
from shared.events.lifecycle import ComplaintRejected, ConsumerMessageRefused
from shared.events.notifications import NotificationSkipped
from tests.unit.auditor.journey import Audit, Written, example, interleaved, journey, submission

journeys = st.builds(
    journey,
    offices=st.integers(1, 4),
    duplicates=st.integers(0, 3),
    reopened=st.booleans(),
    outcome=st.sampled_from(["sent", "failed", "skipped"]),
)
turns = st.lists(st.integers(0, 11), max_size=60)
dead_letter = topics.dead_letter_topic


def refused(reason: bytes) -> Written:
    """The submission as the router put it aside."""
    return submission(("dlq_reason", reason))._replace(topic=dead_letter("router"))


@settings(max_examples=150)
@given(written=journeys, order=turns)
def test_a_whole_journey_balances_in_any_order_of_the_topics(written: list[Written], order: list[int]) -> None:
    audit = Audit().see(interleaved(written, order)).wait(hours=2)
    assert (audit.found, audit.row and audit.row.holes) == ([], {})


@settings(max_examples=300)
@given(written=journeys, order=turns, data=st.data())
def test_a_record_that_is_not_there_is_missed_by_its_kind(
    written: list[Written], order: list[int], data: st.DataObject
) -> None:
    lost = data.draw(st.sampled_from([each for each in written if each.missed]))
    position = next(index for index, each in enumerate(written) if each is lost)
    audit = Audit().see(interleaved(written[:position] + written[position + 1 :], order)).wait(hours=2)
    assert audit.holes == lost.missed


@settings(max_examples=150)
@given(written=journeys, order=turns)
def test_the_order_of_the_topics_changes_nothing_in_the_ledger(written: list[Written], order: list[int]) -> None:
    straight, mixed = Audit().see(written).row, Audit().see(interleaved(written, order)).row
    assert straight is not None
    assert mixed is not None
    assert entries_of(straight) == entries_of(mixed)
    assert straight.received_at == mixed.received_at


@settings(max_examples=150)
@given(written=journeys, order=turns, data=st.data())
def test_an_entry_or_task_that_is_there_twice_is_seen_at_once(
    written: list[Written], order: list[int], data: st.DataObject
) -> None:
    unique = [each for each in written if each.topic == topics.LIFECYCLE or each.topic.startswith("departments.")]
    again = data.draw(st.sampled_from(unique))
    audit = Audit().see([*interleaved(written, order), again])
    assert audit.holes == {HoleKind.REPEATED}


@given(written=journeys, order=turns, data=st.data())
@settings(max_examples=150)
def test_no_column_of_the_ledger_ever_falls(written: list[Written], order: list[int], data: st.DataObject) -> None:
    audit, before = Audit(), dict.fromkeys(ENTRIES, 0)
    for each in interleaved(written, order):
        audit.see([each])
        after = dict.fromkeys(ENTRIES, 0) if audit.row is None else entries_of(audit.row)
        assert all(after[entry] >= before[entry] for entry in ENTRIES)
        before = after


@pytest.mark.parametrize(
    ("extra", "column"),
    [
        ([submission(), refused(b"key_reused")], "refused"),
        ([submission(), refused(b"unhandled")], "dead_lettered"),
        ([Written(topics.RECEIVED, None), Written(dead_letter("router"), None)], "dead_lettered"),
    ],
    ids=["refused", "not handled", "unreadable"],
)
def test_a_submission_in_the_dead_letters_is_accounted_for(extra: list[Written], column: str) -> None:
    audit = Audit().see([*journey(), *extra]).wait(hours=2)
    assert audit.holes == set()
    assert audit.row is not None
    assert entries_of(audit.row)[column] == 1
    assert Audit().see([*journey(), extra[0]]).wait(hours=2).holes == {HoleKind.UNACCOUNTED}


def test_a_letter_that_was_put_aside_is_a_reason_not_a_hole() -> None:
    without = [each for each in journey() if each.topic != topics.NOTIFICATION_EVENTS]
    assert Audit().see(without).wait(hours=2).holes != set()
    assert Audit().see([*without, Written(dead_letter("notifier"), None)]).wait(hours=2).holes == set()


@pytest.mark.parametrize("reopened", [False, True])
def test_a_dispatched_case_without_a_clock_is_a_hole_whatever_the_clocks_say(reopened: bool) -> None:
    """A dead letter of the SLA service explains it and mends nothing: nobody would be late with this case, ever."""
    last = 2 if reopened else 1
    written = journey(reopened=reopened)
    without = [each for each in written if each.topic != topics.SLA_EVENTS or each.event.cycle != last]  # type: ignore[union-attr]
    assert len(without) < len(written)
    put_aside = Written(dead_letter("sla"), None)
    assert Audit().see([*without, put_aside]).wait(hours=2).holes == {HoleKind.UNCLOCKED}
    assert Audit().see([*written, put_aside]).wait(hours=2).holes == set()


def test_a_rejected_complaint_need_not_be_dispatched_but_told() -> None:
    registered = [each for each in journey() if each.topic in (topics.RECEIVED, topics.LIFECYCLE)][:2]
    rejected = Written(topics.LIFECYCLE, example(ComplaintRejected, sequence=2, cycle=1))
    assert Audit().see([*registered, rejected]).wait(hours=2).holes == {HoleKind.UNNOTIFIED}


def test_a_message_that_was_not_taken_must_be_told_or_have_a_reason() -> None:
    written = journey()
    length = sum(each.topic == topics.LIFECYCLE for each in written)
    refusal = Written(topics.LIFECYCLE, example(ConsumerMessageRefused, sequence=length + 1, cycle=1))
    outcome = Written(topics.NOTIFICATION_EVENTS, example(NotificationSkipped, cycle=1, template="message_refused"))
    assert Audit().see([*written, refusal]).wait(hours=2).holes == {HoleKind.UNNOTIFIED}
    assert Audit().see([*written, refusal, outcome]).wait(hours=2).holes == set()
    put_aside = refusal._replace(topic=dead_letter("notifier"))
    assert Audit().see([*written, refusal, put_aside]).wait(hours=2).holes == set()


def test_a_task_of_a_case_there_is_nothing_else_of_is_a_phantom() -> None:
    task = next(each for each in journey() if each.topic.startswith("departments."))
    assert Audit().see([task]).wait(hours=2).holes == {HoleKind.PHANTOM}


REPLAYED = ("replayed-from", b"sla.dead-letters.v1/3/17")


@pytest.mark.parametrize("topic", [topics.LIFECYCLE, topics.department_topic("after-sales")])
def test_what_an_operator_sent_back_for_one_reader_is_no_repeat(topic: str) -> None:
    """The record stands there already, booked: a copy for a reader that could not handle it says nothing new."""
    written = journey()
    copies = [each._replace(headers=(REPLAYED,)) for each in written if each.topic == topic]
    audit = Audit().see(written)
    before = audit.row
    audit.see(copies).wait(minutes=10)
    assert copies
    assert audit.found == []
    assert before is not None
    assert audit.row is not None
    assert (audit.row.repeats, audit.row.log_length, audit.row.queued) == (0, before.log_length, before.queued)


def test_a_submission_sent_back_counts_as_one_more_and_so_does_its_end() -> None:
    audit = Audit().see([submission(), refused(b"schema"), submission(REPLAYED), *journey()[1:]]).wait(minutes=10)
    assert audit.found == []
    assert audit.row is not None
    assert (audit.row.received, audit.row.dead_lettered, audit.row.registered) == (2, 1, 1)

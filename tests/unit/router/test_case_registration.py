"""A complaint arrives: registered, assessed and dispatched once, however often it is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import InvalidEvent
from shared.events.departments import AssignmentDispatched
from shared.events.lifecycle import ComplaintRegistered, DuplicateDropped
from shared.events.received import ComplaintUrged
from shared.events.topics import LIFECYCLE, RECEIVED
from tests.unit.router.case_builders import COMPLAINT_ID, RECEIVED_AT, Router, a_complaint, short


def test_a_new_complaint_is_registered_assessed_and_dispatched_in_that_order() -> None:
    router = Router(co_handlers=("legal", "quality"))
    router.submit()
    assert [short(entry) for entry in router.log] == ["registered", "assessed", "dispatched"]
    assert [entry.sequence for entry in router.log] == [1, 2, 3]
    assert router.holders() == {"after-sales": "lead", "legal": "co_handler", "quality": "co_handler"}


def test_each_department_gets_the_whole_matter_on_its_own_topic() -> None:
    router = Router(co_handlers=("legal",))
    router.submit()
    assert [topic for topic, _ in router.told] == ["departments.after-sales.v1", "departments.legal.v1"]
    for _, event in router.told:
        assert isinstance(event, AssignmentDispatched)
        assert event.complaint == a_complaint()
        assert event.decision.lead == "after-sales"


def test_a_department_named_twice_by_a_decision_gets_one_task() -> None:
    router = Router(lead="legal", co_handlers=("legal", "quality", "quality"))
    router.submit()
    assert router.dispatched_to() == ["legal", "quality"]


def test_registration_happens_now_but_never_before_the_receipt() -> None:
    router = Router(now=RECEIVED_AT + timedelta(hours=3))
    router.submit()
    assert {entry.happened_at for entry in router.log} == {RECEIVED_AT + timedelta(hours=3)}
    early = Router(now=RECEIVED_AT - timedelta(seconds=30))
    early.submit()
    assert {entry.happened_at for entry in early.log} == {RECEIVED_AT}


def test_ids_depend_on_the_input_alone_and_are_all_different() -> None:
    first, second = Router(co_handlers=("legal",)), Router(co_handlers=("legal",), now=RECEIVED_AT + timedelta(days=1))
    first.submit()
    second.submit()
    assert [emit.event_id for emit in first.emits] == [emit.event_id for emit in second.emits]
    assert len({emit.event_id for emit in first.emits}) == len(first.emits) == 5


def test_the_trace_goes_on() -> None:
    router = Router()
    router.submit()
    assert all(emit.traceparent and emit.traceparent.startswith("00-0af7651916cd") for emit in router.emits)


def test_the_same_submission_again_is_dropped_and_counted() -> None:
    router = Router()
    router.submit()
    tasks = len(router.told)
    for number in (4, 5):
        step = router.submit(record_id=f"again-{number}")
        (emit,) = step.emits
        assert isinstance(emit.event, DuplicateDropped)
        assert (emit.topic, emit.event.sequence) == (LIFECYCLE, number)
        assert emit.event.duplicate_event_id == f"again-{number}"
    assert len(router.told) == tasks


def test_a_duplicate_delivered_twice_counts_twice() -> None:
    router = Router()
    router.submit()
    router.submit(record_id="same")
    router.submit(record_id="same")
    assert len({emit.event_id for emit in router.emits}) == len(router.emits)


def test_the_same_key_with_other_content_is_refused_not_lost() -> None:
    router = Router()
    router.submit()
    before = router.state
    router.submit(a_complaint(content_digest="1" * 64))
    assert router.refused == "key_reused"
    assert router.state == before


def test_a_key_that_is_not_the_complaint_is_undecodable() -> None:
    with pytest.raises(InvalidEvent, match="key_mismatch"):
        Router().submit(key="another")
    router = Router()
    router.submit()
    with pytest.raises(InvalidEvent, match="key_mismatch"):
        router.feed(RECEIVED, ComplaintUrged(complaint_id="another", received_at=RECEIVED_AT))


def test_the_case_log_does_not_mix_with_what_consumers_say() -> None:
    router = Router()
    entry = ComplaintRegistered(
        complaint_id=COMPLAINT_ID,
        ticket_number="t",
        cycle=1,
        sequence=1,
        happened_at=RECEIVED_AT,
        complaint=a_complaint(),
    )
    with pytest.raises(InvalidEvent, match="unexpected_type"):
        router.feed(RECEIVED, entry)
    with pytest.raises(InvalidEvent, match="unexpected_type"):
        router.feed("departments.unheard-of.updates.v1", entry)

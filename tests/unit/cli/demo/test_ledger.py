"""The demo's books tell what is lost and what is there twice, and cannot be talked out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.cli.demo.ledger import Ledger
from shared.events import topics
from shared.events.base import Event
from shared.events.decisions import Resolution
from shared.events.departments import DepartmentUpdate
from shared.events.ids import complaint_id
from shared.events.lifecycle import ComplaintRejected, ComplaintReopened, ComplaintResolved
from shared.events.sla import ClockBreached, ClockCorrected
from shared.streaming.records import ConsumerRecord
from tests.unit.cli.records import (
    CASE,
    NOW,
    assignment,
    dispatched,
    queued,
    record,
    registered,
    submitted,
)

QUEUE = topics.department_topic("quality")
NULL_HEADER: Any = (("note", None),)


def case_fields(case: str = CASE) -> dict[str, object]:
    return {"complaint_id": case, "ticket_number": "t", "cycle": 1, "sequence": 9, "happened_at": NOW}


def log(event: Event, **more: str) -> ConsumerRecord:
    return record(topics.LIFECYCLE, event, **more)  # type: ignore[arg-type]


def ledger_of(*records: ConsumerRecord) -> Ledger:
    ledger = Ledger()
    for each in records:
        ledger.apply(each)
    return ledger


def whole_journey(case: str = CASE) -> list[ConsumerRecord]:
    task = assignment(number=len(case) + int(case[:6], 16))
    return [
        record(topics.RECEIVED, submitted(case), case=case),
        record(topics.LIFECYCLE, registered(case), case=case),
        record(topics.LIFECYCLE, dispatched(task, case=case), case=case),
        record(QUEUE, queued(task, case), case=case),
    ]


def test_a_complaint_that_went_all_the_way_is_neither_lost_nor_twice() -> None:
    ledger = ledger_of(*whole_journey())
    figures = ledger.figures()
    assert ledger.lost([CASE]) == []
    assert figures.duplicated == ()
    assert (figures.received, figures.registered, figures.open) == (1, 1, 1)
    assert figures.dispatched_to == {"quality": 1}


def test_an_accepted_complaint_in_no_queue_is_lost() -> None:
    ledger = ledger_of(*whole_journey()[:2])
    assert ledger.lost([CASE, "other"]) == [f"complaint {CASE} in no queue", "complaint other in no queue"]


def test_a_promised_assignment_that_is_not_in_its_queue_is_lost() -> None:
    journey = whole_journey()
    elsewhere = assignment("returns")
    both = log(dispatched(assignment(), elsewhere))
    assert ledger_of(*journey, both, record(QUEUE, queued(assignment()))).lost([CASE]) == [
        "assignment assignment-returns-1 not in returns"
    ]


def test_a_rejected_complaint_is_not_lost_and_not_open() -> None:
    rejected = log(ComplaintRejected(**case_fields(), reason="not_ours"))
    ledger = ledger_of(*whole_journey()[:2], rejected)
    assert ledger.lost([CASE]) == []
    assert ledger.figures().open == 0


def test_an_assignment_twice_in_a_queue_is_counted_even_under_another_event_id() -> None:
    journey = whole_journey()
    task = assignment(number=len(CASE) + int(CASE[:6], 16))
    assert len(ledger_of(*journey, record(QUEUE, queued(task))).figures().duplicated) == 1


def test_an_event_twice_on_an_exactly_once_topic_is_counted() -> None:
    twice = [record(topics.SLA_EVENTS, breached(), event_id="e-1") for _ in range(2)]
    assert ledger_of(*twice).figures().duplicated == ("e-1 on sla.events.v1",)


def test_a_submission_twice_at_the_edge_is_not_a_duplicate() -> None:
    twice = [record(topics.RECEIVED, submitted(), event_id="e-1") for _ in range(2)]
    figures = ledger_of(*twice).figures()
    assert figures.duplicated == ()
    assert figures.received == 1


def test_a_case_registered_twice_is_a_duplicate() -> None:
    assert len(ledger_of(log(registered()), log(registered())).figures().duplicated) == 1


def test_a_resolved_case_is_closed_until_it_is_reopened() -> None:
    answer = Resolution(status="s", cause="c", measures="m")
    resolved = log(ComplaintResolved(**case_fields(), department="quality", resolution=answer))
    reopened = log(ComplaintReopened(**case_fields(), reason="not_solved"))
    assert ledger_of(*whole_journey(), resolved).figures().open == 0
    assert ledger_of(*whole_journey(), resolved, reopened).figures().open == 1


def test_a_breach_that_proved_wrong_is_none_of_its_department_s() -> None:
    wrong = breached()
    corrected = ClockCorrected(**wrong.model_dump() | {"stopped_at": NOW, "corrects_event_id": "b-1"})
    figures = ledger_of(
        record(topics.SLA_EVENTS, wrong, event_id="b-1"), record(topics.SLA_EVENTS, corrected, event_id="b-2")
    ).figures()
    assert +figures.breached_in == {}
    assert figures.types["sla.breached.v1"] == 1


def breached() -> ClockBreached:
    return ClockBreached(
        complaint_id=CASE,
        ticket_number="t",
        cycle=1,
        clock="first_response",
        department="quality",
        started_at=NOW,
        due_by=NOW,
        policy_version="1",
        calendar_version="1",
        detected_at=NOW,
    )


def test_breaches_are_counted_by_department_and_clock_events_by_type() -> None:
    figures = ledger_of(record(topics.SLA_EVENTS, breached())).figures()
    assert figures.breached_in == {"quality": 1}
    assert figures.types["sla.breached.v1"] == 1


def test_dead_letters_are_counted_by_reason_and_as_nothing_else() -> None:
    update = DepartmentUpdate(complaint_id=CASE, action="accept", happened_at=NOW)
    refused = record(
        topics.department_dead_letter_topic("quality"), update, extra_headers=(("dlq_reason", b"case_closed"),)
    )
    figures = ledger_of(refused).figures()
    assert figures.dead_letters == {"case_closed": 1}
    assert not figures.types


def test_the_first_arrival_in_a_queue_is_announced_once() -> None:
    arrived: list[str] = []
    ledger = Ledger(arrived.append)
    for each in (*whole_journey(), record(QUEUE, queued(assignment("quality", 2)))):
        ledger.apply(each)
    assert arrived == [CASE]


CASES = [complaint_id("web", f"case-{number}") for number in range(4)]
ALL_RECORDS = [each for case in CASES for each in whole_journey(case)]


@given(st.permutations(range(len(ALL_RECORDS))))
def test_the_order_of_reading_changes_nothing(order: Sequence[int]) -> None:
    """Partitions and topics are read in any order."""
    ledger = ledger_of(*(ALL_RECORDS[index] for index in order))
    assert ledger.lost(CASES) == []
    assert ledger.figures().duplicated == ()
    assert ledger.figures().dispatched_to == {"quality": len(CASES)}


@given(st.sets(st.sampled_from(range(len(ALL_RECORDS)))))
def test_every_missing_queue_entry_of_an_accepted_complaint_is_found(missing: set[int]) -> None:
    ledger = ledger_of(*(each for index, each in enumerate(ALL_RECORDS) if index not in missing))
    expected = {case for number, case in enumerate(CASES) if number * 4 + 3 in missing}
    assert {line.split()[1] for line in ledger.lost(CASES) if line.startswith("complaint")} == expected


def test_a_header_without_a_value_does_not_end_the_counting() -> None:
    figures = ledger_of(record(topics.LIFECYCLE, registered(), extra_headers=NULL_HEADER)).figures()
    assert figures.registered == 1

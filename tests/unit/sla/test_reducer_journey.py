"""What each fact does to the clocks of a case, one rule a test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.sla.domain.policy import SlaPolicy
from shared.events import ids
from shared.events.base import Event
from shared.events.complaint import Complainant
from shared.events.departments import DepartmentUpdate
from shared.events.envelope import Envelope
from shared.events.received import ComplaintUrged, ComplaintWithdrawn
from shared.events.topics import LIFECYCLE, RECEIVED, SLA_EVENTS
from shared.processing import Message, Processor
from tests.unit.sla.calendars import beijing
from tests.unit.sla.promises import (
    HOURS,
    RECEIVED_AT,
    TRACE,
    Case,
    Facts,
    after,
    complaint,
    hours,
    message_of,
    processor,
    round_hours_policy,
    shipped_policy,
    shorts,
)

AT_RECEIPT = ["registration", "first_response", "verification", "resolution"]
ANONYMOUS = Complainant(anonymous=True)


def test_it_is_a_processor_of_receipts_and_case_log() -> None:
    under_test: Processor[Any] = processor()
    assert under_test.name == "sla"
    assert under_test.input_topics == (RECEIVED, LIFECYCLE)
    assert under_test.dead_letter_topic(LIFECYCLE) == "sla.dead-letters.v1"


def test_a_good_journey_meets_every_clock() -> None:
    case = Case().starts()
    facts = case.facts
    for event in (facts.contacted(after(1)), facts.progressed(after(2)), facts.resolved(after(20))):
        case.hears(event)
    for event in (facts.called_back(after(40)), facts.closed(after(40))):
        case.hears(event)
    assert sorted(case.said()) == sorted([("armed", name) for name in HOURS] + [("met", name) for name in HOURS])
    assert case.state is not None
    assert case.state.running == ()


def test_the_shipped_policy_gives_the_deadlines_of_the_source_documents() -> None:
    case = Case(processor(shipped_policy())).starts()
    case.hears(case.facts.resolved(beijing("2026-03-10 11:00")))
    armed: dict[str, Any] = {e.event.clock: e.event for e in case.emits if e.event.event_type == "sla.armed.v1"}
    assert {name: event.due_by for name, event in armed.items()} == {
        "registration": beijing("2026-03-05 18:00"),
        "first_response": beijing("2026-03-05 10:00"),
        "verification": beijing("2026-03-07 10:00"),
        "contact": beijing("2026-03-09 18:00"),
        "resolution": beijing("2026-03-25 18:00"),
        "callback": beijing("2026-03-18 00:00"),
    }
    assert armed["callback"].started_at == beijing("2026-03-10 11:00")
    assert armed["contact"].calendar_version == "cn-2026.2"
    assert armed["contact"].policy_version == "sla-2026.2"


def test_everything_is_said_on_the_clock_topic_with_ids_that_follow_from_the_clock() -> None:
    case = Case()
    armed = case.hears(case.facts.submitted())[0]
    identifier = case.facts.complaint.complaint_id
    assert armed.topic == SLA_EVENTS
    assert armed.event_id == ids.event_id(identifier, "sla.armed.v1", "1/registration/0")


@pytest.mark.parametrize(
    ("fact", "met"),
    [
        (lambda facts: facts.contacted(after(1)), {"first_response", "contact"}),
        (lambda facts: facts.progressed(after(1)), {"verification"}),
        (lambda facts: facts.progressed(after(1), finding=False), set()),
        (lambda facts: facts.accepted(after(1)), set()),
        (lambda facts: facts.resolved(after(1)), {"first_response", "verification", "resolution"}),
        (lambda facts: facts.closed(after(1)), set()),
    ],
)
def test_a_fact_stops_the_clocks_that_wait_for_it(fact: Callable[[Facts], Event], met: set[str]) -> None:
    case = Case().starts()
    said = shorts(case.hears(fact(case.facts)))
    assert {name for kind, name, *_ in said if kind == "met"} == met


def test_a_resolution_without_a_talk_ends_the_contact_clock_without_meeting_it() -> None:
    case = Case().starts()
    assert ("cancelled", "contact", "resolved") in shorts(case.hears(case.facts.resolved(after(2))))


def test_done_at_the_very_instant_of_the_deadline_is_in_time() -> None:
    case = Case().starts()
    assert ("met", "first_response") in shorts(case.hears(case.facts.contacted(after(24))))


def test_a_microsecond_later_is_too_late() -> None:
    case = Case().starts()
    late = after(24) + timedelta(microseconds=1)
    breached = case.hears(case.facts.contacted(late), now=late + hours(1))[0].event
    assert breached.model_dump(include={"clock", "stopped_at", "due_by", "detected_at"}) == {
        "clock": "first_response",
        "stopped_at": late,
        "due_by": after(24),
        "detected_at": late + hours(1),
    }


def test_a_stop_in_time_that_is_heard_of_after_the_deadline_is_met() -> None:
    case = Case().starts()
    assert ("met", "first_response") in shorts(case.hears(case.facts.contacted(after(23)), now=after(40)))


def test_a_later_stop_of_a_clock_that_ended_says_nothing() -> None:
    case = Case().starts()
    case.hears(case.facts.contacted(after(1)))
    assert case.hears(case.facts.contacted(after(2))) == []


def test_a_second_dispatch_goes_on_with_the_first_contact_clock() -> None:
    case = Case().starts()
    assert case.hears(case.facts.dispatched(after(5), lead="logistics", cause="returned")) == []
    breach = case.lives_until(after(HOURS["contact"]))[-1].event
    assert (breach.clock, breach.due_by, breach.department) == ("contact", after(HOURS["contact"]), "logistics")


def test_the_lead_department_is_named_from_dispatch_on() -> None:
    case = Case()
    before = case.hears(case.facts.submitted())
    case.starts()
    assert {emit.event.department for emit in before} == {None}
    assert case.emits[-1].event.department == "after-sales"


# -- who the promise is made to ----------------------------------------------------------------------------------------


def test_nobody_promises_to_call_an_anonymous_complainant() -> None:
    case = Case(complainant=ANONYMOUS).starts()
    case.hears(case.facts.resolved(after(1)))
    assert {name for _, name, *_ in case.said()} == set(HOURS) - {"contact", "callback"}


def test_danger_shortens_the_promise_from_the_original_start() -> None:
    case = Case()
    case.hears(case.facts.submitted())
    moved = case.hears(case.facts.assessed(after(1), severity="critical"))
    due = {emit.event.clock: emit.event.due_by for emit in moved}
    assert due == {"first_response": after(2), "verification": after(24)}
    assert shorts(moved) == [("armed", "first_response"), ("armed", "verification")]
    assert moved[0].event_id == ids.event_id(case.facts.complaint.complaint_id, "sla.armed.v1", "1/first_response/1")


def test_an_assessment_that_changes_no_target_says_nothing() -> None:
    case = Case()
    case.hears(case.facts.submitted())
    assert case.hears(case.facts.assessed(after(1), severity="low")) == []


def test_a_shortened_promise_that_is_past_already_gives_one_breach() -> None:
    case = Case()
    for event in (case.facts.submitted(), case.facts.registered(after(1))):
        case.hears(event)
    case.hears(case.facts.assessed(after(9), severity="critical"))
    assert shorts(case.fires(after(9))) == [("breached", "first_response")]
    assert case.fires(after(9)) == []


def test_a_retargeted_clock_keeps_its_holds() -> None:
    policy = _with_quality_override(n=48)
    case = Case(processor(policy))
    for event in (case.facts.submitted(), case.facts.held(after(1)), case.facts.resumed(after(11))):
        case.hears(event)
    moved = case.hears(case.facts.assessed(after(12), category="quality"))
    assert [(emit.event.clock, emit.event.due_by) for emit in moved] == [("resolution", after(48 + 10))]


def test_later_clocks_and_cycles_follow_the_assessment() -> None:
    case = Case(processor(_with_quality_override(n=48))).starts()
    case.hears(case.facts.resolved(after(5)))
    case.hears(case.facts.reopened(after(30)))
    armed = [emit.event for emit in case.emits if emit.event.cycle == 2 and emit.event.clock == "resolution"]
    assert [event.due_by for event in armed] == [after(30 + 48)]


def _with_quality_override(n: float) -> SlaPolicy:
    override = {"id": "q", "when": {"category": "quality"}, "clocks": {"resolution": {"n": n, "unit": "hours"}}}
    return round_hours_policy(overrides=[override])


# -- the regulator -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("printed", "governs"), [(after(60), after(60)), (after(1000), after(HOURS["resolution"]))])
def test_the_earlier_of_the_regulators_and_our_own_deadline_governs(printed: datetime, governs: datetime) -> None:
    case = Case(regulator_respond_by=printed)
    armed = {emit.event.clock: emit.event.due_by for emit in case.hears(case.facts.submitted())}
    assert armed["resolution"] == governs
    assert armed["verification"] == after(HOURS["verification"])


@pytest.mark.parametrize(("printed", "due"), [(after(60), after(60)), (after(20), after(30 + HOURS["resolution"]))])
def test_a_regulators_deadline_binds_a_reopened_case_only_if_it_is_still_to_come(
    printed: datetime, due: datetime
) -> None:
    case = Case(regulator_respond_by=printed).starts()
    case.hears(case.facts.resolved(after(5)))
    armed = {emit.event.clock: emit.event.due_by for emit in case.hears(case.facts.reopened(after(30)))}
    assert armed["resolution"] == due


# -- ends and new beginnings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["withdrawn", "rejected"])
def test_giving_up_cancels_what_runs_as_of_that_moment(kind: str) -> None:
    case = Case().starts()
    event = getattr(case.facts, kind)(after(5))
    said = case.hears(event, now=after(8))
    assert shorts(said) == [
        ("cancelled", name, kind) for name in ("first_response", "verification", "resolution", "contact")
    ]
    assert {emit.event.cancelled_at for emit in said} == {after(5)}


def test_what_was_overdue_when_it_was_withdrawn_is_breached_and_not_forgiven() -> None:
    case = Case().starts()
    said = case.hears(case.facts.withdrawn(after(25)))
    assert ("breached", "first_response") in shorts(said)
    assert ("cancelled", "verification", "withdrawn") in shorts(said)


def test_a_withdrawal_at_the_very_deadline_cancels() -> None:
    case = Case().starts()
    assert ("cancelled", "first_response", "withdrawn") in shorts(case.hears(case.facts.withdrawn(after(24))))


def test_breaches_before_a_withdrawal_stay() -> None:
    case = Case().starts()
    case.lives_until(after(24))
    said = shorts(case.hears(case.facts.withdrawn(after(25))))
    assert not [entry for entry in said if entry[1] == "first_response"]


def test_work_that_goes_on_after_a_withdrawal_starts_no_clock() -> None:
    case = Case().starts()
    case.hears(case.facts.withdrawn(after(5)))
    assert case.hears(case.facts.resolved(after(6))) == []
    assert case.hears(case.facts.dispatched(after(7))) == []


def test_the_consumers_withdrawal_counts_only_once_the_router_registered_it() -> None:
    case = Case().starts()
    identifier = case.facts.complaint.complaint_id
    for said in (
        ComplaintWithdrawn(complaint_id=identifier, received_at=after(5)),
        ComplaintUrged(complaint_id=identifier, received_at=after(5)),
    ):
        envelope = Envelope("id", said.event_type, "/test", identifier, RECEIVED_AT)
        step = case.processor.reduce(case.state, Message(RECEIVED, envelope, said), after(5))
        assert (step.state, list(step.emits), step.refusal) == (case.state, [], None)


def test_a_reopening_cancels_the_callback_and_starts_the_next_cycle() -> None:
    case = Case().starts()
    case.hears(case.facts.resolved(after(5)))
    said = case.hears(case.facts.reopened(after(30)))
    assert shorts(said) == [
        ("cancelled", "callback", "reopened"),
        ("armed", "first_response"),
        ("armed", "verification"),
        ("armed", "resolution"),
    ]
    assert [emit.event.cycle for emit in said] == [1, 2, 2, 2]
    assert {emit.event.started_at for emit in said[1:]} == {after(30)}
    assert {emit.event.department for emit in said[1:]} == {None}


def test_the_contact_clock_of_a_new_cycle_starts_with_its_dispatch() -> None:
    case = Case().starts()
    for event in (case.facts.contacted(after(1)), case.facts.resolved(after(5)), case.facts.reopened(after(30))):
        case.hears(event)
    armed = case.hears(case.facts.dispatched(after(31), cause="reopened"))
    assert [(e.event.clock, e.event.cycle, e.event.due_by) for e in armed] == [
        ("contact", 2, after(31 + HOURS["contact"]))
    ]


def test_a_call_back_of_the_old_cycle_does_not_stop_the_new_ones_clocks() -> None:
    case = Case().starts()
    for event in (case.facts.resolved(after(5)), case.facts.reopened(after(30)), case.facts.resolved(after(40))):
        case.hears(event)
    assert case.hears(case.facts.called_back(after(41), cycle=1)) == []
    assert shorts(case.hears(case.facts.called_back(after(42)))) == [("met", "callback")]


@pytest.mark.parametrize("kind", ["held", "withdrawn", "rejected", "closed", "dispatched", "assessed", "resolved"])
def test_a_fact_of_an_earlier_cycle_leaves_the_clocks_of_this_one_alone(kind: str) -> None:
    case = Case().starts()
    case.hears(case.facts.resolved(after(5)))
    stale = getattr(case.facts, kind)(after(6))
    case.hears(case.facts.reopened(after(30)))
    before = case.state
    assert case.hears(stale, now=after(31)) == []
    assert case.state == before


def test_the_same_reopening_heard_again_changes_nothing() -> None:
    case = Case().starts()
    case.hears(case.facts.resolved(after(5)))
    reopening = case.facts.reopened(after(30))
    case.hears(reopening)
    before = case.state
    assert case.hears(reopening) == []
    assert case.state == before


def test_closing_stops_no_clock() -> None:
    case = Case().starts()
    case.hears(case.facts.resolved(after(5)))
    assert case.hears(case.facts.closed(after(6))) == []
    assert shorts(case.lives_until(after(1000)))[-1] == ("breached", "callback")


# -- records that do not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fact", [lambda facts: facts.contacted(after(1)), lambda facts: facts.withdrawn(after(1))])
def test_a_fact_about_a_case_whose_beginning_was_never_read_is_refused(fact: Callable[[Facts], Event]) -> None:
    event = fact(Facts(complaint()))
    step = processor().reduce(None, message_of(event, complaint().complaint_id), after(1))
    assert step.refusal is not None
    assert step.refusal.reason == "unknown_case"


def test_a_reopening_starts_the_clocks_of_a_forgotten_case() -> None:
    case = Case()
    case.facts.cycle = 3
    said = case.hears(case.facts.reopened(after(1)))
    assert [(e.event.clock, e.event.cycle) for e in said] == [
        ("first_response", 4),
        ("verification", 4),
        ("resolution", 4),
    ]
    assert said[0].event.ticket_number == case.facts.complaint.ticket_number


def test_a_record_under_another_complaints_key_is_refused() -> None:
    for event in (Facts(complaint()).submitted(), Facts(complaint()).registered(after(1))):
        step = processor().reduce(None, message_of(event, complaint(2).complaint_id), after(1))
        assert step.refusal is not None
        assert step.refusal.reason == "key_mismatch"


def test_a_type_that_does_not_belong_on_the_topic_is_refused() -> None:
    identifier = complaint().complaint_id
    update = DepartmentUpdate(complaint_id=identifier, action="resolve", happened_at=after(1))
    step = processor().reduce(None, message_of(update, identifier), after(1))
    assert step.refusal is not None
    assert step.refusal.reason == "unexpected_type"


def test_a_receipt_no_calendar_answers_for_is_refused_and_changes_nothing() -> None:
    ancient = Facts(complaint(received_at=datetime.fromisoformat("1901-01-01T00:00:00+00:00")))
    step = processor().reduce(None, message_of(ancient.submitted(), ancient.complaint.complaint_id), after(1))
    assert step.refusal is not None
    assert step.refusal.reason == "deadline_refused"
    assert step.state is None


def test_no_personal_data_is_kept() -> None:
    case = Case().starts()
    assert case.state is not None
    kept = case.state.model_dump_json()
    assert "Zhang" not in kept
    assert "zhang@" not in kept
    assert "kettle" not in kept


def test_what_a_timer_says_is_linked_to_the_trace_of_the_complaint() -> None:
    case = Case().starts()
    assert {emit.traceparent for emit in case.lives_until(after(100))} == {TRACE}


@pytest.mark.parametrize("finding", [True, False])
def test_who_cannot_be_spoken_to_is_first_answered_by_the_first_report_of_progress(finding: bool) -> None:
    """The query code is the only feedback path of an anonymous complaint (domain.md 5.7)."""
    case = Case(complainant=ANONYMOUS).starts()
    said = case.hears(case.facts.progressed(after(3), finding=finding))
    assert ("met", "first_response") in shorts(said)
    assert [emit.event.stopped_at for emit in said if emit.event.clock == "first_response"] == [after(3)]


def test_who_can_be_spoken_to_is_not_answered_by_a_report_of_progress() -> None:
    case = Case().starts()
    assert ("met", "first_response") not in shorts(case.hears(case.facts.progressed(after(3))))


def test_a_deadline_says_which_override_and_whose_date_decided_it() -> None:
    case = Case(regulator_respond_by=after(100)).starts()
    armed = {emit.event.clock: emit.event for emit in case.emits}
    assert (armed["resolution"].override_id, armed["resolution"].limited_by) == (None, "regulator")
    assert (armed["verification"].override_id, armed["verification"].limited_by) == (None, None)
    again = {e.event.clock: e.event for e in case.hears(case.facts.assessed(after(1), severity="critical"))}
    assert again["verification"].override_id == "danger-to-life-or-health"
    ends = [emit.event for emit in case.lives_until(after(100)) if emit.event.event_type == "sla.breached.v1"]
    assert {event.clock: (event.override_id, event.limited_by) for event in ends} == {
        "first_response": ("danger-to-life-or-health", None),
        "verification": ("danger-to-life-or-health", None),
        "contact": ("danger-to-life-or-health", None),
        "resolution": ("danger-to-life-or-health", "regulator"),
    }


def test_a_correction_to_another_deadline_does_not_name_what_decided_the_wrong_one() -> None:
    case = Case(regulator_respond_by=after(100)).starts()
    case.lives_until(after(100))
    (same,) = [e.event for e in case.hears(case.facts.resolved(after(90))) if e.event.clock == "resolution"]
    assert (same.event_type, same.limited_by) == ("sla.corrected.v1", "regulator")
    case = Case().starts()
    case.lives_until(after(24))
    case.hears(case.facts.assessed(after(24), severity="critical"))
    (other,) = [e.event for e in case.hears(case.facts.contacted(after(1))) if e.event.clock == "first_response"]
    assert (other.due_by, other.override_id) == (after(2), None)

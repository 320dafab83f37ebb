"""What the passing of time does: warnings, breaches, and forgetting."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.sla.domain.policy import SlaPolicy
from services.sla.processor import SlaProcessor
from shared.clock import from_epoch_ms, to_epoch_ms
from shared.events import ids
from tests.unit.sla.calendars import a_calendar, always_open, beijing, cn
from tests.unit.sla.promises import (
    HOURS,
    RECEIVED_AT,
    Case,
    after,
    processor,
    round_hours_policy,
    shipped_policy,
    shorts,
)

MICROSECOND = timedelta(microseconds=1)


def test_each_level_is_warned_of_once_and_then_the_breach_comes() -> None:
    case = Case().starts()
    said = case.lives_until(after(1000))
    assert [entry for entry in shorts(said) if entry[1] == "verification"] == [
        ("warned", "verification", 0.5),
        ("warned", "verification", 0.8),
        ("breached", "verification"),
    ]


def test_warnings_and_breaches_come_at_their_instants() -> None:
    case = Case().starts()
    said = [emit.event for emit in case.lives_until(after(1000)) if emit.event.clock == "contact"]
    target = HOURS["contact"]
    assert [event.detected_at for event in said] == [after(0.5 * target), after(0.8 * target), after(target)]
    assert {event.due_by for event in said} == {after(target)}


def test_nothing_fires_before_its_instant() -> None:
    case = Case().starts()
    before = case.state
    assert case.due_at == after(12)  # half of the first response
    assert case.fires(after(12) - MICROSECOND) == []
    assert case.state == before


def test_firing_twice_at_the_same_instant_says_it_once() -> None:
    case = Case().starts()
    assert shorts(case.fires(after(12))) == [("warned", "first_response", 0.5)]
    assert case.fires(after(12)) == []


def test_a_timer_of_a_fraction_of_a_millisecond_does_not_fire_early_nor_spin() -> None:
    case = Case(received_at=RECEIVED_AT + 300 * MICROSECOND)
    case.hears(case.facts.submitted())
    due_at = case.due_at
    assert due_at is not None
    assert due_at > RECEIVED_AT + timedelta(hours=5)
    assert from_epoch_ms(to_epoch_ms(due_at)) == due_at  # the engine keeps whole milliseconds
    assert shorts(case.fires(due_at)) == [("warned", "registration", 0.5)]


def test_after_downtime_only_the_breach_is_told_with_its_true_instant() -> None:
    case = Case().starts()
    said = [emit.event for emit in case.fires(after(29)) if emit.event.clock == "first_response"]
    assert [(event.event_type, event.due_by, event.detected_at) for event in said] == [
        ("sla.breached.v1", after(24), after(29))
    ]


def test_after_a_short_downtime_both_warnings_are_told() -> None:
    case = Case().starts()
    said = [entry for entry in shorts(case.fires(after(20))) if entry[1] == "first_response"]
    assert said == [("warned", "first_response", 0.5), ("warned", "first_response", 0.8)]


def test_a_complaint_that_came_in_late_from_a_backlog_is_overdue_at_once() -> None:
    case = Case()
    case.hears(case.facts.submitted(), now=after(100))
    case.fires(after(100))
    assert {entry for entry in case.said() if entry[0] == "breached"} == {
        ("breached", "registration"),
        ("breached", "first_response"),
        ("breached", "verification"),
    }


def test_hearing_of_a_fact_fires_nothing_itself() -> None:
    case = Case().starts()
    said = case.hears(case.facts.accepted(after(1)), now=after(500))
    assert said == []


def test_the_two_ends_of_a_clock_have_one_id() -> None:
    met, breached = Case().starts(), Case().starts()
    met.hears(met.facts.contacted(after(1)))
    breached.lives_until(after(24))
    ends = {
        emit.event_id for case in (met, breached) for emit in case.emits if emit.event.clock == "first_response"
        and emit.event.event_type in {"sla.met.v1", "sla.breached.v1"}
    }  # fmt: skip
    assert ends == {ids.event_id(met.facts.complaint.complaint_id, "sla.end", "1/first_response")}


def test_a_warning_has_its_level_in_its_id() -> None:
    case = Case().starts()
    warned = case.fires(after(12))[0]
    identifier = case.facts.complaint.complaint_id
    assert warned.event_id == ids.event_id(identifier, "sla.warned.v1", "1/first_response/0.5")


# -- forgetting --------------------------------------------------------------------------------------------------------


def test_a_settled_case_is_forgotten_after_the_retention_of_its_log() -> None:
    case = Case(processor(forget_after=timedelta(days=40))).starts()
    case.hears(case.facts.contacted(after(1)))
    case.hears(case.facts.resolved(after(2)))
    case.hears(case.facts.called_back(after(3)))
    assert case.due_at == after(2) + timedelta(days=40)
    assert case.fires(after(2) + timedelta(days=40)) == []
    assert case.state is None


def test_a_case_with_a_clock_that_runs_is_not_forgotten() -> None:
    case = Case(processor(forget_after=timedelta(days=1))).starts()
    case.hears(case.facts.resolved(after(2)))
    case.lives_until(after(HOURS["callback"]))
    assert case.state is not None
    assert [clock.clock for clock in case.state.running] == ["callback"]


def test_the_last_breach_and_the_forgetting_come_in_one_go_after_long_downtime() -> None:
    case = Case(processor(forget_after=timedelta(days=30))).starts()
    case.hears(case.facts.resolved(after(2)))
    assert shorts(case.fires(after(24 * 60))) == [("breached", "callback")]
    assert case.state is None


def test_an_unsettled_case_is_kept_however_long_it_takes() -> None:
    case = Case(processor(forget_after=timedelta(days=1))).starts()
    case.lives_until(after(24 * 3650))
    assert case.state is not None
    assert case.due_at is None


# -- calendars and policies that change while clocks run ---------------------------------------------------------------


def test_a_provisional_deadline_is_worked_out_again_when_the_holidays_are_announced() -> None:
    case = Case(processor(shipped_policy()), received_at=beijing("2026-12-28 10:00")).starts()
    armed = {emit.event.clock: emit.event for emit in case.emits}
    assert armed["resolution"].provisional
    assert not armed["registration"].provisional
    case.processor = announced_holidays(shipped_policy())
    said = [emit.event for emit in case.fires(armed["resolution"].due_by) if emit.event.clock == "resolution"]
    assert [(event.event_type, event.calendar_version) for event in said] == [("sla.armed.v1", "cn-2027.1")]
    assert said[0].due_by > armed["resolution"].due_by
    assert case.due_at is not None


def test_a_hold_that_begins_before_the_deadline_as_now_known_pauses_the_clock() -> None:
    policy = shipped_policy().model_dump(mode="json")
    policy["clocks"]["resolution"]["warn_at"] = [0.1]
    early_warning = SlaPolicy.model_validate(policy)
    case = Case(processor(early_warning), received_at=beijing("2026-12-28 10:00")).starts()
    told = next(emit.event.due_by for emit in case.emits if emit.event.clock == "resolution")
    case.hears(case.facts.held(told + timedelta(hours=1)))
    case.processor = announced_holidays(early_warning)
    said = [entry for entry in shorts(case.fires(told + timedelta(hours=2))) if entry[1] == "resolution"]
    assert said == [("armed", "resolution")]


def provisional_resolution() -> tuple[Case, datetime]:
    """A case whose resolution is due on a day the notice makes a holiday, after the notice; and the deadline told."""
    case = Case(processor(shipped_policy()), received_at=beijing("2026-12-28 10:00")).starts()
    told: datetime = next(emit.event.due_by for emit in case.emits if emit.event.clock == "resolution")
    case.processor = announced_holidays(shipped_policy())
    return case, told


def test_what_is_done_is_judged_by_the_calendar_loaded_since() -> None:
    case, told = provisional_resolution()
    said = [emit.event for emit in case.hears(case.facts.resolved(told + timedelta(days=1)))]
    assert [(event.event_type, event.calendar_version) for event in said if event.clock == "resolution"] == [
        ("sla.armed.v1", "cn-2027.1"),
        ("sla.met.v1", "cn-2027.1"),
    ]


def test_what_is_given_up_is_judged_by_the_calendar_loaded_since() -> None:
    case, told = provisional_resolution()
    said = shorts(case.hears(case.facts.withdrawn(told + timedelta(days=1))))
    assert [entry for entry in said if entry[1] == "resolution"] == [
        ("armed", "resolution"),
        ("cancelled", "resolution", "withdrawn"),
    ]


def announced_holidays(policy: SlaPolicy) -> SlaProcessor:
    """The policy after a notice that makes most of January 2027 a holiday."""
    holidays = [f"2027-01-{day:02}" for day in range(1, 21)]
    open_hours = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    announced = a_calendar("Asia/Shanghai", open_hours, holidays=holidays, version="cn-2027.1")
    return SlaProcessor(policy, {"cn": announced, "always-open": always_open()})


@pytest.mark.parametrize("policy", [round_hours_policy(version="next"), round_hours_policy()])
def test_a_running_clock_keeps_the_deadline_it_was_given(policy: SlaPolicy) -> None:
    case = Case().starts()
    case.processor = SlaProcessor(policy, {"cn": cn(), "always-open": always_open()})
    breach = [emit.event for emit in case.lives_until(after(24)) if emit.event.event_type == "sla.breached.v1"]
    assert [(event.clock, event.due_by, event.policy_version) for event in breach] == [
        ("first_response", after(24), "sla-2026.2")
    ]


@pytest.mark.parametrize(("fired", "as_of"), [(12, 12), (29, 24)])
def test_a_clock_todays_policy_no_longer_has_is_cancelled_when_its_time_comes(fired: float, as_of: float) -> None:
    case = Case().starts()
    document = round_hours_policy(overrides=[]).model_dump(mode="json")
    del document["clocks"]["first_response"]
    case.processor = processor(SlaPolicy.model_validate(document))
    said = [emit for emit in case.fires(after(fired)) if emit.event.clock == "first_response"]
    assert shorts(said) == [("cancelled", "first_response", "not_applicable")]
    assert said[0].event.cancelled_at == after(as_of)

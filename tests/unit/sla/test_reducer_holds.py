"""Holds: while work waits nothing falls due, and what is left of the time runs on afterwards."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.sla.domain.policy import SlaPolicy
from shared.events.decisions import Assignment, Role
from tests.unit.sla.calendars import beijing
from tests.unit.sla.promises import HOURS, Case, after, processor, round_hours_policy, shipped_policy, shorts

RESOLUTION = HOURS["resolution"]


def held_case(*holds: tuple[float, float | None], part: str = "a") -> Case:
    """A case held from the one hour after its receipt to the other (None: to this day)."""
    case = Case().starts()
    for begin, end in holds:
        case.hears(case.facts.held(after(begin), part))
        if end is not None:
            case.hears(case.facts.resumed(after(end), part))
    return case


def due_by(case: Case, clock: str = "resolution") -> datetime:
    """The deadline as announced last."""
    armed = [emit.event for emit in case.emits if emit.event.event_type == "sla.armed.v1" and emit.event.clock == clock]
    last: datetime = armed[-1].due_by
    return last


def test_nothing_that_can_pause_fires_while_on_hold() -> None:
    case = held_case((1, None))
    assert {entry[1] for entry in shorts(case.lives_until(after(10_000)))} == {"first_response"}
    assert case.due_at is None


def test_after_the_hold_the_rest_of_the_time_runs_on() -> None:
    case = held_case((1, 41))
    assert due_by(case) == after(RESOLUTION + 40)
    assert due_by(case, "first_response") == after(24)


def test_a_moved_deadline_is_announced_once_as_the_next_revision() -> None:
    case = held_case((1, 41), (50, 60))
    armed = [emit for emit in case.emits if emit.event.clock == "resolution"]
    assert [emit.event.due_by for emit in armed] == [after(RESOLUTION + moved) for moved in (0, 40, 50)]
    assert len({emit.event_id for emit in armed}) == 3


def test_holds_that_overlap_count_once() -> None:
    case = Case().starts()
    for event in (
        case.facts.held(after(1), "a"),
        case.facts.held(after(5), "b"),
        case.facts.resumed(after(11), "a"),
        case.facts.resumed(after(21), "b"),
    ):
        case.hears(event)
    assert due_by(case) == after(RESOLUTION + 20)


def test_the_case_is_on_hold_while_any_part_is() -> None:
    case = Case().starts()
    for event in (case.facts.held(after(1), "a"), case.facts.held(after(2), "b"), case.facts.resumed(after(3), "a")):
        case.hears(event)
    assert "resolution" not in {entry[1] for entry in shorts(case.lives_until(after(1000)))}


def test_a_second_part_held_after_the_deadline_does_not_undo_the_first_hold() -> None:
    case = held_case((1, None), part="a")
    case.hears(case.facts.held(after(RESOLUTION + 5), "b"))
    assert ("breached", "resolution") not in shorts(case.fires(after(RESOLUTION + 6)))


def test_a_hold_reported_again_or_a_resume_without_one_changes_nothing() -> None:
    case = held_case((1, None))
    assert case.hears(case.facts.held(after(5))) == []
    assert case.hears(case.facts.resumed(after(6), "nobody")) == []
    case.hears(case.facts.resumed(after(11)))
    assert due_by(case) == after(RESOLUTION + 10)


def test_a_hold_that_ended_before_it_began_paused_nothing() -> None:
    case = held_case((10, 5))
    assert due_by(case) == after(RESOLUTION)
    assert case.due_at is not None


def test_a_resolution_while_on_hold_includes_that_hold() -> None:
    case = held_case((100, None))
    said = {emit.event.clock: emit.event for emit in case.hears(case.facts.resolved(after(400)))}
    assert said["resolution"].event_type == "sla.met.v1"
    assert said["resolution"].due_by == after(RESOLUTION + 300)


def test_a_hold_after_the_deadline_does_not_undo_the_breach() -> None:
    case = Case().starts()
    case.hears(case.facts.held(after(RESOLUTION + 1)), now=after(RESOLUTION + 1))
    assert ("breached", "resolution") in shorts(case.fires(after(RESOLUTION + 2)))
    assert case.hears(case.facts.resumed(after(RESOLUTION + 9))) == []
    assert not [e for e in shorts(case.hears(case.facts.resolved(after(RESOLUTION + 10)))) if e[1] == "resolution"]


def test_a_hold_at_the_very_deadline_comes_too_late() -> None:
    case = Case().starts()
    case.hears(case.facts.held(after(RESOLUTION)))
    assert ("breached", "resolution") in shorts(case.fires(after(RESOLUTION)))


def test_a_hold_just_before_the_deadline_saves_the_clock() -> None:
    case = held_case((RESOLUTION - 1, None))
    assert ("breached", "resolution") not in shorts(case.lives_until(after(10_000)))
    case.hears(case.facts.resumed(after(RESOLUTION + 99)))
    assert due_by(case) == after(RESOLUTION + 100)


def test_a_hold_reported_before_the_deadline_and_heard_of_after_it_saves_the_clock_too() -> None:
    case = Case().starts()
    case.hears(case.facts.held(after(RESOLUTION - 1)), now=after(RESOLUTION + 5))
    assert ("breached", "resolution") not in shorts(case.fires(after(RESOLUTION + 6)))


@pytest.mark.parametrize("reported", [0, 1])
def test_a_hold_reported_after_the_deadline_it_is_said_to_have_begun_before_saves_nothing(reported: float) -> None:
    case = Case().starts()
    late = after(RESOLUTION + reported)
    case.hears(case.facts.held(after(RESOLUTION - 1), reported=late), now=late)
    assert ("breached", "resolution") in shorts(case.fires(after(RESOLUTION + 2)))


def test_a_hold_reported_after_a_breach_still_pauses_the_clocks_that_are_not_due_yet() -> None:
    case = Case().starts()
    case.lives_until(after(HOURS["verification"]))
    case.hears(case.facts.held(after(71), reported=after(72)), now=after(73))
    case.hears(case.facts.resumed(after(82)))
    assert due_by(case) == after(RESOLUTION + 10)


def test_a_second_hold_reported_while_the_first_pauses_counts_from_its_own_beginning() -> None:
    case = held_case((RESOLUTION - 10, None))
    case.hears(case.facts.held(after(RESOLUTION - 2), "b", reported=after(RESOLUTION + 5)))
    case.hears(case.facts.resumed(after(RESOLUTION - 1)))
    case.hears(case.facts.resumed(after(RESOLUTION + 5), "b"))
    assert due_by(case) == after(RESOLUTION + 15)


def test_a_level_warned_of_before_the_hold_is_not_warned_of_again() -> None:
    case = Case().starts()
    case.lives_until(after(80))
    assert ("warned", "resolution", 0.5) in case.said()
    for event in (case.facts.held(after(81)), case.facts.resumed(after(500))):
        case.hears(event)
    case.lives_until(after(10_000))
    assert case.said().count(("warned", "resolution", 0.5)) == 1
    assert case.said().count(("warned", "resolution", 0.8)) == 1


def test_withdrawn_while_on_hold_is_cancelled_however_long_it_was_held() -> None:
    case = held_case((1, None))
    assert ("cancelled", "resolution", "withdrawn") in shorts(case.hears(case.facts.withdrawn(after(10_000))))


def test_a_clock_that_starts_during_a_hold_waits_for_its_end() -> None:
    case = Case()
    for event in (case.facts.submitted(), case.facts.registered(after(0)), case.facts.held(after(1), "b")):
        case.hears(event)
    case.hears(case.facts.dispatched(after(2)))
    assert "contact" not in {entry[1] for entry in shorts(case.lives_until(after(200)))}
    case.hears(case.facts.resumed(after(202), "b"))
    assert due_by(case, "contact") == after(202 + HOURS["contact"])


def test_the_end_of_a_cycle_ends_its_holds() -> None:
    case = held_case((1, None))
    case.hears(case.facts.resolved(after(10)))
    assert case.state is not None
    assert case.state.holds == {}
    case.hears(case.facts.reopened(after(20)))
    assert due_by(case) == after(20 + RESOLUTION)


@pytest.mark.parametrize(("printed", "told"), [(100, True), (2_000, False)])
def test_no_hold_moves_the_regulators_deadline(printed: float, told: bool) -> None:
    case = Case(regulator_respond_by=after(printed)).starts()
    case.hears(case.facts.held(after(1)))
    said = [emit.event for emit in case.lives_until(after(1_000)) if emit.event.clock == "resolution"]
    expected = [("sla.breached.v1", after(printed))] if told else []
    assert [(event.event_type, event.due_by) for event in said] == expected


def test_working_days_on_hold_do_not_count() -> None:
    case = Case(processor(shipped_policy())).starts()
    assert due_by(case) == beijing("2026-03-25 18:00")
    case.hears(case.facts.held(beijing("2026-03-09 00:00")))
    case.hears(case.facts.resumed(beijing("2026-03-11 00:00")))
    assert due_by(case) == beijing("2026-03-27 18:00")


def test_a_hold_over_a_weekend_costs_a_working_day_clock_nothing() -> None:
    case = Case(processor(shipped_policy())).starts()
    case.hears(case.facts.held(beijing("2026-03-06 19:00")))
    case.hears(case.facts.resumed(beijing("2026-03-09 08:00")))
    assert due_by(case) == beijing("2026-03-25 18:00")
    assert due_by(case, "verification") == beijing("2026-03-07 10:00") + (
        beijing("2026-03-09 08:00") - beijing("2026-03-06 19:00")
    )


HELPER = Assignment(assignment_id="helper", department="public-affairs", role=Role.CO_HANDLER, mandatory=False)
OTHERS = (
    Assignment(assignment_id="lead", department="after-sales", role=Role.LEAD),
    Assignment(assignment_id="beside", department="legal", role=Role.CO_HANDLER),
)


def worked_on(*, by: tuple[Assignment, ...] = (*OTHERS, HELPER), policy: SlaPolicy | None = None) -> Case:
    """A case dispatched to these parts."""
    case = Case(processor(policy)) if policy else Case()
    for event in (
        case.facts.submitted(),
        case.facts.registered(after(0)),
        case.facts.assessed(after(0)),
        case.facts.dispatched(after(0), assignments=by),
    ):
        case.hears(event)
    return case


def test_a_department_that_only_helps_does_not_let_the_complainant_wait() -> None:
    case = worked_on()
    case.hears(case.facts.held(after(1), "helper"))
    assert ("breached", "resolution") in shorts(case.lives_until(after(RESOLUTION)))
    assert case.hears(case.facts.resumed(after(RESOLUTION + 1), "helper")) == []


@pytest.mark.parametrize("part", ["lead", "beside"])
def test_the_lead_and_whoever_must_be_done_pause_the_clocks(part: str) -> None:
    case = worked_on()
    case.hears(case.facts.held(after(1), part))
    assert ("breached", "resolution") not in shorts(case.lives_until(after(10_000)))


def test_who_helps_is_found_anew_in_each_cycle_and_at_each_hand_over() -> None:
    case = worked_on()
    again = HELPER.model_copy(update={"assignment_id": "helper 2"})
    case.hears(case.facts.dispatched(after(1), cause="returned", assignments=(again,)))
    for part in ("helper", "helper 2"):
        case.hears(case.facts.held(after(2), part))
    assert case.state is not None
    assert case.state.holds == {}
    case.hears(case.facts.resolved(after(3)))
    case.hears(case.facts.reopened(after(4)))
    case.hears(case.facts.dispatched(after(4), cause="reopened", assignments=OTHERS))
    assert case.state.helping == ()


def test_a_policy_may_let_every_hold_pause() -> None:
    case = worked_on(policy=round_hours_policy(holds_that_pause="every_part"))
    case.hears(case.facts.held(after(1), "helper"))
    assert ("breached", "resolution") not in shorts(case.lives_until(after(10_000)))


def test_where_life_or_health_is_at_risk_no_hold_pauses_a_clock() -> None:
    case = worked_on()
    case.hears(case.facts.assessed(after(1), severity="critical"))
    case.hears(case.facts.held(after(2), "lead"))
    said = shorts(case.lives_until(after(RESOLUTION)))
    assert [name for kind, name, *_ in said if kind == "breached"] == [
        "first_response", "verification", "contact", "resolution",
    ]  # fmt: skip


def test_a_clock_on_hold_runs_on_once_the_case_turns_out_to_be_dangerous() -> None:
    case = held_case((1, None))
    case.hears(case.facts.assessed(after(2), severity="critical"))
    assert ("breached", "resolution") in shorts(case.lives_until(after(RESOLUTION)))

"""A breach that turns out to have been none: corrected once, never silently."""

from __future__ import annotations

from typing import Any

import pytest

from services.sla.domain.clocks import BREACHES_KEPT
from tests.unit.sla.promises import HOURS, Case, Said, after, processor, round_hours_policy, shorts


def breached_case(until: float = 24) -> Case:
    """A case whose first response was not heard of in time."""
    case = Case().starts()
    case.lives_until(after(until))
    assert ("breached", "first_response") in case.said()
    return case


def corrections(said: list[Said]) -> list[Any]:
    """The corrections among what was said."""
    return [emit for emit in said if emit.event.event_type == "sla.corrected.v1"]


def test_a_late_report_of_a_timely_act_corrects_the_breach() -> None:
    case = breached_case()
    breach = next(emit for emit in case.emits if emit.event.event_type == "sla.breached.v1")
    corrected = corrections(case.hears(case.facts.contacted(after(23)), now=after(26)))
    assert [(c.event.clock, c.event.stopped_at, c.event.corrects_event_id) for c in corrected] == [
        ("first_response", after(23), breach.event_id)
    ]
    assert corrected[0].event.due_by == after(24)


def test_a_breach_is_corrected_once() -> None:
    case = breached_case()
    case.hears(case.facts.contacted(after(23)), now=after(26))
    assert corrections(case.hears(case.facts.contacted(after(22)), now=after(27))) == []


def test_a_late_act_after_the_breach_says_nothing() -> None:
    case = breached_case()
    assert not [e for e in shorts(case.hears(case.facts.contacted(after(25)))) if e[1] == "first_response"]


def test_a_second_report_of_an_earlier_act_still_corrects() -> None:
    case = breached_case()
    case.hears(case.facts.contacted(after(25)))
    assert len(corrections(case.hears(case.facts.contacted(after(20)), now=after(30)))) == 1


def test_a_breach_announced_with_its_late_stop_can_be_corrected_too() -> None:
    case = Case().starts()
    assert ("breached", "first_response") in shorts(case.hears(case.facts.contacted(after(25))))
    assert len(corrections(case.hears(case.facts.contacted(after(20)), now=after(30)))) == 1


@pytest.mark.parametrize("kind", ["withdrawn", "rejected"])
def test_a_late_report_that_it_was_given_up_in_time_corrects(kind: str) -> None:
    case = breached_case()
    corrected = corrections(case.hears(getattr(case.facts, kind)(after(23)), now=after(26)))
    assert [c.event.clock for c in corrected] == ["first_response"]


def test_a_registration_heard_of_late_corrects() -> None:
    case = Case()
    case.hears(case.facts.submitted())
    case.lives_until(after(10))
    assert [c.event.clock for c in corrections(case.hears(case.facts.registered(after(1)), now=after(11)))] == [
        "registration"
    ]


def test_a_hold_heard_of_after_the_breach_counts_when_the_end_is_known() -> None:
    target = HOURS["resolution"]
    case = breached_case(until=target)
    assert ("breached", "resolution") in case.said()
    case.hears(case.facts.held(after(target - 50)), now=after(target + 1))
    case.hears(case.facts.resumed(after(target - 10)), now=after(target + 1))
    corrected = corrections(case.hears(case.facts.resolved(after(target + 30))))
    assert [(c.event.clock, c.event.due_by) for c in corrected] == [("resolution", after(target + 40))]


@pytest.mark.parametrize("reported", [1, 100])
def test_a_hold_reported_after_the_breach_corrects_nothing(reported: float) -> None:
    """Back-dated to a minute after the receipt, ended at once, then resolved (domain.md 5.4, 5.7)."""
    target = HOURS["resolution"]
    case = breached_case(until=target)
    late = after(target + reported)
    case.hears(case.facts.held(after(0.1), reported=late), now=late)
    case.hears(case.facts.resumed(late), now=late)
    assert corrections(case.hears(case.facts.resolved(late), now=late)) == []


def test_a_resolution_within_a_hold_heard_of_late_counts_up_to_the_resolution() -> None:
    target = HOURS["resolution"]
    case = breached_case(until=target)
    case.hears(case.facts.held(after(target - 1)), now=after(target + 1))
    assert [c.event.clock for c in corrections(case.hears(case.facts.resolved(after(target + 30))))] == ["resolution"]


def test_under_another_policy_a_breach_is_judged_by_the_deadline_it_was_told_with() -> None:
    target = HOURS["resolution"]
    case = breached_case(until=target)
    case.hears(case.facts.held(after(target - 50)), now=after(target + 1))
    case.hears(case.facts.resumed(after(target - 10)), now=after(target + 1))
    case.processor = processor(round_hours_policy(version="next"))
    assert corrections(case.hears(case.facts.resolved(after(target + 30)))) == []


def test_a_breach_of_an_earlier_cycle_can_still_be_corrected() -> None:
    case = Case().starts()
    case.hears(case.facts.resolved(after(5)))
    case.lives_until(after(5 + HOURS["callback"]))
    case.hears(case.facts.reopened(after(300)))
    said = case.hears(case.facts.called_back(after(100), cycle=1), now=after(301))
    assert [(c.event.clock, c.event.cycle, c.event.department) for c in corrections(said)] == [
        ("callback", 1, "after-sales")
    ]


def test_holds_of_a_later_cycle_do_not_lengthen_an_earlier_ones_deadline() -> None:
    due = 5 + HOURS["callback"]
    case = Case().starts()
    case.hears(case.facts.resolved(after(5)))
    case.lives_until(after(due))
    for event in (
        case.facts.reopened(after(due + 1)),
        case.facts.held(after(due - 50)),
        case.facts.resumed(after(due)),
    ):
        case.hears(event, now=after(due + 2))
    assert corrections(case.hears(case.facts.called_back(after(due + 1), cycle=1))) == []


def test_a_fact_of_this_cycle_does_not_correct_breaches_of_another() -> None:
    case = breached_case()
    case.hears(case.facts.resolved(after(30)))
    case.hears(case.facts.reopened(after(40)))
    assert corrections(case.hears(case.facts.contacted(after(20)), now=after(41))) == []


def test_a_case_reopened_for_ever_remembers_a_bounded_number_of_breaches() -> None:
    case = Case().starts()
    for cycle in range(10):
        case.lives_until(after(1000 * (cycle + 1)))
        case.hears(case.facts.reopened(after(1000 * (cycle + 1))))
    assert case.state is not None
    assert len(case.state.breached) == BREACHES_KEPT
    assert case.state.breached[-1].cycle == 10

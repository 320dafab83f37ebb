"""Simulated departments are repeatable, and never report what the rules of a case forbid."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.cli.demo.behaviour import Temper, choose_temper, plan_reports
from shared.events.departments import Action, DepartmentUpdate
from tests.unit.cli.records import NOW, assignment, queued

SEEDS = st.integers(0, 10_000)


@given(SEEDS, SEEDS)
def test_the_same_seed_gives_the_same_plan(seed: int, number: int) -> None:
    case = queued(assignment(number=number))
    assert plan_reports(case, seed) == plan_reports(case, seed)


@given(SEEDS)
def test_reports_are_in_order_of_time_and_begin_after_the_dispatch(seed: int) -> None:
    times = [report.after for report in plan_reports(queued(), seed)]
    assert times == sorted(times)
    assert all(after > timedelta(0) for after in times)


@given(SEEDS)
def test_a_forced_assignment_and_a_co_handlers_are_never_returned(seed: int) -> None:
    helper = assignment().model_copy(update={"role": "co_handler"})
    for task in (assignment(forced=True), helper):
        assert Action.RETURN not in [report.action for report in plan_reports(queued(task), seed)]


@given(SEEDS)
def test_only_a_lead_without_co_handlers_calls_back(seed: int) -> None:
    helper = assignment().model_copy(update={"role": "co_handler"})
    for case in (queued(co_handlers=("returns",)), queued(helper)):
        assert Action.CALL_BACK not in [report.action for report in plan_reports(case, seed)]


@given(SEEDS)
def test_work_is_accepted_first_and_resolved_once(seed: int) -> None:
    actions = [report.action for report in plan_reports(queued(), seed)]
    if actions and actions != [Action.RETURN]:
        assert actions[:2] == [Action.ACCEPT, Action.CONTACT]
        assert actions.count(Action.RESOLVE) == 1
        assert actions[-1] is Action.CALL_BACK


@given(SEEDS)
def test_a_hold_is_ended_before_work_goes_on(seed: int) -> None:
    actions = [report.action for report in plan_reports(queued(), seed)]
    if Action.HOLD in actions:
        assert actions[actions.index(Action.HOLD) + 1] is Action.RESUME


@given(SEEDS)
def test_every_report_makes_a_valid_update(seed: int) -> None:
    for report in plan_reports(queued(), seed):
        DepartmentUpdate(complaint_id="c", action=report.action, happened_at=NOW, **report.facts)


def test_every_temper_occurs_and_most_days_are_good() -> None:
    chance = random.Random(1)
    drawn = Counter(choose_temper(chance, may_return=True) for _ in range(2000))
    assert set(drawn) == set(Temper)
    assert drawn[Temper.PROMPT] > 1000


def after(action: Action, severity: str) -> list[timedelta | None]:
    """How long after the dispatch it is reported, over many cases; None where it never is."""
    plans = [plan_reports(queued(severity=severity), seed) for seed in range(1000)]
    return [next((report.after for report in plan if report.action is action), None) for plan in plans]


def share_within(times: list[timedelta | None], limit: timedelta) -> float:
    return sum(time is not None and time <= limit for time in times) / len(times)


def test_most_cases_are_answered_within_what_a_minute_of_demo_shows() -> None:
    """A minute is 60 hours, and complaints come in all the time: the average one has 30 hours."""
    assert share_within(after(Action.RESOLVE, "low"), timedelta(hours=30)) > 0.7
    assert share_within(after(Action.RESOLVE, "low"), timedelta(hours=15)) > 0.5


def test_who_is_in_danger_is_spoken_to_within_two_hours() -> None:
    assert share_within(after(Action.CONTACT, "critical"), timedelta(hours=1)) > 0.75
    assert share_within(after(Action.PROGRESS, "critical"), timedelta(hours=1.75)) > 0.7


def test_every_deadline_is_missed_now_and_then() -> None:
    assert share_within(after(Action.CONTACT, "low"), timedelta(hours=24)) < 0.95
    assert share_within(after(Action.CONTACT, "critical"), timedelta(hours=24)) < 0.95

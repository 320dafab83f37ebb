"""The agenda reports what is due, when it is due, and drops what was cancelled."""

from __future__ import annotations

from datetime import timedelta

from services.cli.demo.behaviour import plan_reports
from services.cli.demo.departments import Agenda
from shared.events import topics
from shared.events.departments import AssignmentCancelled
from tests.unit.cli.records import CASE, NOW, assignment, queued, record

QUEUE = topics.department_topic("quality")
SEED = next(seed for seed in range(100) if len(plan_reports(queued(), seed)) > 3)
PLAN = plan_reports(queued(), SEED)


def agenda_with_a_case() -> Agenda:
    agenda = Agenda(SEED)
    agenda.take(record(QUEUE, queued()))
    return agenda


def test_nothing_is_reported_before_its_time() -> None:
    assert agenda_with_a_case().due(NOW + PLAN[0].after - timedelta(seconds=1)) == []


def test_what_is_due_is_reported_once_with_the_time_it_was_planned_for() -> None:
    agenda = agenda_with_a_case()
    ((department, update),) = agenda.due(NOW + PLAN[0].after)
    assert department == "quality"
    assert update.complaint_id == CASE
    assert update.action == PLAN[0].action
    assert update.happened_at == NOW + PLAN[0].after
    assert agenda.due(NOW + PLAN[0].after) == []


def test_everything_overdue_is_reported_in_order() -> None:
    updates = [update for _, update in agenda_with_a_case().due(NOW + timedelta(days=365))]
    assert [update.action for update in updates] == [report.action for report in PLAN]


def test_a_cancelled_assignment_is_dropped() -> None:
    agenda = agenda_with_a_case()
    cancelled = AssignmentCancelled(
        complaint_id=CASE, assignment_id=assignment().assignment_id, happened_at=NOW, reason="withdrawn"
    )
    agenda.take(record(QUEUE, cancelled))
    assert agenda.due(NOW + timedelta(days=365)) == []

"""``cbus trace``: one complaint is found by its ticket number or id, through every topic."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.events import topics
from shared.events.departments import DepartmentUpdate
from shared.events.ids import ticket_number
from tests.component.cli.bus import Bus
from tests.unit.cli.records import assignment, dispatched, queued, record, registered, submitted

pytestmark = pytest.mark.kafka

DAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
SECRETS = ("张三丰", "13800000000", "zhang@example.cn", "burned")


def write_a_journey(bus: Bus, case: str) -> None:
    task = assignment(bus.department)
    update = DepartmentUpdate(complaint_id=case, action="accept", happened_at=DAY)
    bus.write(
        record(topics.RECEIVED, submitted(case), case=case),
        record(topics.LIFECYCLE, registered(case), case=case),
        record(topics.LIFECYCLE, dispatched(task, case=case), case=case),
        record(topics.department_topic(bus.department), queued(task, case), case=case),
        record(topics.department_updates_topic(bus.department), update, case=case),
    )


JOURNEY = [
    "complaint.submitted.v1",
    "complaint.registered.v1",
    "complaint.dispatched.v1",
    "assignment.dispatched.v1",
    "assignment.updated.v1",
]


@pytest.mark.parametrize("by", ["ticket", "id"])
def test_the_whole_journey_is_told_in_order_and_masked(bus: Bus, by: str) -> None:
    case, other = str(uuid4()), str(uuid4())
    write_a_journey(bus, other)
    write_a_journey(bus, case)
    story = bus.cbus_json("trace", case if by == "id" else ticket_number(case, DAY))
    assert story["complaint_id"] == case
    assert [step["type"] for step in story["steps"]] == JOURNEY
    assert not [secret for secret in SECRETS if secret in str(story)]


def test_the_table_names_who_did_what(bus: Bus) -> None:
    case = str(uuid4())
    write_a_journey(bus, case)
    result = bus.cbus("trace", case)
    assert result.exit_code == 0
    assert "138****0000" in result.stdout
    assert f"→ {bus.department}" in result.stdout
    assert not [secret for secret in SECRETS if secret in result.stdout]


def test_an_unknown_complaint_is_refused(bus: Bus) -> None:
    case = str(uuid4())
    assert bus.cbus("trace", case).exit_code == 1
    result = bus.cbus("trace", ticket_number(case, DAY))
    assert result.exit_code == 1
    assert "no complaint with ticket number" in result.stderr

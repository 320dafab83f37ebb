"""``cbus dept``: a department reads its queue and reports, through Kafka alone."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

import pytest

from services.cli.bus.kafka_access import partition_of
from services.cli.dept.client import DepartmentQueue
from services.router.domain.refusals import Reason, explain
from shared.events import ids, registry, topics
from shared.events.departments import DepartmentUpdate
from shared.processing import Refusal
from shared.streaming.dead_letters import dead_letter
from tests.component.cli.bus import Bus
from tests.unit.cli.records import assignment, queued, record

pytestmark = pytest.mark.kafka


def test_the_queue_is_printed_as_json_lines_in_order(bus: Bus) -> None:
    case = str(uuid4())
    queue = topics.department_topic(bus.department)
    tasks = [assignment(bus.department, number) for number in range(3)]
    bus.write(*(record(queue, queued(task, case), case=case) for task in tasks))
    result = bus.cbus("dept", bus.department, "tail", "--once")
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["data"]["assignment"]["assignment_id"] for line in lines] == [task.assignment_id for task in tasks]
    assert {line["type"] for line in lines} == {"assignment.dispatched.v1"}
    assert {line["complaint_id"] for line in lines} == {case}


def test_a_limit_ends_the_tail(bus: Bus) -> None:
    queue = topics.department_topic(bus.department)
    bus.write(*(record(queue, queued()) for _ in range(3)))
    result = bus.cbus("dept", bus.department, "tail", "--limit", "2")
    assert len(result.stdout.splitlines()) == 2


def test_a_department_that_does_not_exist_is_refused(bus: Bus) -> None:
    result = bus.cbus("dept", "no-such-department", "tail", "--once")
    assert result.exit_code == 1
    assert "departments.no-such-department.v1" in result.stderr


@pytest.mark.parametrize("verb", ["accept", "refused"])
def test_every_verb_says_at_once_that_there_is_no_such_department(bus: Bus, verb: str) -> None:
    started = time.monotonic()
    result = bus.cbus("dept", "moon", verb, *([] if verb == "refused" else [str(uuid4())]))
    assert time.monotonic() - started < 8
    assert result.exit_code == 1
    assert "there is no department 'moon'" in result.stderr
    assert bus.department in result.stderr


def test_a_case_may_be_named_by_the_ticket_number_people_read_aloud(bus: Bus) -> None:
    case, other = str(uuid4()), str(uuid4())
    queue = topics.department_topic(bus.department)
    bus.write(*(record(queue, queued(assignment(bus.department), each), case=each) for each in (other, case)))
    ticket = ids.ticket_number(case, datetime(2026, 3, 2, tzinfo=UTC))
    bus.cbus_json("dept", bus.department, "accept", ticket.lower())
    (written,) = bus.records(topics.department_updates_topic(bus.department))
    assert written.key == case.encode()
    unknown = ids.ticket_number(str(uuid4()), datetime(2026, 3, 2, tzinfo=UTC))
    assert bus.cbus("dept", bus.department, "accept", unknown).exit_code == 1
    assert bus.cbus("dept", bus.department, "accept", "20260302-OOPS-X").exit_code == 2


def test_what_was_refused_is_listed_with_the_reason_in_both_languages(bus: Bus) -> None:
    case, at = str(uuid4()), datetime(2026, 3, 2, tzinfo=UTC)
    update = DepartmentUpdate(complaint_id=case, action="hold", happened_at=at, reason="parts")
    said = record(topics.department_updates_topic(bus.department), update, case=case)
    refusal = Refusal("not_accepted", explain(Reason.NOT_ACCEPTED))
    letters = topics.department_dead_letter_topic(bus.department)
    assert "nothing" in bus.cbus("dept", bus.department, "refused").stderr
    bus.write(dead_letter(said, letters, refusal, "router", at))
    bus.write(dead_letter(said._replace(value=b"{ not JSON", offset=10**6), letters, refusal, "router", at))
    result = bus.cbus("dept", bus.department, "refused", "--json")
    first, second = [json.loads(line) for line in result.stdout.splitlines()]
    assert (first["action"], first["reason"], first["complaint_id"]) == ("hold", "not_accepted", case)
    assert "Accept the case" in first["detail"]
    assert "请先签收" in first["detail"]
    assert second["action"] is None
    assert "not_accepted" in bus.cbus("dept", bus.department, "refused").stdout


def test_an_uncommitted_assignment_is_not_seen(bus: Bus) -> None:
    from kafka import KafkaProducer

    queue = topics.department_topic(bus.department)
    entry = record(queue, queued())
    with closing(KafkaProducer(bootstrap_servers=bus.bootstrap, transactional_id=f"test-{bus.department}")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(queue, key=entry.key, value=entry.value, headers=entry.headers)
        producer.flush()
        assert bus.cbus("dept", bus.department, "tail", "--once").stdout == ""
        producer.abort_transaction()
    assert bus.cbus("dept", bus.department, "tail", "--once").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        (["accept"], {"action": "accept"}),
        (["contact"], {"action": "contact"}),
        (["progress", "--finding"], {"action": "progress", "preliminary_finding": True}),
        (
            ["return", "--reason", "not_ours", "--suggest", "finance"],
            {"action": "return", "reason": "not_ours", "suggested_department": "finance"},
        ),
        (
            ["resolve", "--status", "refund", "--cause", "defect", "--measures", "refund"],
            {"action": "resolve", "resolution": {"status": "refund", "cause": "defect", "measures": "refund"}},
        ),
        (["hold", "--reason", "waiting"], {"action": "hold", "reason": "waiting"}),
        (["resume"], {"action": "resume"}),
        (["call-back", "--not-solved"], {"action": "call_back", "solved": False}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_report_is_on_the_departments_topic_with_key_and_envelope(
    bus: Bus, arguments: list[str], facts: dict[str, object]
) -> None:
    case = str(uuid4())
    at = "2026-03-02T10:00:00+08:00"
    verb, *options = arguments
    printed = bus.cbus_json("dept", bus.department, verb, case, *options, "--at", at)
    topic = topics.department_updates_topic(bus.department)
    (written,) = bus.records(topic)
    envelope, event = registry.decode(written.headers, written.value)
    assert isinstance(event, DepartmentUpdate)
    assert event.model_dump(mode="json", exclude_defaults=True, exclude={"complaint_id", "happened_at"}) == facts
    assert event.happened_at.isoformat() == "2026-03-02T02:00:00+00:00"
    assert written.key == case.encode() == envelope.subject.encode()
    assert written.partition == partition_of(case.encode(), topics.PARTITIONS)
    assert (printed["topic"], printed["offset"]) == (topic, written.offset)
    assert printed["event_id"] == envelope.id


def test_the_same_report_again_has_the_same_id(bus: Bus) -> None:
    case = str(uuid4())
    for _ in range(2):
        bus.cbus_json("dept", bus.department, "accept", case, "--at", "2026-03-02T10:00:00+08:00")
    first, second = bus.records(topics.department_updates_topic(bus.department))
    assert dict(first.headers)["ce_id"] == dict(second.headers)["ce_id"]


def test_a_group_continues_where_it_stopped(bus: Bus) -> None:
    queue = topics.department_topic(bus.department)
    case = str(uuid4())
    bus.write(*(record(queue, queued(assignment("x", number), case), case=case) for number in range(2)))
    group = f"group-{bus.department}"
    with closing(DepartmentQueue(bus.settings, bus.department, group)) as department_queue:
        following = department_queue.follow()
        first = list(islice(following, 2))
        bus.write(record(queue, queued(assignment("x", 3), case), case=case))
        third = next(following)  # asking for it commits the two before
    with closing(DepartmentQueue(bus.settings, bus.department, group)) as department_queue:
        again = next(department_queue.follow())
    assert [entry.offset for entry in first] == [0, 1]
    assert third.offset == again.offset == 2

"""A story is in order, names what matters, and shows no personal data."""

from __future__ import annotations

import json
from typing import Any

from services.cli.trace.facts import visible_facts
from services.cli.trace.story import tell_story
from shared.events import topics
from shared.events.departments import DepartmentUpdate
from shared.events.registry import EVENT_MODELS
from tests.unit.cli.records import NOW, assignment, decision, dispatched, queued, record, registered, submitted

SECRETS = ("张三丰", "13800000000", "zhang@example.cn", "burned")


def test_steps_are_in_the_order_they_were_written() -> None:
    late = record(topics.LIFECYCLE, registered(), timestamp_ms=20)
    early = record(topics.RECEIVED, submitted(), timestamp_ms=10)
    assert [step.event_type for step in tell_story([late, early])] == [
        "complaint.submitted.v1",
        "complaint.registered.v1",
    ]


def test_steps_of_the_same_instant_are_in_the_order_of_the_journey() -> None:
    queue = record(topics.department_topic("quality"), queued())
    log = record(topics.LIFECYCLE, registered())
    door = record(topics.RECEIVED, submitted())
    assert [step.topic for step in tell_story([queue, log, door])] == [
        topics.RECEIVED,
        topics.LIFECYCLE,
        topics.department_topic("quality"),
    ]


def test_personal_data_is_masked() -> None:
    steps = tell_story(
        [
            record(topics.RECEIVED, submitted()),
            record(topics.LIFECYCLE, registered()),
            record(topics.department_topic("quality"), queued()),
        ]
    )
    told = json.dumps([step.as_json() for step in steps], ensure_ascii=False) + "".join(s.facts_text() for s in steps)
    assert "138****0000" in told
    assert not [secret for secret in SECRETS if secret in told]


def test_a_decision_is_shown_with_its_rule() -> None:
    (step,) = tell_story([record(topics.LIFECYCLE, dispatched(assignment()))])
    assert step.facts["lead"] == decision().lead
    assert step.facts["rule_id"] == "r1"
    assert "reasons=because" in step.facts_text()


def test_a_queue_entry_says_for_whom_and_other_records_say_by_whom() -> None:
    for_department, by_router = tell_story(
        [record(topics.LIFECYCLE, registered()), record(topics.department_topic("quality"), queued())]
    )[::-1]
    assert for_department.who == "→ quality"
    assert by_router.who == "router"


def test_a_dead_letter_says_why() -> None:
    update = DepartmentUpdate(complaint_id="c", action="accept", happened_at=NOW)
    refused = record(
        topics.department_dead_letter_topic("quality"),
        update,
        extra_headers=(("dlq_reason", b"case_closed"), ("dlq_topic", b"departments.quality.updates.v1")),
    )
    (step,) = tell_story([refused])
    assert step.facts["action"] == "accept"
    assert step.facts["refused"] == "case_closed"
    assert step.facts["from"] == "departments.quality.updates.v1"


def test_what_cannot_be_read_is_told_without_its_content() -> None:
    assert visible_facts("complaint.submitted.v1", b"13800000000 {") == {"value": "not JSON"}
    assert visible_facts("complaint.submitted.v1", b'{"complaint": "13800000000"}') == {}
    assert visible_facts("complaint.submitted.v1", b'{"complaint": {"complainant": "13800000000"}}') == {
        "complainant": "***"
    }
    assert visible_facts("something.newer.v9", b'{"phone": "13800000000"}') == {}


def test_every_listed_fact_exists_in_its_event() -> None:
    from services.cli.trace import facts as story_facts

    for event_type, paths in story_facts._FACTS.items():
        fields = EVENT_MODELS[event_type].model_fields
        for path in paths:
            assert path.split(".")[0] in fields, f"{event_type}: {path}"


def test_every_event_has_its_facts_or_is_said_to_have_none() -> None:
    from services.cli.trace import facts as story_facts

    listed = set(story_facts._FACTS)
    assert not listed & story_facts.NOTHING_TO_TELL
    assert listed | story_facts.NOTHING_TO_TELL == set(EVENT_MODELS)


def test_a_message_put_off_says_why_and_until_when() -> None:
    value = json.dumps({"template": "result", "attempt": 2, "reason": "smtp_451", "retry_at": "2026-03-02T03:00:00Z"})
    assert visible_facts("notification.deferred.v1", value.encode()) == {
        "template": "result", "attempt": 2, "reason": "smtp_451", "retry_at": "2026-03-02T03:00:00Z",
    }  # fmt: skip


def test_a_header_without_a_value_does_not_keep_the_rest_untold() -> None:
    odd: Any = (("note", None),)
    nameless: Any = [("ce_type", None), ("ce_id", b"e")]
    steps = tell_story(
        [
            record(topics.LIFECYCLE, registered(), extra_headers=odd),
            record(topics.RECEIVED, submitted())._replace(headers=nameless),
        ]
    )
    assert [step.event_type for step in steps] == ["(no ce_type)", "complaint.registered.v1"]


def test_json_nested_too_deeply_is_named_as_what_it_is() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert visible_facts("assignment.updated.v1", deep) == {"value": "not JSON"}


def test_a_fact_of_another_shape_than_the_contracts_is_not_shown() -> None:
    """A department may write what it likes, also what a later line of output could not print."""
    value = json.dumps({"action": "return", "reason": {"phone": "13800000000"}, "solved": [["x"]]}).encode()
    assert visible_facts("assignment.updated.v1", value) == {"action": "return", "reason": "***", "solved": "***"}

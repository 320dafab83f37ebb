"""``cbus dlq``: dead letters are counted, shown without their content, and sent back as they came."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.cli.bus.kafka_access import partition_of
from shared.events import topics
from shared.events.departments import DepartmentUpdate
from shared.events.notifications import NotificationRequested, NotificationSent
from shared.processing import Refusal
from shared.streaming.dead_letters import dead_letter
from shared.streaming.records import ConsumerRecord
from tests.component.cli.bus import Bus
from tests.unit.cli.records import CASE, record, registered

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def refuse_an_update(
    bus: Bus,
    reason: str = "case_closed",
    *,
    case: str | None = None,
    partition: int | None = None,
    extra_headers: Any = (),
) -> ConsumerRecord:
    """Write a department's update and its dead letter; returns the update as it is on its topic."""
    case = case or str(uuid4())
    origin = topics.department_updates_topic(bus.department)
    update = DepartmentUpdate(complaint_id=case, action="accept", happened_at=NOW)
    bus.write_anything(record(origin, update, case=case, extra_headers=extra_headers), partition)
    original = next(found for found in bus.records(origin) if found.key == case.encode())
    letter = dead_letter(original, dead_letters_of(bus), Refusal(reason, "the case is closed"), "router", NOW)
    bus.write_anything(letter)
    return original


def copies(bus: Bus, original: ConsumerRecord) -> int:
    """How often a record stands on its topic."""
    return sum(found.key == original.key for found in bus.records(original.topic))


def dead_letters_of(bus: Bus) -> str:
    return topics.department_dead_letter_topic(bus.department)


def reference(bus: Bus, number: int = 0) -> str:
    found = bus.records(dead_letters_of(bus))[number]
    return f"{found.topic}/{found.partition}/{found.offset}"


def test_they_are_counted_by_origin_and_reason(bus: Bus) -> None:
    refuse_an_update(bus)
    refuse_an_update(bus)
    refuse_an_update(bus, "already_accepted")
    origin = topics.department_updates_topic(bus.department)
    assert bus.cbus_json("dlq", "ls", "--topic", dead_letters_of(bus)) == [
        {"topic": dead_letters_of(bus), "origin": origin, "reason": "already_accepted", "count": 1},
        {"topic": dead_letters_of(bus), "origin": origin, "reason": "case_closed", "count": 2},
    ]


def test_one_that_was_sent_back_and_refused_anew_is_counted_once(bus: Bus) -> None:
    original = refuse_an_update(bus)
    assert bus.cbus("dlq", "replay", reference(bus)).exit_code == 0
    copy = bus.records(original.topic)[-1]
    bus.write(dead_letter(copy, dead_letters_of(bus), Refusal("already_accepted", "x"), "router", NOW))
    listed = ("dlq", "ls", "--topic", dead_letters_of(bus))
    assert [(each["reason"], each["count"]) for each in bus.cbus_json(*listed)] == [("already_accepted", 1)]
    assert bus.cbus_json(*listed, "--reason", "case_closed") == []
    assert "1 older letters" in bus.cbus(*listed, "--each").stderr


def test_each_is_listed_with_the_reference_that_shows_it(bus: Bus) -> None:
    original = refuse_an_update(bus)
    result = bus.cbus("dlq", "ls", "--each", "--json", "--topic", dead_letters_of(bus))
    (line,) = [json.loads(line) for line in result.stdout.splitlines()]
    shown = bus.cbus_json("dlq", "show", line["reference"])
    assert shown == line
    assert shown["reason"] == "case_closed"
    assert shown["origin"]["offset"] == original.offset
    assert "value" not in shown


def test_the_value_is_shown_only_when_asked_for(bus: Bus) -> None:
    original = refuse_an_update(bus)
    assert original.value is not None
    assert bus.cbus_json("dlq", "show", reference(bus), "--reveal")["value"] == original.value.decode()


def test_a_dry_run_sends_nothing(bus: Bus) -> None:
    original = refuse_an_update(bus)
    result = bus.cbus("dlq", "replay", "--dry-run", reference(bus))
    assert result.exit_code == 0
    assert "would send 1 of 1" in result.stderr
    assert bus.end(original.topic, original.partition) == original.offset + 1


def test_a_replay_puts_the_original_back_with_its_id(bus: Bus) -> None:
    original = refuse_an_update(bus)
    refuse_an_update(bus, "already_accepted")
    result = bus.cbus("dlq", "replay", "--topic", dead_letters_of(bus), "--reason", "case_closed", "--json")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    first, again = [found for found in bus.records(original.topic) if found.key == original.key]
    note = ("replayed-from", json.loads(result.stdout)["reference"].encode())
    assert again.headers == [*first.headers, note]
    assert (again.partition, again.key, again.value) == (first.partition, first.key, first.value)


def test_a_second_replay_leaves_out_what_was_sent_back(bus: Bus) -> None:
    original = refuse_an_update(bus)
    command = ("dlq", "replay", "--topic", dead_letters_of(bus), "--json")
    assert bus.cbus(*command).exit_code == 0
    second = bus.cbus(*command)
    assert (second.exit_code, copies(bus, original)) == (0, 2)
    assert json.loads(second.stdout)["sent"] is False
    assert "sent 0 of 1" in second.stderr
    again = bus.cbus(*command, "--again")
    assert (again.exit_code, copies(bus, original)) == (0, 3)
    assert "--again: 1 of these" in again.stderr


def test_a_report_from_a_wrong_partition_goes_where_its_key_belongs(bus: Bus) -> None:
    home = partition_of(CASE.encode(), 12)
    original = refuse_an_update(bus, case=CASE, partition=(home + 1) % 12)
    command = ("dlq", "replay", reference(bus))
    assert bus.cbus(*command).exit_code == 0
    assert {found.partition for found in bus.records(original.topic)} == {home, (home + 1) % 12}
    assert "sent 0 of 1" in bus.cbus(*command).stderr, "the copy is found in its other partition, too"


def test_a_header_without_a_value_keeps_nobody_from_the_others(bus: Bus) -> None:
    """Kafka allows it, departments write with any client, and kafka-python cannot write it again."""
    odd = refuse_an_update(bus, extra_headers=(("note", None),))
    whole = refuse_an_update(bus)
    shown = [bus.cbus_json("dlq", "show", reference(bus, number)) for number in (0, 1)]
    assert sorted("note" in each["headers"] for each in shown) == [False, True]
    result = bus.cbus("dlq", "replay", "--topic", dead_letters_of(bus))
    assert (result.exit_code, copies(bus, odd), copies(bus, whole)) == (1, 1, 2)
    assert "has a header without a value (note)" in result.stderr
    assert "sent 1 of 2" in result.stderr
    assert odd.key is not None
    assert [step["type"] for step in bus.cbus_json("trace", odd.key.decode())["steps"]][:1] == ["assignment.updated.v1"]


def put_aside(bus: Bus, original: ConsumerRecord, service: str) -> str:
    """Write a record and a service's dead letter of it; the letter's reference."""
    bus.write(original)
    written = next(found for found in bus.records(original.topic) if found.key == original.key)
    letters = topics.dead_letter_topic(service)
    bus.write(dead_letter(written, letters, Refusal("unhandled", "a mistake"), service, NOW))
    letter = next(found for found in bus.records(letters) if found.key == original.key)
    return f"{letter.topic}/{letter.partition}/{letter.offset}"


def test_what_several_read_goes_back_only_when_asked_for_and_never_for_an_observer(bus: Bus) -> None:
    case, other = str(uuid4()), str(uuid4())
    entry = record(topics.LIFECYCLE, registered(case), case=case)
    for_sla = put_aside(bus, entry, "sla")
    refused = bus.cbus("dlq", "replay", for_sla)
    assert (refused.exit_code, copies(bus, entry)) == (1, 1)
    assert "--all-readers" in refused.stderr
    allowed = bus.cbus("dlq", "replay", for_sla, "--all-readers")
    assert (allowed.exit_code, copies(bus, entry)) == (0, 2)
    watched = record(topics.LIFECYCLE, registered(other), case=other)
    observers = bus.cbus("dlq", "replay", put_aside(bus, watched, "auditor"), "--all-readers", "--again")
    assert (observers.exit_code, copies(bus, watched)) == (1, 1)
    assert "Restart the auditor" in observers.stderr


def test_nobody_is_written_to_twice(bus: Bus) -> None:
    case = str(uuid4())
    about: Any = {"complaint_id": case, "cycle": 1, "template": "result", "audience": "complainant", "medium": "email"}
    request = NotificationRequested(
        notification_id=f"n-{case}", ticket_number="t", language="en", cause_event_id="e", requested_at=NOW, **about
    )
    asked = record(topics.NOTIFICATION_REQUESTS, request, case=case, event_id=request.notification_id)
    letter = put_aside(bus, asked, "notifier")
    sent = NotificationSent(notification_id=request.notification_id, happened_at=NOW, attempt=1, **about)
    bus.write(record(topics.NOTIFICATION_EVENTS, sent, case=case))
    result = bus.cbus("dlq", "replay", letter, "--again")
    assert (result.exit_code, copies(bus, asked)) == (0, 1)
    assert "nobody is written to twice" in result.stderr


def test_what_is_not_there_is_refused(bus: Bus) -> None:
    assert bus.cbus("dlq", "show", f"{dead_letters_of(bus)}/0/99").exit_code == 1
    assert bus.cbus("dlq", "show", f"{dead_letters_of(bus)}/99/0").exit_code == 1
    result = bus.cbus("dlq", "ls", "--topic", "no.such.topic")
    assert result.exit_code == 1
    assert "no dead-letter topic" in result.stderr

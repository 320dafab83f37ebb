"""``cbus dlq``: dead letters are counted, shown without their content, and sent back as they came."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.events import topics
from shared.events.departments import DepartmentUpdate
from shared.streaming.dead_letters import dead_letter
from shared.streaming.processor import Refusal
from shared.streaming.records import ConsumerRecord
from tests.component.cli.bus import Bus
from tests.unit.cli.records import record

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def refuse_an_update(bus: Bus, reason: str = "case_closed") -> ConsumerRecord:
    """Write a department's update and its dead letter; returns the update as it is on its topic."""
    case = str(uuid4())
    origin = topics.department_updates_topic(bus.department)
    bus.write(record(origin, DepartmentUpdate(complaint_id=case, action="accept", happened_at=NOW), case=case))
    original = next(found for found in bus.records(origin) if found.key == case.encode())
    letter = dead_letter(original, dead_letters_of(bus), Refusal(reason, "the case is closed"), "router", NOW)
    bus.write(letter)
    return original


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


def test_what_is_not_there_is_refused(bus: Bus) -> None:
    assert bus.cbus("dlq", "show", f"{dead_letters_of(bus)}/0/99").exit_code == 1
    assert bus.cbus("dlq", "show", f"{dead_letters_of(bus)}/99/0").exit_code == 1
    result = bus.cbus("dlq", "ls", "--topic", "no.such.topic")
    assert result.exit_code == 1
    assert "no dead-letter topic" in result.stderr

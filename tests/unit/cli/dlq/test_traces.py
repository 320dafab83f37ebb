"""What became of a dead letter is looked for where it can lie, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from services.cli.bus.kafka_access import partition_of
from services.cli.dlq import traces as dlq_traces
from services.cli.dlq.traces import look_for
from shared.events.notifications import (
    NotificationAttempted,
    NotificationFailed,
    NotificationOutcome,
    NotificationSent,
)
from shared.streaming.records import ConsumerRecord, TopicPartition
from tests.unit.cli.letters import NOW, letter
from tests.unit.cli.records import CASE, record

RECEIVED, REQUESTS, EVENTS = "complaints.received.v1", "notifications.requests.v1", "notifications.events.v1"
UPDATES = "departments.quality.updates.v1"
KEY = CASE.encode()


class Bus:
    """Topics of 12 partitions, and ``gone.v1`` that is not there; keeps what was read."""

    def __init__(self, *records: ConsumerRecord) -> None:
        self.records = records
        self.read: dict[TopicPartition, int] = {}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set() if topic == "gone.v1" else set(range(12))

    def scan(self, reader: Bus, places: list[TopicPartition], starts: dict[TopicPartition, int] | None = None) -> Any:
        assert reader is self
        for place in places:
            start = (starts or {}).get(place, 0)
            self.read[place] = start
            yield from (each for each in self.records if (each.topic, each.partition) == place and each.offset >= start)


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> Any:
    def look(bus: Bus, *letters: Any) -> Any:
        monkeypatch.setattr(dlq_traces, "scan", bus.scan)
        return look_for(bus, letters)

    return look


def copy(topic: str, partition: int, offset: int, reference: bytes) -> ConsumerRecord:
    return ConsumerRecord(topic, partition, offset, b"k", b"v", [("replayed-from", reference)], 0)


def test_a_copy_lies_behind_its_original(scanned: Any) -> None:
    early, late = letter(at=(7, 99)), letter(at=(7, 50))
    bus = Bus(
        copy(RECEIVED, 7, 51, b"router.dead-letters.v1/0/1"),
        copy(RECEIVED, 7, 50, b"before any of them"),
        copy(RECEIVED, 8, 60, b"of another partition"),
    )
    assert scanned(bus, early, late).replayed == {"router.dead-letters.v1/0/1"}
    assert bus.read == {TopicPartition(RECEIVED, 7): 51}


def test_a_departments_copy_may_lie_where_its_key_belongs(scanned: Any) -> None:
    home = partition_of(KEY, 12)
    astray = (home + 1) % 12
    bus = Bus(copy(UPDATES, home, 0, b"there"))
    found = scanned(bus, letter(UPDATES, at=(astray, 99), key=KEY), letter(UPDATES, at=(home, 5), key=KEY))
    assert found.replayed == {"there"}
    assert bus.read == {TopicPartition(UPDATES, astray): 100, TopicPartition(UPDATES, home): 0}


def outcome(model: type[NotificationOutcome], notification_id: str, partition: int = 7, **more: Any) -> ConsumerRecord:
    about: Any = {"complaint_id": CASE, "cycle": 1, "template": "result", "audience": "complainant", "medium": "email"}
    event = model(notification_id=notification_id, happened_at=NOW, attempt=1, **about, **more)
    return record(EVENTS, event)._replace(partition=partition)


def test_a_message_that_was_sent_or_failed_is_settled(scanned: Any) -> None:
    bus = Bus(
        outcome(NotificationSent, "sent"),
        outcome(NotificationFailed, "failed", reason="smtp_550"),
        outcome(NotificationAttempted, "on its way"),
        outcome(NotificationSent, "elsewhere", partition=8),
        outcome(NotificationSent, "another's")._replace(key=b"other"),
        outcome(NotificationSent, "unreadable")._replace(value=b"["),
    )
    found = scanned(bus, letter(REQUESTS, at=(7, 0), key=KEY))
    assert found.settled - {""} == {"sent", "failed"}


def test_outcomes_are_read_for_messages_alone(scanned: Any) -> None:
    bus = Bus()
    scanned(bus, letter(at=(7, 0)))
    assert bus.read == {TopicPartition(RECEIVED, 7): 1}


def test_an_origin_that_is_not_there_is_not_read(scanned: Any) -> None:
    bus = Bus()
    found = scanned(bus, letter("gone.v1"), letter(at=(12, 5)))
    assert (found.partitions, bus.read) == ({"gone.v1": 0, RECEIVED: 12}, {})

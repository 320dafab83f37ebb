"""How far the auditor has read is asked against a fixed place, so that a bus with traffic has an answer too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.cli.audit import progress as audit_progress
from services.cli.audit.progress import _is_audited, audited_ends, count_unread, wait_until_read
from shared.events.journey import tells_of_complaints
from shared.events.topics import AUDIT_EVENTS, RECEIVED, bus_topics
from shared.settings import KafkaSettings
from shared.streaming.records import ConsumerRecord, TopicPartition

SETTINGS = KafkaSettings()
BUSY = TopicPartition(RECEIVED, 3)


def test_what_the_auditor_has_not_read_is_looked_for_where_it_reads() -> None:
    """A topic that grows and is never read by it would look like arrears for ever."""
    read = {
        topic.name
        for topic in bus_topics(["quality"])
        if "auditor" in topic.readers and tells_of_complaints(topic.name)
    }
    looked_at = {
        topic.name for topic in bus_topics(["quality"]) if tells_of_complaints(topic.name) and _is_audited(topic.name)
    }
    assert looked_at == read - {AUDIT_EVENTS}


class Bus:
    """A bus with traffic in one of 12 partitions: with every look ``pace`` records come, and the auditor reads them."""

    def __init__(self, end: int, committed: int, pace: int = 0) -> None:
        self.end, self.read, self.pace = end, committed, pace

    def opened(self, settings: KafkaSettings, group: str | None = None) -> Bus:
        self.end += self.pace
        self.read += self.pace
        return self

    def topics(self) -> set[str]:
        return {RECEIVED, AUDIT_EVENTS}

    def partitions_for_topic(self, topic: str) -> set[int]:
        assert topic == RECEIVED, "the auditor does not read its own"
        return set(range(12))

    def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return {place: self.end if place.partition == BUSY.partition else 0 for place in places}

    def committed(self, place: Any, timeout_ms: int) -> int | None:
        return self.read if place.partition == BUSY.partition else None

    def scanned(
        self, reader: object, places: list[TopicPartition], starts: dict[TopicPartition, int]
    ) -> Iterator[ConsumerRecord]:
        for place in places:
            for offset in range(starts[place], self.end):
                yield ConsumerRecord(place.topic, place.partition, offset, None, None, [], 0)

    def close(self) -> None:
        """Nothing to let go of."""


def asked_of(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> Bus:
    monkeypatch.setattr(audit_progress, "open_reader", bus.opened)
    monkeypatch.setattr(audit_progress, "scan", bus.scanned)
    monkeypatch.setattr(audit_progress, "require_visible", lambda *_: None)  # all may be seen
    monkeypatch.setattr(audit_progress, "LOOK_AGAIN_SECONDS", 0.0)
    return bus


@pytest.mark.parametrize(("end", "unread"), [(4, 0), (6, 2), (9_000, 500)])
def test_unread_is_what_lies_behind_the_groups_offsets(end: int, unread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_of(Bus(end, committed=4), monkeypatch)
    assert count_unread(SETTINGS, audited_ends(SETTINGS)) == unread


def test_what_came_after_the_question_is_not_in_arrears(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = asked_of(Bus(6, committed=4), monkeypatch)
    ends = audited_ends(SETTINGS)
    bus.end = 60
    assert count_unread(SETTINGS, ends) == 2


def test_an_auditor_that_keeps_pace_with_the_traffic_has_read_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen in a demo: deadlines went on passing, one record was always on its way, and no verdict came in."""
    asked_of(Bus(6, committed=4, pace=1), monkeypatch)
    assert wait_until_read(SETTINGS, audited_ends(SETTINGS), within_seconds=60) == 0


def test_one_that_does_not_read_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_of(Bus(6, committed=4), monkeypatch)
    assert wait_until_read(SETTINGS, audited_ends(SETTINGS), within_seconds=0.05) == 2

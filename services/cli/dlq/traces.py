"""Looks on the bus for what became of dead letters: sent back before, or settled by other means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from services.cli.bus.dead_letter_record import DeadLetter
from services.cli.bus.header_text import header_texts
from services.cli.bus.kafka_access import partition_of, scan
from services.cli.dlq.verdict import OnTheBus
from shared.events import topics
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.streaming.dead_letters import REPLAYED_FROM
from shared.streaming.records import ConsumerRecord, TopicPartition

_SETTLING = (NotificationSent.event_type, NotificationFailed.event_type)


def look_for(reader: Any, letters: Sequence[DeadLetter]) -> OnTheBus:
    """Read what lies behind each letter's origin, and the outcomes of those that are requests for a message."""
    partitions = {topic: len(reader.partitions_for_topic(topic)) for topic in {each.origin_topic for each in letters}}
    there = [letter for letter in letters if 0 <= letter.origin_partition < partitions[letter.origin_topic]]
    return OnTheBus(frozenset(_replayed(reader, there, partitions)), frozenset(_settled(reader, there)), partitions)


def _replayed(reader: Any, letters: Sequence[DeadLetter], partitions: dict[str, int]) -> Iterator[str]:
    starts = _starts(letters, partitions)
    for record in scan(reader, list(starts), starts):
        reference = header_texts(record.headers).get(REPLAYED_FROM)
        if reference is not None:
            yield reference


def _starts(letters: Sequence[DeadLetter], partitions: dict[str, int]) -> dict[TopicPartition, int]:
    """Where a copy of each letter can lie: in its partition behind itself, or anywhere in that of its key."""
    starts: dict[TopicPartition, int] = {}
    for letter in letters:
        place = TopicPartition(letter.origin_topic, letter.origin_partition)
        starts[place] = min(letter.origin_offset + 1, starts.get(place, letter.origin_offset + 1))
        if letter.goes_by_key:
            by_key = place._replace(partition=partition_of(letter.record.key or b"", partitions[place.topic]))
            starts |= {by_key: 0} if by_key != place else {}
    return starts


def _settled(reader: Any, letters: Sequence[DeadLetter]) -> Iterator[str]:
    """Ids of messages that were sent or failed; outcomes lie in the partition of their requests."""
    requests = [letter for letter in letters if letter.origin_topic == topics.NOTIFICATION_REQUESTS]
    keys = {letter.record.key for letter in requests}
    numbers = sorted({letter.origin_partition for letter in requests})
    for record in scan(reader, [TopicPartition(topics.NOTIFICATION_EVENTS, number) for number in numbers]):
        if record.key in keys and header_texts(record.headers).get("ce_type") in _SETTLING:
            yield _notification_id(record)


def _notification_id(record: ConsumerRecord) -> str:
    """The request's ``ce_id``; empty where the record cannot be read, which matches none."""
    try:
        return str(json.loads(record.value or b"")["notification_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""

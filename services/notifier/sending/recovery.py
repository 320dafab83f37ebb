"""What earlier owners of a partition did about its uncommitted requests, read from ``notifications.events.v1``.

Memory is bounded: only ids among the first ``limit`` uncommitted requests are remembered, and an owner never works
further ahead than that.
"""

from __future__ import annotations

from services.notifier.domain.progress import NOTHING_YET, Progress, follow
from shared.errors import InvalidEvent
from shared.events import topics
from shared.events.envelope import Envelope
from shared.events.notifications import NotificationOutcome
from shared.events.registry import decode
from shared.streaming.broker import Broker
from shared.streaming.records import TopicPartition


def events_partition(requests: TopicPartition) -> TopicPartition:
    """Where the events about the requests of a partition are: the same number, since both are keyed alike."""
    return TopicPartition(topics.NOTIFICATION_EVENTS, requests.partition)


def read_progress(
    broker: Broker, requests: TopicPartition, committed: int, events_start: int, limit: int
) -> dict[str, Progress]:
    """By notification id: how far uncommitted requests got. Requests never attempted are absent."""
    wanted = _uncommitted_ids(broker, requests, committed, limit)
    found: dict[str, Progress] = {}
    if not wanted:
        return found
    for records in broker.read_to_end({events_partition(requests): events_start}):
        for record in records:
            try:
                _, event = decode(record.headers, record.value)
            except InvalidEvent:
                continue  # nothing this service wrote; the auditor reports it
            if isinstance(event, NotificationOutcome) and event.notification_id in wanted:
                found[event.notification_id] = follow(found.get(event.notification_id, NOTHING_YET), event)
    return found


def _uncommitted_ids(broker: Broker, requests: TopicPartition, committed: int, limit: int) -> set[str]:
    """Ids of the first ``limit`` uncommitted requests; a request's ``ce_id`` is its notification id."""
    found: set[str] = set()
    for records in broker.read_to_end({requests: committed}):
        for record in records:
            if len(found) >= limit:
                return found
            try:
                found.add(Envelope.from_headers(record.headers).id)
            except InvalidEvent:
                continue  # becomes a dead letter when it is read
    return found

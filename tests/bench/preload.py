"""Filling topics before a service is started, so that it is measured and not whoever feeds it."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Producer

from shared.events import topics
from shared.events.base import Event
from shared.events.complaint import Complaint
from shared.events.ids import event_id
from shared.events.received import ComplaintSubmitted
from shared.events.registry import encode

Keyed = tuple[str, str, Event]
"""Topic, complaint id, event."""


def submitted(complaints: Iterable[Complaint]) -> Iterable[Keyed]:
    """Complaints as intake writes them."""
    return ((topics.RECEIVED, each.complaint_id, ComplaintSubmitted(complaint=each)) for each in complaints)


def preload(bootstrap_servers: str, events: Iterable[Keyed]) -> int:
    """Write ``events``, acks=all; how many. Raises if one is not acknowledged."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    failures: list[str] = []
    count = 0
    for number, (topic, key, event) in enumerate(events):
        complaint = event.complaint if isinstance(event, ComplaintSubmitted) else None
        now = complaint.ingested_at if complaint else getattr(event, "happened_at")  # noqa: B009  # CaseEvents have it
        value, headers = encode(
            event,
            event_id=event_id(key, event.event_type, str(number)),
            source="/bench",
            subject=key,
            time=now,
            traceparent=None,
        )
        producer.produce(
            topic,
            value,
            key,
            headers=headers,  # type: ignore[arg-type]  # the stub wants str | bytes values
            on_delivery=lambda error, _message: failures.append(error.name()) if error else None,
        )
        producer.poll(0)
        count += 1
    producer.flush(60)
    if failures:
        raise RuntimeError(f"{len(failures)} records were not acknowledged: {failures[0]}")
    return count

"""A changelog of the SLA service with as many open clocks as wanted, as its own decisions and encoding make it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.local.service_process import PROJECT_ROOT
from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.domain.state import ComplaintClocks
from services.sla.processor import SlaProcessor
from shared.events import ids, topics
from shared.events.complaint import Complaint
from shared.events.envelope import Envelope, new_traceparent
from shared.processing import Message
from shared.streaming.rows import encode_row
from tests.bench.complaints import complaints
from tests.bench.journeys import journeys

TEMPLATES = 300
_ENTRIES_UNTIL_DISPATCHED = 3


class StateRow(NamedTuple):
    """One row of the changelog; ``clocks`` of its case are open."""

    key: str
    value: bytes
    clocks: int


def open_clock_rows(clocks: int, run: str) -> Iterator[StateRow]:
    """Dispatched cases with together at least ``clocks`` open clocks, all due in the future.

    Some hundred cases are worked out; the others are these under other ids and ticket numbers.
    """
    now = datetime.now(UTC)
    templates = dispatched_rows(complaints(TEMPLATES, f"{run}-template"))
    for number, (template, ticket) in enumerate(itertools.cycle(list(templates))):
        if clocks <= 0:
            return
        key = ids.complaint_id("web", f"{run}-{number}")
        own_ticket = ids.ticket_number(key, now)
        value = template.value.replace(template.key.encode(), key.encode()).replace(ticket, own_ticket.encode())
        yield StateRow(key, value, template.clocks)
        clocks -= template.clocks


def dispatched_rows(cases: Iterator[Complaint]) -> Iterator[tuple[StateRow, bytes]]:
    """The row of each case once it is registered, assessed and dispatched, and its ticket number."""
    calendars = load_calendars(PROJECT_ROOT / "deploy/config/calendars")
    processor = SlaProcessor(load_policy(PROJECT_ROOT / "deploy/config/sla/policy.yaml", calendars), calendars)
    for case in cases:
        row = _dispatched(processor, case)
        value = encode_row(processor, row).value
        if value is None:
            raise RuntimeError("a dispatched case has a row")
        yield StateRow(case.complaint_id, value, len(row.running)), case.ticket_number.encode()


def _dispatched(processor: SlaProcessor, case: Complaint) -> ComplaintClocks:
    row: ComplaintClocks | None = None
    trace = new_traceparent()
    for topic, key, event in itertools.islice(journeys([case]), _ENTRIES_UNTIL_DISPATCHED):
        envelope = Envelope(
            ids.event_id(key, event.event_type), event.event_type, "/bench", key, case.ingested_at, trace
        )
        step = processor.reduce(row, Message(topic, envelope, event), case.ingested_at)
        if step.refusal is not None:
            raise RuntimeError(f"the SLA service refused a case to measure with: {step.refusal.detail}")
        row = step.state
    if row is None:
        raise RuntimeError("a dispatched case has a row")
    return row


def preload_changelog(bootstrap_servers: str, rows: Iterator[StateRow]) -> tuple[int, int]:
    """Write ``rows`` to the changelog, each to the partition of its key; how many rows and open clocks.

    With them the group's offsets, as a service leaves them: state without any stops it (engine, LostProgress).
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "acks": "all",
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 2_000_000,
            "queue.buffering.max.kbytes": 1_000_000,
        }
    )
    count = clocks = 0
    for row in rows:
        producer.produce(topics.state_topic(SlaProcessor.name), row.value, row.key)
        producer.poll(0)
        count, clocks = count + 1, clocks + row.clocks
    if producer.flush(60):
        raise RuntimeError("changelog rows were not acknowledged within a minute")
    _commit_starts(bootstrap_servers)
    return count, clocks


def _commit_starts(bootstrap_servers: str) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": SlaProcessor.name})
    places = itertools.product(SlaProcessor.input_topics, range(topics.PARTITIONS))
    consumer.commit(offsets=[TopicPartition(topic, number, 0) for topic, number in places], asynchronous=False)
    consumer.close()

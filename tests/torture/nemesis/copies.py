"""Asks the auditor to put submissions on the log again although none is lost, so that it can be killed at it.

Harmless: a copy is the same submission once more, and the router drops it as a duplicate. The auditor itself asks only
when a submission was lost, which a sound bus never sees.
"""

from __future__ import annotations

import contextlib
import time
from contextlib import closing
from datetime import datetime

from shared.errors import BrokerUnavailable, InvalidEvent
from shared.events import ids, registry
from shared.events.audit import RecordOrigin, ReinjectionRequested
from shared.events.received import ComplaintSubmitted
from shared.events.topics import AUDIT_EVENTS, PARTITIONS, RECEIVED
from shared.streaming.broker import Broker
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

READ_SECONDS = 2.0
WRITE_SECONDS = 5.0


def ask_for_copies(broker: Broker, now: datetime, partitions: int = PARTITIONS) -> None:
    """One request for each partition that has a submission: some go to every instance of the auditor.

    ``now`` is the bus's time. While the brokers are away nothing is asked for.
    """
    with contextlib.suppress(BrokerUnavailable), closing(broker.producer()) as producer:
        for partition in range(partitions):
            record = _first_submission(broker, partition)
            if record is not None:
                producer.send(request_for(record, now), lambda _error: None)
        producer.flush(WRITE_SECONDS)


def request_for(record: ConsumerRecord, now: datetime) -> ProducerRecord:
    """The request as the auditor would write it, for this submission alone."""
    complaint_id = (record.key or b"").decode()
    request = ReinjectionRequested(
        complaint_id=complaint_id,
        origins=(RecordOrigin(partition=record.partition, offset=record.offset),),
        attempt=1,
        requested_at=now,
    )
    event_id = ids.event_id(complaint_id, request.event_type, f"torture/{now.isoformat()}")
    value, headers = registry.encode(
        request, event_id=event_id, source="/torture", subject=complaint_id, time=now, traceparent=None
    )
    return ProducerRecord(AUDIT_EVENTS, record.key, value, headers)


def _first_submission(broker: Broker, partition: int) -> ConsumerRecord | None:
    deadline = time.monotonic() + READ_SECONDS
    for records in broker.read_to_end({TopicPartition(RECEIVED, partition): 0}):
        for record in records:
            if is_submission(record):
                return record
        if time.monotonic() >= deadline:
            return None
    return None


def is_submission(record: ConsumerRecord) -> bool:
    """Whether it is a complaint that can be read: neither poison nor a later message."""
    try:
        _, event = registry.decode(record.headers, record.value)
    except InvalidEvent:
        return False
    return isinstance(event, ComplaintSubmitted)

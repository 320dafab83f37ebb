"""A department's own client: reads its queue, writes what it did. Pure Python, independent of the services.

It is what a department would write for itself; nothing in here knows how the bus works inside. Its topics are the
only ones it touches, which is also all its ACL allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafka.errors import AuthorizationError, KafkaError

from services.cli.bus.kafka_access import all_partitions, open_reader, open_writer, scan, to_kafka, to_record
from services.cli.bus.kafka_rights import require_visible
from shared.clock import Clock
from shared.errors import BrokerUnavailable, ComplaintBusError, ConfigurationError
from shared.events import ids, registry, topics
from shared.events.departments import DepartmentUpdate
from shared.events.envelope import new_traceparent
from shared.events.journey import department_of_queue
from shared.settings import KafkaSettings
from shared.streaming.records import ConsumerRecord

ACKNOWLEDGED_WITHIN_SECONDS = 15.0
POLL_MS = 200


@dataclass(frozen=True, slots=True)
class WrittenUpdate:
    """Where an update is on the bus, once all replicas have it."""

    event_id: str
    topic: str
    partition: int
    offset: int


class DepartmentUpdates:
    """Writes updates of any department this process may write for. One Kafka producer behind it."""

    def __init__(self, settings: KafkaSettings, clock: Clock) -> None:
        self._writer = open_writer(settings)
        self._clock = clock

    def send(self, department: str, update: DepartmentUpdate) -> Any:
        """Queue an update; returns kafka-python's future."""
        event_id = update_id(department, update)
        value, headers = registry.encode(
            update,
            event_id=event_id,
            source=f"/departments/{department}",
            subject=update.complaint_id,
            time=self._clock.now(),
            traceparent=new_traceparent(),
        )
        topic = topics.department_updates_topic(department)
        return self._writer.send(topic, key=update.complaint_id.encode(), value=value, headers=headers)

    def report(self, department: str, update: DepartmentUpdate) -> WrittenUpdate:
        """Write an update and wait until it is durable; raises BrokerUnavailable when that is not certain."""
        topic = topics.department_updates_topic(department)
        try:
            written = self.send(department, update).get(timeout=ACKNOWLEDGED_WITHIN_SECONDS)
        except AuthorizationError:  # said in words where every command's are
            raise
        except KafkaError as failure:
            raise BrokerUnavailable(
                f"{topic} did not confirm the update ({type(failure).__name__}); does the topic exist? Sending it "
                "again is safe: the same update has the same id"
            ) from None
        return WrittenUpdate(update_id(department, update), topic, written.partition, written.offset)

    def flush(self, timeout_seconds: float) -> None:
        """Wait for everything queued."""
        self._writer.flush(timeout=timeout_seconds)

    def close(self) -> None:
        """Flush briefly and let go."""
        self._writer.close(timeout=5)


def update_id(department: str, update: DepartmentUpdate) -> str:
    """The ``ce_id`` of an update: the same report of the same instant is the same update, however often it is sent."""
    instant = update.happened_at.isoformat()
    return ids.event_id(update.complaint_id, update.event_type, f"{department}/{update.action}/{instant}")


def require_department(settings: KafkaSettings, reader: Any, department: str) -> None:
    """Raise at once, naming what there is, where ``department`` has no topics, or none that may be seen."""
    seen = set(reader.topics())
    expected = (
        topics.department_topic(department),
        topics.department_updates_topic(department),
        topics.department_dead_letter_topic(department),
    )
    missing = [name for name in expected if name not in seen]
    if not missing:
        return
    require_visible(settings, missing, seen)
    known = sorted(filter(None, map(department_of_queue, seen)))
    raise ConfigurationError(
        f"there is no department {department!r}: topic {missing[0]} does not exist; departments here: "
        f"{', '.join(known) or 'none'} ('python -m deploy.topics' makes their topics)"
    )


class DepartmentQueue:
    """Reads one department's queue, oldest first within a complaint."""

    def __init__(self, settings: KafkaSettings, department: str, group_id: str | None = None) -> None:
        """With ``group_id``: a member of that group, which continues where the group stopped."""
        self._topic = topics.department_topic(department)
        self._group_id = group_id
        self._reader = open_reader(settings, group_id)
        try:
            require_department(settings, self._reader, department)
        except ComplaintBusError:
            self._reader.close()
            raise

    def present(self) -> Iterator[ConsumerRecord]:
        """What is in the queue now, from its start."""
        yield from scan(self._reader, all_partitions(self._reader, [self._topic]))

    def follow(self, *, only_new: bool = False) -> Iterator[ConsumerRecord]:
        """What is in the queue and whatever arrives, for ever. A group's offsets are committed after each batch."""
        self._begin(only_new)
        while True:
            for records in self._reader.poll(timeout_ms=POLL_MS).values():
                yield from (to_record(record) for record in records)
            if self._group_id is not None:
                self._reader.commit()

    def _begin(self, only_new: bool) -> None:
        if self._group_id is not None:
            self._reader.subscribe([self._topic])
            return
        partitions = [to_kafka(partition) for partition in all_partitions(self._reader, [self._topic])]
        self._reader.assign(partitions)
        start = self._reader.seek_to_end if only_new else self._reader.seek_to_beginning
        start(*partitions)

    def close(self) -> None:
        """Leave the group, if any."""
        self._reader.close()

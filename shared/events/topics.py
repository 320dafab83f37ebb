"""Every topic of the bus, declared once: what is in it, how long it stays; who writes and reads it says ``clients``.

``deploy/topics`` creates them, the AsyncAPI document and ``docs/topics.md`` are made from them. The names come from
``topic_names`` and can be had here, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Literal

from shared.events import audit, clients, departments, insight, lifecycle, notifications, received, sla
from shared.events.base import Event
from shared.events.topic_names import AUDIT_EVENTS as AUDIT_EVENTS
from shared.events.topic_names import INSIGHT_ALERTS as INSIGHT_ALERTS
from shared.events.topic_names import LIFECYCLE as LIFECYCLE
from shared.events.topic_names import NOTIFICATION_EVENTS as NOTIFICATION_EVENTS
from shared.events.topic_names import NOTIFICATION_REQUESTS as NOTIFICATION_REQUESTS
from shared.events.topic_names import RECEIVED as RECEIVED
from shared.events.topic_names import SLA_EVENTS as SLA_EVENTS
from shared.events.topic_names import belongs_to_a_department as belongs_to_a_department
from shared.events.topic_names import dead_letter_topic as dead_letter_topic
from shared.events.topic_names import department_dead_letter_topic as department_dead_letter_topic
from shared.events.topic_names import department_of_updates_topic as department_of_updates_topic
from shared.events.topic_names import department_topic as department_topic
from shared.events.topic_names import department_updates_topic as department_updates_topic
from shared.events.topic_names import is_written_by_outsiders as is_written_by_outsiders
from shared.events.topic_names import state_topic as state_topic

PARTITIONS = 12
"""All topics keyed by complaint_id have this many, so partition i of each has one owner. Never change on a live bus."""

_DAY_MS = 86_400_000
OUTSIDERS_KEPT_FOR = timedelta(days=90)
"""What departments write."""
_NO_CONFIG: Mapping[str, str] = MappingProxyType({})
_COMPACTED: Mapping[str, str] = MappingProxyType(
    {
        "min.cleanable.dirty.ratio": "0.1",
        "segment.ms": "3600000",
        "segment.bytes": "67108864",
        "delete.retention.ms": "86400000",
    }
)
LARGEST_RECORD_BYTES = 1_000_000
"""Key and value of what the bus itself writes: the 1,048,588 bytes a broker takes by default, less room for headers."""
LARGEST_DEAD_LETTER_BYTES = 1_200_000
"""A record as large as a broker takes by default (1,048,588 bytes), and why it is here: else it could never leave."""
_DEAD_LETTER_CONFIG: Mapping[str, str] = MappingProxyType({"max.message.bytes": str(LARGEST_DEAD_LETTER_BYTES)})
TIMESTAMP_TYPE = "message.timestamp.type"
LOG_APPEND_TIME = "LogAppendTime"
_OUTSIDERS_CONFIG: Mapping[str, str] = MappingProxyType({TIMESTAMP_TYPE: LOG_APPEND_TIME})
"""The broker deletes by a record's timestamp: on topics others write, its own clock gives it, not theirs."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. ``retention_ms`` None with ``delete`` means for ever."""

    name: str
    description: str
    events: tuple[type[Event], ...]
    meant_for: str | None = None
    """Whom it is written for; named first among its readers."""
    reserved: tuple[type[Event], ...] = ()
    """Events that nobody writes yet; readers that need them handle them already."""
    partitions: int = PARTITIONS
    cleanup_policy: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = None
    config: Mapping[str, str] = field(default_factory=lambda: _NO_CONFIG)

    @property
    def writer(self) -> str:
        """The one client that writes it, there or planned."""
        return clients.writer_of(self.name)

    @property
    def copied_by(self) -> str | None:
        """Who else writes it: copies of what the writer wrote, byte for byte under the same id (decision 0008)."""
        return clients.copier_of(self.name)

    @property
    def readers(self) -> tuple[str, ...]:
        """Who reads it today."""
        return tuple(sorted(clients.readers_of(self.name), key=lambda reader: reader != self.meant_for))

    @property
    def planned_readers(self) -> tuple[str, ...]:
        """Who is to read it, and does not yet."""
        return clients.planned_readers_of(self.name)

    @property
    def is_written(self) -> bool:
        """False while its writer is only planned."""
        return not self.events or len(self.reserved) < len(self.events)


def bus_topics(department_ids: Sequence[str]) -> tuple[Topic, ...]:
    """All topics of a bus with these departments."""
    return (*_SHARED_TOPICS, *(topic for dept in department_ids for topic in _department_topics(dept)))


@cache
def recorded_partitions(name: str) -> int | None:
    """How many partitions the bus reckons with, whatever the cluster has; None for a topic that is not of the bus.

    Writers place keys by this number and state is kept by it: a partition more holds nothing, one less is refused.
    """
    if belongs_to_a_department(name):
        return PARTITIONS
    return next((topic.partitions for topic in _SHARED_TOPICS if topic.name == name), None)


def belongs_to_bus(name: str) -> bool:
    """True for every topic of a bus, whatever its departments."""
    return belongs_to_a_department(name) or any(name == topic.name for topic in _SHARED_TOPICS)


def _department_topics(department: str) -> tuple[Topic, ...]:
    queue = Topic(
        department_topic(department),
        f"Assignments for {department}.",
        (
            departments.AssignmentDispatched,
            departments.AssignmentSupplemented,
            departments.AssignmentUrged,
            departments.AssignmentCancelled,
            departments.MessageRefused,
        ),
        meant_for=department,
        retention_ms=90 * _DAY_MS,
    )
    updates = Topic(
        department_updates_topic(department),
        f"What {department} did.",
        (departments.DepartmentUpdate,),
        retention_ms=OUTSIDERS_KEPT_FOR.days * _DAY_MS,
        config=_OUTSIDERS_CONFIG,
    )
    refused = Topic(
        department_dead_letter_topic(department),
        f"Updates of {department} that were refused, byte for byte, with the reason.",
        (),
        meant_for=department,
        retention_ms=365 * _DAY_MS,
        config=_DEAD_LETTER_CONFIG,
    )
    return queue, updates, refused


def _state(service: str) -> Topic:
    return Topic(
        state_topic(service),
        f"Changelog of {service}: one row per complaint.",
        (),
        cleanup_policy="compact",
        config=_COMPACTED,
    )


def _dead_letters(service: str) -> Topic:
    what = "What no channel of intake can read" if service == "intake" else f"Records {service} could not handle"
    return Topic(
        dead_letter_topic(service),
        f"{what}, byte for byte, with reason and origin.",
        (),
        meant_for=clients.OPERATORS,
        retention_ms=365 * _DAY_MS,
        config=_DEAD_LETTER_CONFIG,
    )


_SHARED_TOPICS = (
    Topic(
        RECEIVED,
        "What consumers said, once durable.",
        (
            received.ComplaintSubmitted,
            received.ComplaintSupplemented,
            received.ComplaintWithdrawn,
            received.ComplaintUrged,
            received.SurveyAnswered,
        ),
        retention_ms=30 * _DAY_MS,
    ),
    Topic(
        LIFECYCLE,
        "The case log: the history of every case, in order.",
        tuple(lifecycle.CaseEvents.__args__),
        reserved=(lifecycle.ComplaintRejected,),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        SLA_EVENTS,
        "What the clocks did.",
        tuple(sla.ClockEvents.__args__),
        reserved=(sla.ClockEscalated,),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        NOTIFICATION_REQUESTS,
        "Messages to be sent.",
        (notifications.NotificationRequested,),
        retention_ms=30 * _DAY_MS,
    ),
    Topic(
        NOTIFICATION_EVENTS,
        "What came of each message.",
        tuple(notifications.NotificationEvents.__args__),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        AUDIT_EVENTS,
        "Holes in the ledger, found and closed; submissions to be put on the log again.",
        tuple(audit.AuditEvents.__args__),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        INSIGHT_ALERTS,
        "More complaints of one kind than is usual: mass incidents and surges.",
        (insight.AlertRaised,),
        reserved=(insight.AlertRaised,),
        retention_ms=400 * _DAY_MS,
    ),
    *(_state(client.name) for client in clients.SERVICES if client.state is not None),
    *(
        _dead_letters(client.name)
        for client in clients.SERVICES
        if dead_letter_topic(client.name) in clients.DEAD_LETTERS
    ),
)

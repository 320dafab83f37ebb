"""Every topic of the bus, declared once: who writes, who reads, what is in it, how long it stays.

``deploy/topics`` creates them, the AsyncAPI document and ``docs/topics.md`` are made from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Literal

from shared.events import audit, departments, insight, lifecycle, notifications, received, sla
from shared.events.base import Event

PARTITIONS = 12
"""All topics keyed by complaint_id have this many, so partition i of each has one owner. Never change on a live bus."""

RECEIVED = "complaints.received.v1"
LIFECYCLE = "complaints.lifecycle.v1"
SLA_EVENTS = "sla.events.v1"
NOTIFICATION_REQUESTS = "notifications.requests.v1"
NOTIFICATION_EVENTS = "notifications.events.v1"
AUDIT_EVENTS = "audit.events.v1"
INSIGHT_ALERTS = "insight.alerts.v1"

_DEPARTMENTS = "departments."
_UPDATES = ".updates.v1"
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
    """One topic. ``retention_ms`` None with ``delete`` means for ever; ``planned_readers`` do not read it yet."""

    name: str
    description: str
    events: tuple[type[Event], ...]
    writer: str
    readers: tuple[str, ...]
    planned_readers: tuple[str, ...] = ()
    copied_by: str | None = None
    """Who else writes it: copies of what the writer wrote, byte for byte under the same id (decision 0008)."""
    reserved: tuple[type[Event], ...] = ()
    """Events that nobody writes yet; readers that need them handle them already."""
    partitions: int = PARTITIONS
    cleanup_policy: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = None
    config: Mapping[str, str] = field(default_factory=lambda: _NO_CONFIG)

    @property
    def is_written(self) -> bool:
        """False while its writer is only planned."""
        return not self.events or len(self.reserved) < len(self.events)


def department_topic(department: str) -> str:
    """The queue of one department."""
    return f"departments.{department}.v1"


def department_updates_topic(department: str) -> str:
    """Where one department writes what it did; only it may write there."""
    return f"departments.{department}.updates.v1"


def department_of_updates_topic(topic: str) -> str:
    """Whose updates these are: the department is known by the topic it may write to."""
    return topic.removeprefix("departments.").removesuffix(".updates.v1")


def state_topic(service: str) -> str:
    """The changelog of a service's state, keyed like its input."""
    return f"{service}.state.v1"


def dead_letter_topic(service: str) -> str:
    """Where a service puts what it cannot handle: original bytes and headers, reason, origin."""
    return f"{service}.dead-letters.v1"


def department_dead_letter_topic(department: str) -> str:
    """Where a department finds its updates that were refused, each with the reason."""
    return f"departments.{department}.dead-letters.v1"


def bus_topics(department_ids: Sequence[str]) -> tuple[Topic, ...]:
    """All topics of a bus with these departments."""
    return (*_SHARED_TOPICS, *(topic for dept in department_ids for topic in _department_topics(dept)))


@cache
def recorded_partitions(name: str) -> int | None:
    """How many partitions the bus reckons with, whatever the cluster has; None for a topic that is not of the bus.

    Writers place keys by this number and state is kept by it: a partition more holds nothing, one less is refused.
    """
    if name.startswith(_DEPARTMENTS):
        return PARTITIONS
    return next((topic.partitions for topic in _SHARED_TOPICS if topic.name == name), None)


def is_written_by_outsiders(name: str) -> bool:
    """True for topics a department writes, with a client and a clock of its own."""
    return name.startswith(_DEPARTMENTS) and name.endswith(_UPDATES)


def belongs_to_bus(name: str) -> bool:
    """True for every topic of a bus, whatever its departments."""
    return name.startswith(_DEPARTMENTS) or any(name == topic.name for topic in _SHARED_TOPICS)


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
        writer="router",
        readers=(department, "auditor"),
        retention_ms=90 * _DAY_MS,
    )
    updates = Topic(
        department_updates_topic(department),
        f"What {department} did.",
        (departments.DepartmentUpdate,),
        writer=department,
        readers=("router",),
        retention_ms=OUTSIDERS_KEPT_FOR.days * _DAY_MS,
        config=_OUTSIDERS_CONFIG,
    )
    refused = Topic(
        department_dead_letter_topic(department),
        f"Updates of {department} that were refused, byte for byte, with the reason.",
        (),
        writer="router",
        readers=(department, "operators"),
        retention_ms=365 * _DAY_MS,
        config=_DEAD_LETTER_CONFIG,
    )
    return queue, updates, refused


def _state(service: str) -> Topic:
    return Topic(
        state_topic(service),
        f"Changelog of {service}: one row per complaint.",
        (),
        writer=service,
        readers=(service,),
        cleanup_policy="compact",
        config=_COMPACTED,
    )


def _dead_letters(service: str) -> Topic:
    return Topic(
        dead_letter_topic(service),
        f"Records {service} could not handle, byte for byte, with reason and origin.",
        (),
        writer=service,
        readers=("operators",) if service == "auditor" else ("operators", "auditor"),
        retention_ms=365 * _DAY_MS,
        config=_DEAD_LETTER_CONFIG,
    )


_PROCESSORS = ("router", "sla", "notifier", "auditor")

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
        writer="intake",
        copied_by="auditor",
        readers=("router", "sla", "auditor", "intake"),
        retention_ms=30 * _DAY_MS,
    ),
    Topic(
        LIFECYCLE,
        "The case log: the history of every case, in order.",
        tuple(lifecycle.CaseEvents.__args__),
        writer="router",
        readers=("sla", "notifier", "auditor"),
        planned_readers=("portal", "insight"),
        reserved=(lifecycle.ComplaintRejected,),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        SLA_EVENTS,
        "What the clocks did.",
        tuple(sla.ClockEvents.__args__),
        writer="sla",
        readers=("notifier", "auditor"),
        planned_readers=("router", "portal", "insight"),
        reserved=(sla.ClockEscalated,),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        NOTIFICATION_REQUESTS,
        "Messages to be sent.",
        (notifications.NotificationRequested,),
        writer="notifier",
        readers=("notifier", "auditor"),
        retention_ms=30 * _DAY_MS,
    ),
    Topic(
        NOTIFICATION_EVENTS,
        "What came of each message.",
        tuple(notifications.NotificationEvents.__args__),
        writer="notifier",
        readers=("notifier", "auditor"),
        planned_readers=("router", "portal"),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        AUDIT_EVENTS,
        "Holes in the ledger, found and closed; submissions to be put on the log again.",
        tuple(audit.AuditEvents.__args__),
        writer="auditor",
        readers=("auditor", "operators"),
        retention_ms=400 * _DAY_MS,
    ),
    Topic(
        INSIGHT_ALERTS,
        "More complaints of one kind than is usual: mass incidents and surges.",
        (insight.AlertRaised,),
        writer="insight",
        readers=(),
        planned_readers=("router", "notifier", "portal"),
        reserved=(insight.AlertRaised,),
        retention_ms=400 * _DAY_MS,
    ),
    *(_state(service) for service in _PROCESSORS),
    *(_dead_letters(service) for service in _PROCESSORS),
)

"""The names of all topics, and what a name tells: whose it is, and of what kind. Pure text, for anybody to use."""

from __future__ import annotations

RECEIVED = "complaints.received.v1"
LIFECYCLE = "complaints.lifecycle.v1"
SLA_EVENTS = "sla.events.v1"
NOTIFICATION_REQUESTS = "notifications.requests.v1"
NOTIFICATION_EVENTS = "notifications.events.v1"
AUDIT_EVENTS = "audit.events.v1"
INSIGHT_ALERTS = "insight.alerts.v1"

_DEPARTMENTS = "departments."
_QUEUE = ".v1"
_UPDATES = ".updates.v1"
_DEAD_LETTERS = ".dead-letters.v1"


def department_topic(department: str) -> str:
    """The queue of one department."""
    return f"{_DEPARTMENTS}{department}{_QUEUE}"


def department_updates_topic(department: str) -> str:
    """Where one department writes what it did; only it may write there."""
    return f"{_DEPARTMENTS}{department}{_UPDATES}"


def department_dead_letter_topic(department: str) -> str:
    """Where a department finds its updates that were refused, each with the reason."""
    return f"{_DEPARTMENTS}{department}{_DEAD_LETTERS}"


def department_of_updates_topic(topic: str) -> str:
    """Whose updates these are: the department is known by the topic it may write to."""
    return topic.removeprefix(_DEPARTMENTS).removesuffix(_UPDATES)


def department_of(topic: str) -> str | None:
    """Whose queue, updates or dead letters these are; None for a topic that is no department's."""
    if not topic.startswith(_DEPARTMENTS):
        return None
    rest = topic.removeprefix(_DEPARTMENTS)
    for end in (_UPDATES, _DEAD_LETTERS, _QUEUE):
        if rest.endswith(end):
            return rest.removesuffix(end)
    return None


def state_topic(service: str) -> str:
    """The changelog of a service's state, keyed like its input."""
    return f"{service}.state.v1"


def dead_letter_topic(service: str) -> str:
    """Where a service puts what it cannot handle: original bytes and headers, reason, origin."""
    return f"{service}{_DEAD_LETTERS}"


def belongs_to_a_department(name: str) -> bool:
    """True for the queue, the updates and the dead letters of a department, whichever it is."""
    return name.startswith(_DEPARTMENTS)


def is_written_by_outsiders(name: str) -> bool:
    """True for topics a department writes, with a client and a clock of its own."""
    return belongs_to_a_department(name) and name.endswith(_UPDATES)

"""A complaint's way over the bus, told from the names of topics alone: what is on one, whose it is, what comes next.

For those who read the bus as a whole and need no list of departments: every queue names its own.
"""

from __future__ import annotations

from shared.events import topics

_SHARED = (
    topics.RECEIVED,
    topics.LIFECYCLE,
    topics.SLA_EVENTS,
    topics.NOTIFICATION_REQUESTS,
    topics.NOTIFICATION_EVENTS,
    topics.AUDIT_EVENTS,
    topics.INSIGHT_ALERTS,
)
_DEPARTMENTS = "departments."
_DEAD_LETTERS = topics.dead_letter_topic("")


def tells_of_complaints(topic: str) -> bool:
    """True for topics of the bus that carry events or dead letters, false for state and for what is not of the bus."""
    return topic in _SHARED or topic.startswith(_DEPARTMENTS) or is_dead_letter_topic(topic)


def is_dead_letter_topic(topic: str) -> bool:
    """True for ``<service>.dead-letters.v1`` and ``departments.<dept>.dead-letters.v1``."""
    return topic.endswith(_DEAD_LETTERS)


def department_of_queue(topic: str) -> str | None:
    """The department whose queue this is; None for any other topic, those it writes and is refused on among them."""
    parts = topic.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == "departments" and parts[2] == "v1" else None


def department_of_updates(topic: str) -> str | None:
    """The department that reports on this topic; None for any other topic."""
    return topics.department_of_updates_topic(topic) if topics.is_written_by_outsiders(topic) else None


def stage_of(topic: str) -> int:
    """Where in a complaint's journey a topic stands; orders records of the same instant."""
    if topic == topics.RECEIVED:
        return 0
    if topic == topics.LIFECYCLE:
        return 1
    if department_of_queue(topic) is not None:
        return 2
    if topic.startswith(_DEPARTMENTS):
        return 3
    return 4 + (_SHARED.index(topic) if topic in _SHARED else len(_SHARED))

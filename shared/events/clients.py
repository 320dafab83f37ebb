"""The one list of who is on the bus: what each client reads and writes, by which groups, transactional or not.

Whatever names services, groups or rights follows from it: readers and writers of topics, crash points, what the demo
and ``cbus up`` start, the torture, access rules. Where a file cannot follow (``deploy/compose.yaml``, the import
contracts in ``pyproject.toml``) a test holds it to the list, and another one the services themselves: what they really
subscribe to and write. A new service is one entry here and one folder under ``services/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.events.topic_names import (
    AUDIT_EVENTS,
    INSIGHT_ALERTS,
    LIFECYCLE,
    NOTIFICATION_EVENTS,
    NOTIFICATION_REQUESTS,
    RECEIVED,
    SLA_EVENTS,
    dead_letter_topic,
    department_dead_letter_topic,
    department_of,
    department_topic,
    department_updates_topic,
    state_topic,
)

EACH_DEPARTMENT: Final = "<department>"
"""Stands for every department in the names below: each has topics of its own, and how many there are is no matter."""
OPERATORS: Final = "operators"
EVERY_GROUP: Final = "*"
SENDER_GROUP: Final = "notifier-sender"
REINJECTION_GROUP: Final = "auditor-reinjection"
RECEIPTS_GROUP: Final = "intake-receipts"


class Group(NamedTuple):
    """A consumer group and what its members subscribe to."""

    id: str
    reads: tuple[str, ...]
    of_each_process: bool = False
    """Every process has one for itself, ``<id>-<instance id>``, and so reads everything."""


@dataclass(frozen=True, slots=True)
class Client:
    """One program of the bus, or one kind of them; its name is also its folder, and its user where Kafka asks for one.

    Topics of departments are named with ``EACH_DEPARTMENT``; ``topics_of`` puts an id in its place.
    """

    name: str
    groups: tuple[Group, ...] = ()
    looks_up: tuple[str, ...] = ()
    """Read from a place to the end, without a group."""
    writes: tuple[str, ...] = ()
    """A topic has one writer."""
    copies: tuple[str, ...] = ()
    """Another's topics it puts copies on: what was written there, byte for byte under the same id (decision 0008)."""
    state: str | None = None
    """The changelog that it alone reads and writes."""
    transactional: bool = False
    """It runs in the engine: group and transactional ids begin with its name (``<name>-<instance id>``)."""
    asks: tuple[str, ...] = ()
    """Groups of others whose offsets it asks for; ``EVERY_GROUP``: of all there are."""
    observes: bool = False
    """It stands beside the bus and may be stopped without harm; else complaints wait for it."""
    will_read: tuple[str, ...] = ()
    """By the design, but not yet."""
    will_write: tuple[str, ...] = ()
    """By the design, but not yet: they are there already, and it is not held up where they are not."""

    @property
    def reads(self) -> tuple[str, ...]:
        """All it reads, each once."""
        subscribed = (topic for group in self.groups for topic in group.reads)
        own = () if self.state is None else (self.state,)
        return tuple(dict.fromkeys((*subscribed, *self.looks_up, *own)))

    @property
    def produces(self) -> tuple[str, ...]:
        """All it writes, each once."""
        own = () if self.state is None else (self.state,)
        return tuple(dict.fromkeys((*self.writes, *own, *self.copies)))


SERVICES: Final = (
    Client(
        "router",
        groups=(Group("router", (RECEIVED, department_updates_topic(EACH_DEPARTMENT))),),
        writes=(
            LIFECYCLE,
            department_topic(EACH_DEPARTMENT),
            department_dead_letter_topic(EACH_DEPARTMENT),
            dead_letter_topic("router"),
        ),
        state=state_topic("router"),
        transactional=True,
        will_read=(SLA_EVENTS, NOTIFICATION_EVENTS, INSIGHT_ALERTS),
    ),
    Client(
        "sla",
        groups=(Group("sla", (RECEIVED, LIFECYCLE)),),
        writes=(SLA_EVENTS, dead_letter_topic("sla")),
        state=state_topic("sla"),
        transactional=True,
    ),
    Client(
        "notifier",
        groups=(Group("notifier", (LIFECYCLE, SLA_EVENTS)), Group(SENDER_GROUP, (NOTIFICATION_REQUESTS,))),
        looks_up=(NOTIFICATION_REQUESTS, NOTIFICATION_EVENTS),
        writes=(NOTIFICATION_REQUESTS, NOTIFICATION_EVENTS, dead_letter_topic("notifier")),
        state=state_topic("notifier"),
        transactional=True,
        will_read=(INSIGHT_ALERTS,),
    ),
    Client(
        "auditor",
        groups=(
            Group(
                "auditor",
                (
                    RECEIVED,
                    LIFECYCLE,
                    SLA_EVENTS,
                    NOTIFICATION_REQUESTS,
                    NOTIFICATION_EVENTS,
                    department_topic(EACH_DEPARTMENT),
                    dead_letter_topic("router"),
                    dead_letter_topic("sla"),
                    dead_letter_topic("notifier"),
                ),
            ),
            Group(REINJECTION_GROUP, (AUDIT_EVENTS,)),
        ),
        looks_up=(RECEIVED,),
        writes=(AUDIT_EVENTS, dead_letter_topic("auditor")),
        copies=(RECEIVED,),
        state=state_topic("auditor"),
        transactional=True,
        asks=("router", EVERY_GROUP),
        observes=True,
    ),
    Client(
        "intake",
        groups=(Group(RECEIPTS_GROUP, (RECEIVED,), of_each_process=True),),
        writes=(RECEIVED,),
        will_write=(dead_letter_topic("intake"),),
    ),
)
"""All services, in the order in which a complaint comes to them; the door, which is to open last, is the last."""

PLANNED: Final = (
    Client("portal", observes=True, will_read=(LIFECYCLE, SLA_EVENTS, NOTIFICATION_EVENTS, INSIGHT_ALERTS)),
    Client("insight", writes=(INSIGHT_ALERTS,), observes=True, will_read=(LIFECYCLE, SLA_EVENTS)),
)
"""Services by the design that are not there yet."""

DEAD_LETTERS: Final = tuple(
    dead_letter_topic(each.name)
    for each in SERVICES
    if dead_letter_topic(each.name) in (*each.writes, *each.will_write)
)
"""Where services put what they cannot handle."""

_PEOPLE: Final = (
    Client(
        OPERATORS,
        looks_up=(
            *DEAD_LETTERS,
            AUDIT_EVENTS,
            department_dead_letter_topic(EACH_DEPARTMENT),
        ),
    ),
    Client(
        EACH_DEPARTMENT,
        looks_up=(department_topic(EACH_DEPARTMENT), department_dead_letter_topic(EACH_DEPARTMENT)),
        writes=(department_updates_topic(EACH_DEPARTMENT),),
    ),
)

CLIENTS: Final = (*SERVICES, *PLANNED, *_PEOPLE)
"""Everybody. Operators are listed with what is written for them; their tools may look at every topic. Departments read
with clients of their own, by groups of their own."""

PROCESSORS: Final = tuple(each.name for each in SERVICES if each.transactional)
"""Names of the services that run in the engine."""

WAITED_FOR: Final = tuple(each.name for each in SERVICES if each.transactional and not each.observes)
"""Those of them that complaints wait for."""


def service(name: str) -> Client:
    """The entry of a service. KeyError: there is none."""
    return {each.name: each for each in SERVICES}[name]


def subscription(group: str) -> tuple[str, ...]:
    """What the members of a service's group subscribe to. KeyError: there is no such group."""
    return {each.id: each.reads for client in SERVICES for each in client.groups}[group]


def subscriptions(clients: Iterable[Client], departments: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The groups that commit what they have read, and what that is; one of a single process keeps its place itself."""
    ids = tuple(departments)
    groups = (group for client in clients for group in client.groups if not group.of_each_process)
    return {group.id: topics_of(group.reads, ids) for group in groups}


def topics_of(names: Iterable[str], departments: Iterable[str]) -> tuple[str, ...]:
    """``names`` with those of departments written out, in the order of ``departments`` (ids)."""
    ids = tuple(departments)
    return tuple(topic for name in names for topic in _written_out(name, ids))


def writer_of(topic: str) -> str:
    """Name of the one client that writes ``topic``, planned or there. KeyError: nobody does."""
    for name in _named(topic, lambda client: (*client.writes, *client.will_write, *filter(None, [client.state]))):
        return name
    raise KeyError(topic)


def readers_of(topic: str) -> tuple[str, ...]:
    """Names of those that read ``topic``, in the order of the list; whom a topic is meant for is the topic's to say."""
    return tuple(_named(topic, lambda client: client.reads))


def planned_readers_of(topic: str) -> tuple[str, ...]:
    """Names of those that are to read it by the design, and do not yet."""
    return tuple(_named(topic, lambda client: client.will_read))


def copier_of(topic: str) -> str | None:
    """Name of the one that puts copies on it, if there is one."""
    return next(_named(topic, lambda client: client.copies), None)


def _named(topic: str, uses: Callable[[Client], tuple[str, ...]]) -> Iterator[str]:
    department = department_of(topic)
    listed = topic if department is None else topic.replace(f".{department}.", f".{EACH_DEPARTMENT}.", 1)
    for client in CLIENTS:
        if listed in uses(client):
            yield department if client.name == EACH_DEPARTMENT and department is not None else client.name


def _written_out(name: str, departments: tuple[str, ...]) -> tuple[str, ...]:
    if EACH_DEPARTMENT not in name:
        return (name,)
    return tuple(name.replace(EACH_DEPARTMENT, department) for department in departments)

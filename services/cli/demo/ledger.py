"""The demo's books: what is on the bus, counted record by record, and whether it adds up.

Fed by an independent reader, it knows nothing of what the services say about themselves. *Lost*: accepted at the
door, but neither in a department's queue nor rejected with a reason; or promised to a department and not in its
queue. *Duplicated*: the same event twice on a topic that is written exactly once, or an assignment twice in a queue.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from services.cli.bus.header_text import header_texts
from shared.events import topics
from shared.events.journey import department_of_queue, is_dead_letter_topic
from shared.streaming.records import ConsumerRecord

_EXACTLY_ONCE_TOPICS = (topics.LIFECYCLE, topics.SLA_EVENTS, topics.NOTIFICATION_REQUESTS)
_FINISHED = frozenset({"complaint.resolved.v1", "complaint.closed.v1", "complaint.rejected.v1"})
_ENDED_OTHERWISE = "complaint.withdrawal_registered.v1"


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """The books at one instant. Counters by event type, department, department, department and reason.

    A breach that proved wrong later is none of its department's.
    """

    received: int
    registered: int
    open: int
    types: Counter[str]
    dispatched_to: Counter[str]
    breached_in: Counter[str]
    resolved_in: Counter[str]
    dead_letters: Counter[str]
    duplicated: tuple[str, ...]
    first_resolved: str | None = None
    """Complaint id of the first case that was answered: the one with the longest story to trace."""

    @property
    def resolved(self) -> int:
        """How often a case was answered."""
        return self.types["complaint.resolved.v1"]


class Ledger:
    """Counts records. Safe to fill in one thread and to read in another."""

    def __init__(self, on_dispatched: Callable[[str], None] = lambda complaint_id: None) -> None:
        """``on_dispatched`` is called with the complaint id at its first arrival in a department's queue."""
        self._lock = threading.Lock()
        self._types: Counter[str] = Counter()
        self._dispatched_to: Counter[str] = Counter()
        self._breached_in: Counter[str] = Counter()
        self._resolved_in: Counter[str] = Counter()
        self._dead_letters: Counter[str] = Counter()
        self._registered: set[str] = set()
        self._finished: set[str] = set()
        self._received: set[str] = set()
        self._queued: dict[str, str] = {}
        self._promised: dict[str, str] = {}
        self._dispatched: set[str] = set()
        self._rejected: set[str] = set()
        self._first_resolved: str | None = None
        self._seen: set[tuple[str, str]] = set()
        self._duplicates: list[str] = []
        self._on_dispatched = on_dispatched

    def figures(self) -> LedgerFigures:
        """Everything counted so far. A complaint is received once, however often it was written; it is open from its
        registration until it is resolved, closed, rejected or withdrawn."""
        with self._lock:
            return LedgerFigures(
                received=len(self._received),
                registered=len(self._registered),
                open=len(self._registered - self._finished),
                types=self._types.copy(),
                dispatched_to=self._dispatched_to.copy(),
                breached_in=self._breached_in.copy(),
                resolved_in=self._resolved_in.copy(),
                dead_letters=self._dead_letters.copy(),
                duplicated=tuple(self._duplicates),
                first_resolved=self._first_resolved,
            )

    def apply(self, record: ConsumerRecord) -> None:
        """Enter one record."""
        with self._lock:
            self._enter(record)

    def _enter(self, record: ConsumerRecord) -> None:
        headers = header_texts(record.headers)
        if is_dead_letter_topic(record.topic):
            self._dead_letters[headers.get("dlq_reason", "unknown")] += 1
            return
        event_type, complaint_id = headers.get("ce_type", ""), headers.get("ce_subject", "")
        self._types[event_type] += 1
        department = department_of_queue(record.topic)
        if department is not None or record.topic in _EXACTLY_ONCE_TOPICS:
            self._enter_once(record.topic, headers.get("ce_id", ""))
        if department is not None:
            self._enter_queue(department, event_type, complaint_id, record.value)
        elif record.topic == topics.RECEIVED:
            self._enter_received(event_type, complaint_id)
        elif record.topic == topics.LIFECYCLE:
            self._enter_case(event_type, complaint_id, record.value)
        elif event_type == "sla.breached.v1":
            self._breached_in[_read(record.value).get("department") or "(none)"] += 1
        elif event_type == "sla.corrected.v1":
            self._breached_in[_read(record.value).get("department") or "(none)"] -= 1

    def _enter_once(self, topic: str, event_id: str) -> None:
        if (topic, event_id) in self._seen:
            self._duplicates.append(f"{event_id} on {topic}")
        self._seen.add((topic, event_id))

    def _enter_received(self, event_type: str, complaint_id: str) -> None:
        if event_type == "complaint.submitted.v1":
            self._received.add(complaint_id)

    def _enter_queue(self, department: str, event_type: str, complaint_id: str, value: bytes | None) -> None:
        if event_type != "assignment.dispatched.v1":
            return
        assignment = _read(value)["assignment"]["assignment_id"]
        if assignment in self._queued:
            self._duplicates.append(f"assignment {assignment} in {department}")
        self._queued[assignment] = department
        self._dispatched_to[department] += 1
        if complaint_id not in self._dispatched:
            self._dispatched.add(complaint_id)
            self._on_dispatched(complaint_id)

    def _enter_case(self, event_type: str, complaint_id: str, value: bytes | None) -> None:
        if event_type == "complaint.registered.v1":
            if complaint_id in self._registered:
                self._duplicates.append(f"registration of {complaint_id}")
            self._registered.add(complaint_id)
        elif event_type == "complaint.dispatched.v1":
            for assignment in _read(value)["assignments"]:
                self._promised[assignment["assignment_id"]] = assignment["department"]
        elif event_type == "complaint.assignment_resolved.v1":
            self._resolved_in[_read(value)["department"]] += 1
        elif event_type == "complaint.reopened.v1":
            self._finished.discard(complaint_id)
        elif event_type in _FINISHED or event_type == _ENDED_OTHERWISE:
            self._finished.add(complaint_id)
            self._first_resolved = self._first_resolved or complaint_id
            if event_type == "complaint.rejected.v1":
                self._rejected.add(complaint_id)

    def lost(self, accepted: Collection[str]) -> list[str]:
        """What is missing, one sentence each; empty when everything accepted is where it should be."""
        with self._lock:
            arrived = self._dispatched | self._rejected
            unfulfilled = [(a, d) for a, d in self._promised.items() if self._queued.get(a) != d]
        missing = [f"complaint {complaint_id} in no queue" for complaint_id in accepted if complaint_id not in arrived]
        return missing + [f"assignment {assignment} not in {department}" for assignment, department in unfulfilled]


def _read(value: bytes | None) -> Any:
    return json.loads(value or b"{}")

"""Everything a run left behind, arranged for the rules: by complaint, in the order of the log."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shared.events import topics
from tests.torture.check.decoding import Headers, facts_of, state_row
from tests.torture.check.free_text import FreeText, PersonalData
from tests.torture.check.records import CorrespondenceRow, Record, StateRow
from tests.torture.check.run_files import Delivery, Fault, Operation, Run, Sample, Scrape, Seen

AUDIT_EVENTS = "audit.events.v1"
_WRITTEN_AGAIN = "reinjected-by"
_ROUTERS_DEAD_LETTERS = (topics.dead_letter_topic("router"), "departments.")


class CaseHistory:
    """All records about one complaint, per topic in the order of the log."""

    __slots__ = ("audits", "clocks", "dead_letters", "log", "outcomes", "received", "requests", "tasks", "updates")

    def __init__(self) -> None:
        self.received: list[Record] = []
        self.log: list[Record] = []
        self.tasks: list[Record] = []
        self.updates: list[Record] = []
        self.clocks: list[Record] = []
        self.requests: list[Record] = []
        self.outcomes: list[Record] = []
        self.dead_letters: list[Record] = []
        self.audits: list[Record] = []

    def records(self) -> Iterator[Record]:
        """All of them."""
        for name in self.__slots__:
            yield from getattr(self, name)

    def entries(self, *event_types: str) -> list[Record]:
        """Entries of the case log of these types."""
        return [record for record in self.log if record.event_type in event_types]

    @property
    def registered(self) -> Record | None:
        """The first entry that registers the complaint."""
        return next((record for record in self.log if record.event_type == "complaint.registered.v1"), None)

    @property
    def assessed(self) -> Record | None:
        """The first assessment."""
        return next((record for record in self.log if record.event_type == "complaint.assessed.v1"), None)

    @property
    def submissions(self) -> list[Record]:
        """Submissions as they came in."""
        return [record for record in self.received if record.event_type == "complaint.submitted.v1"]

    @property
    def refusals(self) -> list[Record]:
        """Dead letters of the router: its own and those it puts before the departments. Other readers have theirs."""
        return [record for record in self.dead_letters if record.topic.startswith(_ROUTERS_DEAD_LETTERS)]

    @property
    def messages(self) -> list[Record]:
        """What the complainant said later."""
        return [record for record in self.received if record.event_type != "complaint.submitted.v1"]


class Aborted(NamedTuple):
    """A record that is in the log but was never committed."""

    topic: str
    partition: int
    offset: int
    key: str
    event_type: str


class PartitionEnd(NamedTuple):
    """Where a partition ends, and up to where it is stable."""

    topic: str
    partition: int
    stable: int
    end: int


class Unreadable(NamedTuple):
    """A record that is not what its topic promises."""

    place: tuple[str, int, int]
    key: str
    why: str


@dataclass
class History:
    """One run, whole."""

    run: Run
    operations: Sequence[Operation] = ()
    faults: Sequence[Fault] = ()
    deliveries: Sequence[Delivery] = ()
    scrapes: Sequence[Scrape] = ()
    personal_data: PersonalData = field(default_factory=PersonalData)
    free_text: FreeText = field(default_factory=FreeText)
    cases: dict[str, CaseHistory] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Committed records by topic and event type."""
    state: dict[str, dict[str, StateRow | CorrespondenceRow]] = field(default_factory=dict)
    """Changelog topic to key to last row."""
    unreadable: list[Unreadable] = field(default_factory=list)
    aborted: list[Aborted] = field(default_factory=list)
    ends: Sequence[PartitionEnd] = ()
    last_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    """Offset of the last committed record of each partition that has any."""
    committed: Mapping[tuple[str, str, int], int] = field(default_factory=dict)
    """Group, topic and partition to the group's committed offset."""
    copies: set[tuple[int, int]] = field(default_factory=set)
    """Partition and offset of submissions on the received log that were written again."""
    surplus: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """Topic and partition beyond those of the bus, to the number of records in it."""
    audit: Mapping[str, Any] | None = None
    """The auditor's ledger at the end."""
    live: Mapping[str, Sequence[Seen]] = field(default_factory=dict)
    """What the live reader saw of each complaint, in its order."""
    samples: Sequence[Sample] = ()
    """Open files and memory of the processes, in order of time."""

    def operations_by_complaint(self) -> dict[str, list[Operation]]:
        """Operations under the complaint id they must have got."""
        found: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.operations:
            if operation.complaint_id is not None:
                found[operation.complaint_id].append(operation)
        return found

    def refused_by_router(self) -> set[tuple[str, int, int]]:
        """Places of all records the router put aside with a reason."""
        return {
            record.facts.origin
            for case in self.cases.values()
            for record in case.refusals
            if record.facts is not None and record.facts.reason
        }

    def all_records(self) -> Iterator[Record]:
        """Every committed record but changelog rows."""
        for case in self.cases.values():
            yield from case.records()


class HistoryBuilder:
    """Takes raw records, in the order of each partition, into a history."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._rows: dict[str, dict[str, bytes]] = defaultdict(dict)

    def add(
        self,
        topic: str,
        partition: int,
        offset: int,
        written_at: int,
        key: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
        value: bytes | None,
    ) -> None:
        """One committed record."""
        name = (key or b"").decode(errors="replace")
        self.history.last_offsets[topic, partition] = offset
        if topic.endswith(".state.v1"):
            self._row(topic, name, value)
            return
        found: Headers = dict(headers)
        self.history.free_text.see_record(topic, name, found)
        if topic == topics.RECEIVED and _WRITTEN_AGAIN in found:
            self.history.copies.add((partition, offset))
        event_type = sys.intern(_text(found.get("ce_type")))
        self.history.counts[topic, event_type] += 1
        try:
            facts = facts_of(topic, event_type, found, value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            place = (topic, partition, offset)
            self.history.unreadable.append(Unreadable(place, name, f"{event_type or 'no ce_type'}: {_why(error)}"))
            facts = None
        case = self.history.cases.get(name)
        if case is None:
            case = self.history.cases[name] = CaseHistory()
        event_id = _text(found.get("ce_id"))
        record = Record(topic, partition, offset, written_at, name, event_id, event_type, facts)
        _list_of(case, topic).append(record)

    def finish(self) -> History:
        """The history with its changelogs read; in a changelog only the last row of a key counts."""
        for topic, rows in self._rows.items():
            self.history.state[topic] = {key: state_row(topic, value) for key, value in rows.items()}
        return self.history

    def _row(self, topic: str, key: str, value: bytes | None) -> None:
        self.history.counts[topic, ""] += 1
        if value is None:
            self._rows[topic].pop(key, None)
        else:
            self._rows[topic][key] = value


def _why(error: Exception) -> str:
    """Never the content itself: it may be personal."""
    missing = f" {error.args[0]}" if isinstance(error, KeyError) else ""
    return type(error).__name__ + missing


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="replace")


_LISTS = {
    topics.RECEIVED: "received",
    topics.LIFECYCLE: "log",
    topics.SLA_EVENTS: "clocks",
    topics.NOTIFICATION_REQUESTS: "requests",
    topics.NOTIFICATION_EVENTS: "outcomes",
    AUDIT_EVENTS: "audits",
}


def _list_of(case: CaseHistory, topic: str) -> list[Record]:
    name = _LISTS.get(topic)
    if name is None:
        department_topic = "updates" if topic.endswith(".updates.v1") else "tasks"
        name = "dead_letters" if ".dead-letters." in topic else department_topic
        _LISTS[topic] = name
    found: list[Record] = getattr(case, name)
    return found

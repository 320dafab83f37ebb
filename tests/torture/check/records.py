"""What the checker keeps of each record: where it was, what it was, and the facts a rule asks for. Never a narrative.

Compact on purpose: a run of 100,000 complaints has some five million records. Instants are microseconds since the
epoch, as integers; contents are kept as digests.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Record(NamedTuple):
    """One committed record."""

    topic: str
    partition: int
    offset: int
    written_at: int
    """The record's timestamp, in milliseconds of the machine's clock."""
    key: str
    event_id: str
    event_type: str
    facts: Any
    """One of the tuples below, by topic and type; None where no rule asks for anything."""

    @property
    def place(self) -> str:
        """``topic/partition@offset``."""
        return f"{self.topic}/{self.partition}@{self.offset}"


class Content(NamedTuple):
    """What a complainant sent, as digests, for comparison along the whole way."""

    text: bytes
    """SHA-256 of the narrative's text."""
    fields: bytes
    """Digest of the other fields that travel unchanged."""


class ComplaintFacts(NamedTuple):
    """What of a complaint decides about routing, clocks and letters."""

    content: Content
    ticket_number: str
    channel: str
    received_at: int
    respond_by: int | None
    email: str | None
    person: bytes
    """Digest of name, address and the wish not to be known."""
    language: str
    anonymous: bool
    may_contact: bool
    minor: bool
    store: bool
    merchant: bool
    order: bool
    earlier_ticket: bool
    amount: tuple[str, str] | None
    """Currency and value."""


class Assessment(NamedTuple):
    """The classification written into the case log."""

    category: str
    severity: str
    confidence: float
    safety: bool


class Assigned(NamedTuple):
    """One assignment of a dispatch."""

    assignment_id: str
    department: str
    role: str


class Dispatch(NamedTuple):
    """A dispatch in the case log."""

    lead: str
    cause: str
    assignments: tuple[Assigned, ...]


class DepartmentFact(NamedTuple):
    """What a department did; ``preliminary_finding`` only with progress."""

    department: str
    preliminary_finding: bool


class RefusedMessage(NamedTuple):
    """What the complainant said and the case could not take any more. ``safety``: it told of danger."""

    message: str
    reason: str
    safety: bool


class CaseEntry(NamedTuple):
    """An entry of the case log; ``detail`` by type: ComplaintFacts, Assessment, Dispatch, DepartmentFact, an id."""

    cycle: int
    sequence: int
    happened_at: int
    detail: Any


class Task(NamedTuple):
    """``assignment.dispatched`` in a department's queue."""

    assigned: Assigned
    cycle: int
    content: Content


class Clock(NamedTuple):
    """A clock event. ``at`` is detected_at, stopped_at or cancelled_at, whichever the type has."""

    cycle: int
    clock: str
    started_at: int
    due_by: int
    at: int | None
    stopped_at: int | None
    level: float | None
    corrects: str | None
    department: str | None
    """Whom the event names; None before a dispatch."""


class Request(NamedTuple):
    """A message that is to be sent."""

    notification_id: str
    cycle: int
    template: str
    audience: str
    department: str | None
    medium: str
    email: str | None
    phone: str | None
    cause: str
    clock: str | None
    """What a department is told about."""


class MailOutcome(NamedTuple):
    """What came of a request; ``doubtful`` is possible_repeat or possibly_delivered."""

    notification_id: str
    cycle: int
    template: str
    attempt: int
    reason: str | None
    doubtful: bool


class DeadLetter(NamedTuple):
    """A record put aside: why, where it came from and what was in it, where that can be read."""

    reason: str
    origin: tuple[str, int, int]
    content: Content | None
    cycle: int | None
    """None where it cannot be read, or has none."""
    template: str | None


class StateRow(NamedTuple):
    """Last row of a service's changelog for one key, as far as the case log can tell it too."""

    cycle: int
    sequence: int | None
    status: str | None
    running: tuple[str, ...] | None


class CorrespondenceRow(NamedTuple):
    """Last row of the composer's changelog for one complaint: whom it writes to, what it wrote, what waits."""

    person: bytes | None
    """Digest as in ``ComplaintFacts``; None until the registration was seen."""
    language: str
    may_contact: bool
    responsible: tuple[tuple[int, str], ...]
    """By cycle: the department that gets notices which name none."""
    issued: tuple[str, ...]
    """Messages asked for, waiting or skipped: cycle/template[/clock]."""
    told: tuple[tuple[str, str], ...]
    """By cycle/clock: the department that was told of the breach."""
    held: tuple[str, ...]
    """Messages that wait for a department."""
    is_waiting: bool
    """Whether a time is set at which they go to triage."""
    is_ended: bool
    """Whether a time is set at which the row is dropped."""

"""The auditor as the engine runs it: every record of the bus in, holes out. It changes nothing and stops nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.auditor.domain.booking import book
from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import holes_of
from services.auditor.domain.sighting import Sighting
from services.auditor.domain.watch import WatchPolicy, bear_with, compare, due_at, look
from shared.errors import InvalidEvent
from shared.events import topics
from shared.events.clients import subscription, topics_of
from shared.events.envelope import Envelope
from shared.processing import Message, Reducer, Refusal, Standing, Step
from shared.streaming.dead_letters import REPLAYED_FROM
from shared.streaming.records import ConsumerRecord

REINJECTED_BY: Final = "reinjected-by"
"""Header of a submission the auditor put on the log again."""

RECEIVED_KEPT_FOR: Final = timedelta(days=29)
"""A day less than ``complaints.received.v1`` is kept: of older complaints the receipt may be gone."""


class AuditProcessor(Reducer[CaseAudit]):
    """Keeps count of every complaint. Pure: patience and time are passed in."""

    name = "auditor"
    state_model = CaseAudit
    output_topics: tuple[str, ...] = (topics.AUDIT_EVENTS,)

    def __init__(self, departments: Iterable[str], policy: WatchPolicy) -> None:
        """``departments``: ids of all whose queues are to be read; one that is missing here looks like a hole."""
        self.input_topics = topics_of(subscription(self.name), departments)
        self._policy = policy

    def reduce(self, state: CaseAudit | None, message: Message, now: datetime) -> Step[CaseAudit]:
        """Book one record."""
        record = message.record
        seen = Sighting(message.topic, message.event, message.envelope.time, message.envelope.type)
        return self._take(state, message.envelope.subject, _complete(seen, record), now)

    def note_unreadable(
        self, state: CaseAudit | None, record: ConsumerRecord, problem: InvalidEvent, now: datetime
    ) -> Step[CaseAudit]:
        """Book a record nobody can read; the service it was meant for puts the same bytes into its dead letters."""
        try:
            key = (record.key or b"").decode()
        except UnicodeDecodeError:
            key = ""
        seen = Sighting(record.topic, None, _written_at(record), _header(record, "ce_type"))
        return self._take(state, key, _complete(seen, record), now)

    @property
    def timer_settings(self) -> str:
        """The patience."""
        return repr(self._policy)

    def due_at(self, state: CaseAudit) -> datetime:
        """When to look at the complaint next."""
        return due_at(state, self._policy)

    def standing(self, state: CaseAudit) -> Standing | None:
        """Complaints with open holes, by their kinds."""
        holes = holes_of(state)
        return Standing(tuple(sorted(holes)), state.received_at or state.seen_at) if holes else None

    def fire(self, state: CaseAudit, now: datetime) -> Step[CaseAudit]:
        """Look at the complaint: what is still missing is a hole."""
        return look(state, now, self._policy)

    def _take(self, state: CaseAudit | None, key: str, seen: Sighting, now: datetime) -> Step[CaseAudit]:
        """Book a record. A complaint older than the log keeps submissions cannot be judged."""
        if not _is_complaint_id(key):
            return Step(state, refusal=Refusal("key_mismatch", "the record key is not a complaint_id"))
        row = state or CaseAudit(complaint_id=key, seen_at=now)
        if row.received == 0 and now - seen.written_at > RECEIVED_KEPT_FOR:  # whichever of its records is read first
            row = row.model_copy(update={"before_ledger": True})
        booked = book(row, seen)
        if booked is row and not row.holes:
            return Step(state)  # says nothing of interest
        compared = compare(booked.model_copy(update={"seen_at": now}), now)
        return Step(bear_with(compared.row, seen.event, now), compared.emits)


def _complete(seen: Sighting, record: ConsumerRecord | None) -> Sighting:
    """Add what only the record itself tells."""
    if record is None:
        return seen
    return seen._replace(
        place=(record.partition, record.offset),
        reinjected=_header(record, REINJECTED_BY) is not None,
        replayed=_header(record, REPLAYED_FROM) is not None,
        refusal=_header(record, "dlq_reason"),
    )


def _written_at(record: ConsumerRecord) -> datetime:
    """As the envelope says; by the broker's clock where not even that can be read."""
    try:
        return Envelope.from_headers(record.headers).time
    except InvalidEvent:
        return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)


def _header(record: ConsumerRecord, name: str) -> str | None:
    value = dict(record.headers).get(name)
    return None if value is None else value.decode(errors="replace")


def _is_complaint_id(key: str) -> bool:
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False

"""From the bytes of a record to the facts the rules ask for. Independent of the product's own decoding on purpose."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import topics
from tests.torture.check.content import content_of, person_of
from tests.torture.check.records import (
    Assessment,
    Assigned,
    CaseEntry,
    Clock,
    ComplaintFacts,
    CorrespondenceRow,
    DeadLetter,
    DepartmentFact,
    Dispatch,
    MailOutcome,
    RefusedMessage,
    Request,
    StateRow,
    Task,
)

Data = Mapping[str, Any]
Headers = Mapping[str, bytes | None]

DEFAULT_LANGUAGE = "zh-CN"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(text: str) -> int:
    """An RFC 3339 instant as microseconds since the epoch."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


def _micros_or_none(text: str | None) -> int | None:
    return None if text is None else micros(text)


def facts_of(topic: str, event_type: str, headers: Headers, value: bytes | None) -> Any:
    """The facts of one record. Raises ValueError, KeyError or TypeError when it is not what its topic promises."""
    if ".dead-letters." in topic:
        return _dead_letter(headers, value)
    reader = _READERS.get(event_type)
    if reader is None:
        return None
    return reader(json.loads(value or b"null"))


def state_row(topic: str, value: bytes) -> StateRow | CorrespondenceRow:
    """What a changelog row says, comparable with the logs."""
    row = json.loads(value)  # fields that have their default are left out by the writer
    if topic == topics.state_topic("notifier"):
        return _correspondence(row)
    cycle = int(row.get("cycle", 1))
    if topic == topics.state_topic("router"):
        return StateRow(cycle, row.get("sequence", 0), sys.intern(row.get("status", "open")), None)
    if topic == topics.state_topic("sla"):
        return StateRow(
            cycle, None, None, tuple(sorted(sys.intern(clock["clock"]) for clock in row.get("running", ())))
        )
    return StateRow(cycle, None, None, None)


def _correspondence(row: Data) -> CorrespondenceRow:
    person, held = row.get("complainant"), row.get("held", ())
    return CorrespondenceRow(
        person=None if person is None else person_of(person),
        language=sys.intern(row.get("language", DEFAULT_LANGUAGE)),
        may_contact=row.get("contact_consent", True),
        responsible=tuple(sorted((int(cycle), name) for cycle, name in row.get("responsible", {}).items())),
        issued=tuple(sorted(row.get("issued", ()))),
        told=tuple(sorted(row.get("told", {}).items())),
        held=tuple(sorted(slot(notice["cycle"], notice["template"], notice["clock"]) for notice in held)),
        is_waiting=row.get("release_at") is not None,
        is_ended=row.get("forget_at") is not None,
    )


def slot(cycle: int, template: str, clock: str | None = None) -> str:
    """The composer's word for what there is to be one of."""
    return sys.intern("/".join(map(str, (cycle, template, *([clock] if clock else ())))))


def complaint_facts(complaint: Data) -> ComplaintFacts:
    """The facts of a complaint, wherever it travels."""
    complainant, amount = complaint.get("complainant") or {}, complaint.get("amount")
    return ComplaintFacts(
        content=content_of(complaint),
        ticket_number=complaint["ticket_number"],
        channel=sys.intern(complaint["channel"]),
        received_at=micros(complaint["received_at"]),
        respond_by=_micros_or_none(complaint.get("regulator_respond_by")),
        email=complainant.get("email"),
        person=person_of(complainant),
        language=sys.intern(complaint.get("language", DEFAULT_LANGUAGE)),
        anonymous=complainant.get("anonymous", False),
        may_contact=(complaint.get("consent") or {}).get("contact", True),
        minor=complainant.get("minor", False),
        store=complaint.get("store_reference") is not None,
        merchant=complaint.get("merchant_reference") is not None,
        order=complaint.get("order_reference") is not None,
        earlier_ticket=complaint.get("earlier_ticket") is not None,
        amount=None if amount is None else (amount.get("currency", "CNY"), str(amount["value"])),
    )


def _dead_letter(headers: Headers, value: bytes | None) -> DeadLetter:
    def text(name: str) -> str:
        return (headers.get(name) or b"").decode()

    data = _object_if_readable(value)
    return DeadLetter(
        sys.intern(text("dlq_reason")),
        (sys.intern(text("dlq_topic")), int(text("dlq_partition") or -1), int(text("dlq_offset") or -1)),
        _content_if_readable(data),
        data.get("cycle"),
        data.get("template"),
    )


def _object_if_readable(value: bytes | None) -> Data:
    try:
        data = json.loads(value or b"")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _content_if_readable(data: Data) -> Any:
    try:
        return content_of(data["complaint"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _case_entry(detail: Callable[[Data], Any]) -> Callable[[Data], CaseEntry]:
    def read(data: Data) -> CaseEntry:
        return CaseEntry(data["cycle"], data["sequence"], micros(data["happened_at"]), detail(data))

    return read


def _assessment(data: Data) -> Assessment:
    given = data["classification"]
    return Assessment(
        sys.intern(given["category"]), sys.intern(given["severity"]), given["confidence"], given.get("safety", False)
    )


def _assigned(assignment: Data) -> Assigned:
    return Assigned(assignment["assignment_id"], sys.intern(assignment["department"]), sys.intern(assignment["role"]))


def _dispatch(data: Data) -> Dispatch:
    assignments = tuple(_assigned(assignment) for assignment in data["assignments"])
    return Dispatch(sys.intern(data["decision"]["lead"]), sys.intern(data["cause"]), assignments)


def _department_fact(data: Data) -> DepartmentFact:
    return DepartmentFact(sys.intern(data.get("department", "")), data.get("preliminary_finding", False))


def _task(data: Data) -> Task:
    return Task(_assigned(data["assignment"]), data["cycle"], content_of(data["complaint"]))


def _clock(data: Data) -> Clock:
    return Clock(
        cycle=data["cycle"],
        clock=sys.intern(data["clock"]),
        started_at=micros(data["started_at"]),
        due_by=micros(data["due_by"]),
        at=_micros_or_none(data.get("detected_at") or data.get("cancelled_at") or data.get("stopped_at")),
        stopped_at=_micros_or_none(data.get("stopped_at")),
        level=data.get("level"),
        corrects=data.get("corrects_event_id"),
        department=data.get("department"),
    )


def _request(data: Data) -> Request:
    return Request(
        data["notification_id"],
        data["cycle"],
        sys.intern(data["template"]),
        sys.intern(data["audience"]),
        data.get("department"),
        sys.intern(data["medium"]),
        (data.get("complainant") or {}).get("email"),
        (data.get("complainant") or {}).get("phone"),
        data["cause_event_id"],
        (data.get("parameters") or {}).get("clock"),
    )


def _mail_outcome(data: Data) -> MailOutcome:
    return MailOutcome(
        data["notification_id"],
        data["cycle"],
        sys.intern(data["template"]),
        data.get("attempt", 0),
        data.get("reason"),
        bool(data.get("possible_repeat") or data.get("possibly_delivered")),
    )


def _nothing(_data: Data) -> None:
    return None


def _refused_message(data: Data) -> RefusedMessage:
    return RefusedMessage(sys.intern(data["message"]), sys.intern(data["reason"]), bool(data["safety"]))


_CASE_DETAILS: Mapping[str, Callable[[Data], Any]] = {
    "complaint.registered.v1": lambda data: complaint_facts(data["complaint"]),
    "complaint.assessed.v1": _assessment,
    "complaint.dispatched.v1": _dispatch,
    "complaint.duplicate_dropped.v1": lambda data: data["duplicate_event_id"],
    "complaint.message_refused.v1": _refused_message,
    **{
        f"complaint.{name}.v1": _department_fact
        for name in (
            "accepted", "contacted", "progressed", "returned", "assignment_resolved", "resolved", "held", "resumed",
        )
    },
    **{
        f"complaint.{name}.v1": _nothing
        for name in (
            "called_back", "closed", "reopened", "withdrawal_registered", "rejected", "supplement_registered",
            "urge_registered",
        )
    },
}  # fmt: skip

_READERS: Mapping[str, Callable[[Data], Any]] = {
    "complaint.submitted.v1": lambda data: complaint_facts(data["complaint"]),
    **{name: _case_entry(detail) for name, detail in _CASE_DETAILS.items()},
    "assignment.dispatched.v1": _task,
    "assignment.updated.v1": lambda data: data["action"],
    "audit.hole_found.v1": lambda data: data["kind"],
    "audit.hole_closed.v1": lambda data: data["kind"],
    **{
        f"sla.{name}.v1": _clock
        for name in ("armed", "warned", "breached", "escalated", "met", "cancelled", "corrected")
    },
    "notification.requested.v1": _request,
    **{f"notification.{name}.v1": _mail_outcome for name in ("attempted", "deferred", "sent", "failed", "skipped")},
}

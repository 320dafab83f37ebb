"""Invented cases for the notifier's tests: events of one complaint, built by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.notifier.domain.composition import Cause
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.reducer import compose
from services.notifier.domain.state import Correspondence
from shared.events import ids
from shared.events.base import Event
from shared.events.complaint import Complainant, Complaint, Consent, Narrative
from shared.events.decisions import Classification, Resolution, RoutingDecision
from shared.events.lifecycle import (
    CaseWithdrawn,
    ComplaintAssessed,
    ComplaintClosed,
    ComplaintDispatched,
    ComplaintRegistered,
    ComplaintRejected,
    ComplaintReopened,
    ComplaintResolved,
    ConsumerMessageRefused,
)
from shared.events.sla import ClockBreached, ClockCorrected, ClockWarned
from shared.processing import Step

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
COMPLAINT_ID = ids.complaint_id("web", "notifier-tests")
TICKET = ids.ticket_number(COMPLAINT_ID, NOON)
POLICY = CorrespondencePolicy("triage", "zh-CN", timedelta(minutes=15), timedelta(days=400))
ANSWER = Resolution(status="同意退款", cause="运输途中破损", measures="已全额退款")


def a_complaint(
    *,
    name: str | None = "李华",
    email: str | None = "li.hua@example.cn",
    anonymous: bool = False,
    consent: bool = True,
    language: str = "zh-CN",
) -> Complaint:
    """A complaint about a broken kettle."""
    return Complaint(
        complaint_id=COMPLAINT_ID,
        ticket_number=TICKET,
        channel="web",
        channel_message_id="notifier-tests",
        content_digest="0" * 64,
        received_at=NOON,
        ingested_at=NOON,
        complainant=Complainant(
            name=name, email=email, phone="13800000000", handles={"wechat": "o-1"}, anonymous=anonymous
        ),
        narrative=Narrative(text="水壶第一次使用就漏水。"),
        consent=Consent(contact=consent),
        language=language,
    )


def _entry(cycle: int, minutes: float) -> dict[str, Any]:
    return {
        "complaint_id": COMPLAINT_ID,
        "ticket_number": TICKET,
        "cycle": cycle,
        "sequence": 1,
        "happened_at": NOON + timedelta(minutes=minutes),
    }


def registered(**complaint: Any) -> ComplaintRegistered:
    return ComplaintRegistered(**_entry(1, 0), complaint=a_complaint(**complaint))


def assessed() -> ComplaintAssessed:
    return ComplaintAssessed(
        **_entry(1, 0),
        classification=Classification(
            category="quality", severity="low", priority=3, confidence=0.9, taxonomy_version="t"
        ),
    )


def dispatched(lead: str = "product-quality", cycle: int = 1, cause: str = "initial") -> ComplaintDispatched:
    decision = RoutingDecision(lead=lead, rule_id="r", rules_version="v", reasons=("test",))
    return ComplaintDispatched(**_entry(cycle, 1), decision=decision, assignments=(), cause=cause)


def resolved(cycle: int = 1, answer: Resolution = ANSWER) -> ComplaintResolved:
    return ComplaintResolved(**_entry(cycle, 60), department="product-quality", resolution=answer)


def withdrawn(cycle: int = 1) -> CaseWithdrawn:
    return CaseWithdrawn(**_entry(cycle, 30))


def rejected(cycle: int = 1, reason: str = "out_of_scope") -> ComplaintRejected:
    return ComplaintRejected(**_entry(cycle, 30), reason=reason)


def closed(cycle: int = 1) -> ComplaintClosed:
    return ComplaintClosed(**_entry(cycle, 90))


def reopened(cycle: int = 2) -> ComplaintReopened:
    return ComplaintReopened(**_entry(cycle, 120), reason="not_solved")


def _clock(clock: str, cycle: int, department: str | None) -> dict[str, Any]:
    return {
        "complaint_id": COMPLAINT_ID,
        "ticket_number": TICKET,
        "cycle": cycle,
        "clock": clock,
        "department": department,
        "started_at": NOON,
        "due_by": NOON + timedelta(hours=24),
        "policy_version": "p",
        "calendar_version": "c",
    }


def breached(clock: str = "first_response", cycle: int = 1, department: str | None = None) -> ClockBreached:
    return ClockBreached(**_clock(clock, cycle, department), detected_at=NOON + timedelta(hours=24, seconds=1))


def corrected(clock: str = "first_response", cycle: int = 1, department: str | None = None) -> ClockCorrected:
    return ClockCorrected(
        **_clock(clock, cycle, department), stopped_at=NOON + timedelta(hours=23), corrects_event_id="breach"
    )


def warned(clock: str = "first_response") -> ClockWarned:
    return ClockWarned(**_clock(clock, 1, None), level=0.8, detected_at=NOON)


def cause_of(event: Event) -> Cause:
    """A cause whose id tells events apart and repeats alike, as real ``ce_id``s do."""
    return Cause(ids.event_id(event.model_dump_json(), event.event_type), "00-trace-of-the-event-01")


def play(*events: Event, state: Correspondence | None = None, now: datetime = NOON) -> Step[Correspondence]:
    """Feed events in order; the last state and all outputs."""
    outputs: tuple[Any, ...] = ()
    for event in events:
        step = compose(state, event, cause_of(event), POLICY, now)
        state, outputs = step.state, outputs + tuple(step.emits)
    return Step(state, outputs)


def told(step: Step[Correspondence]) -> list[tuple[str, str]]:
    """``(template, addressee)`` of what was requested, ``(template, "skipped: reason")`` of what was not."""
    found = []
    for output in step.emits:
        event: Any = output.event
        if hasattr(event, "reason"):
            found.append((event.template, f"skipped: {event.reason}"))
        else:
            found.append((event.template, event.department or "complainant"))
    return found


def message_refused(
    message: str = "supplement", reason: str = "case_closed", cycle: int = 1, safety: bool = False
) -> ConsumerMessageRefused:
    return ConsumerMessageRefused(
        **_entry(cycle, 95),
        message=message,
        message_event_id="m",
        reason=reason,
        received_at=NOON + timedelta(minutes=95),
        safety=safety,
        departments=("product-quality",),
    )

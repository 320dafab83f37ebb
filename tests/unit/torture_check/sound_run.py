"""The run the tests start from: one case well handled, one nobody answers, one whose client never knew, and trouble."""

from __future__ import annotations

from typing import Any

from shared.events import ids
from tests.unit.torture_check.synthetic import (
    CRITICAL_DUE,
    DUE,
    OUTCOMES,
    RECEIVED,
    SyntheticRun,
    at,
    uuid_of,
)

SOLVED: dict[str, Any] = {
    "channel": "web",
    "narrative": {
        "text": "The washing machine shakes so hard that it walks across the kitchen floor.",
        "subject": "Shaking",
    },
    "complainant": {"name": "Ann Example", "email": "ann@example.com", "phone": "13800000001"},
}
DANGER: dict[str, Any] = {
    "channel": "hotline",
    "narrative": {"text": "充电器在夜里起火，烧坏了桌子，孩子受了惊吓。"},
    "complainant": {"name": "周样例", "phone": "13800000002"},
}
UNCLEAR: dict[str, Any] = {
    "channel": "mail",
    "narrative": {"text": "Nobody ever answers me about the thing I wrote to you about last spring."},
    "complainant": {"email": "bob@example.com"},
}
OTHER = SOLVED | {"narrative": {"text": "Another matter altogether under the very same key."}}
REFUSED = SOLVED | {"narrative": {"text": ""}}

SOLVED_ID = ids.complaint_id("web", "key-1")
DANGER_ID = ids.complaint_id("hotline", "key-2")
UNCLEAR_ID = ids.complaint_id("mail", "key-3")
POISON_KEY = uuid_of("poison")


def sound_run() -> SyntheticRun:
    """A fresh copy."""
    run = SyntheticRun()
    _solved(run)
    _danger(run)
    _unclear(run)
    run.operation("submit", "fail", "key-4", REFUSED, status=422)
    run.operation("poison", "ok", POISON_KEY, {})
    run.dead_letter(run.record(RECEIVED, POISON_KEY, "complaint.submitted.v1", b"\x00 no JSON"), "schema")
    run.nemesis += [
        {"at": at(0.05), "fault": "kill", "target": "router-0", "phase": phase, "detail": {}}
        for phase in ("start", "end")
    ]
    run.operation("replay", "ok", "key-1", SOLVED, hours=0.1)
    text = 'complaintbus_events_emitted_total{service="sla",type="sla.breached.v1"} 6.0\n'
    run.metrics.append({"service": "sla", "instance": "0", "text": text})
    run.lives("router-0", 700)
    run.logs.append(f'{{"event": "complaint_accepted", "complaint_id": "{SOLVED_ID}", "channel": "web"}}')
    return run


def _solved(run: SyntheticRun) -> None:
    """Accepted twice, a third content refused by the router, one supplement, answered and resolved in time."""
    for kind in ("submit", "retry"):
        run.operation(kind, "ok", "key-1", SOLVED)
    complaint = run.submitted("key-1", SOLVED)
    run.submitted("key-1", SOLVED)
    assessed = {"category": "product_quality", "severity": "medium", "confidence": 0.9}
    run.opened(complaint, assessed, "product-quality")
    run.armed(complaint)
    run.letter(complaint, "acknowledgement", run.find("complaint.registered.v1", SOLVED_ID).event_id)
    run.entry(complaint, "duplicate_dropped", 0.02, duplicate_event_id=run.records[0].event_id)
    run.operation("conflict", "ok", "key-1", OTHER)
    run.submitted("key-1", OTHER)
    run.dead_letter(run.records[-1], "key_reused")
    _supplement(run, complaint)
    department = {"department": "product-quality", "assignment_id": uuid_of("task")}
    run.entry(complaint, "contacted", 2, **department)
    run.clock(complaint, "first_response", "met", DUE["first_response"], stopped_at=at(2))
    run.clock(complaint, "contact", "met", DUE["contact"], 0.01, stopped_at=at(2))
    run.entry(complaint, "progressed", 3, preliminary_finding=True, **department)
    run.clock(complaint, "verification", "met", DUE["verification"], stopped_at=at(3))
    _resolution(run, complaint, department)


def _supplement(run: SyntheticRun, complaint: dict[str, Any]) -> None:
    message_id = uuid_of("message")
    run.operation("message", "ok", "key-1-supplements", {"narrative": {"text": "A photo."}}, event_id=message_id)
    data = {"complaint_id": SOLVED_ID, "received_at": at(1)}
    run.record(RECEIVED, SOLVED_ID, "complaint.supplemented.v1", data, message_id)
    run.entry(complaint, "supplement_registered", 1, caused_by=message_id)


def _resolution(run: SyntheticRun, complaint: dict[str, Any], department: dict[str, Any]) -> None:
    update = run.record(
        "departments.product-quality.updates.v1", SOLVED_ID, "assignment.updated.v1", {"action": "resolve"}
    )
    run.entry(complaint, "assignment_resolved", 48, caused_by=update.event_id, **department)
    resolved = run.entry(complaint, "resolved", 48, department="product-quality")
    run.clock(complaint, "resolution", "met", DUE["resolution"], stopped_at=at(48))
    run.clock(complaint, "callback", "armed", DUE["callback"], 48)
    run.letter(complaint, "result", resolved.event_id)
    told = {"responsible": {"1": "product-quality"}, "issued": ["1/acknowledgement", "1/result"]}
    run.remember(complaint, "resolved", ["callback"], told)


def _danger(run: SyntheticRun) -> None:
    """Critical: shorter targets. Nobody answers; one notice arrives twice, and is marked."""
    run.operation("submit", "ok", "key-2", DANGER)
    complaint = run.submitted("key-2", DANGER)
    kind = {"category": "safety", "severity": "critical", "confidence": 0.9, "safety": True}
    run.opened(complaint, kind, "product-safety", "legal", "product-quality")
    run.armed(complaint)
    skipped = {"notification_id": uuid_of("skip"), "cycle": 1, "template": "acknowledgement", "reason": "no_address"}
    run.record(OUTCOMES, DANGER_ID, "notification.skipped.v1", skipped)
    for clock, due_by in CRITICAL_DUE.items():
        run.clock(complaint, clock, "armed", due_by)
        run.breached(complaint, clock, due_by, "product-safety")
    last = run.clock(complaint, "contact", "breached", DUE["contact"], 0.01, detected_at=DUE["contact"])
    run.letter(complaint, "breach_notice", last.event_id, department="product-safety", copies=2, clock="contact")
    run.remember(complaint, "open", ["resolution"], _notices_to("product-safety"))


def _unclear(run: SyntheticRun) -> None:
    """The client was never told, but it landed. A person at the triage desk should decide; nobody does."""
    run.operation("submit", "info", "key-3", UNCLEAR)
    complaint = run.submitted("key-3", UNCLEAR)
    run.opened(complaint, {"category": "other", "severity": "low", "confidence": 0.1}, "triage")
    run.armed(complaint)
    run.letter(complaint, "acknowledgement", run.find("complaint.registered.v1", UNCLEAR_ID).event_id)
    for clock in ("first_response", "verification"):
        run.breached(complaint, clock, DUE[clock], "triage")
    run.breached(complaint, "contact", DUE["contact"], "triage", 0.01)
    run.remember(complaint, "open", ["resolution"], _notices_to("triage"))


def _notices_to(department: str) -> dict[str, Any]:
    """What the composer remembers of three notices to the lead."""
    clocks = ("first_response", "verification", "contact")
    return {
        "responsible": {"1": department},
        "issued": ["1/acknowledgement", *(f"1/breach_notice/{clock}" for clock in clocks)],
        "told": {f"1/{clock}": department for clock in clocks},
    }

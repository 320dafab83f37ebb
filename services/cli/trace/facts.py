"""Which facts of each event an operator sees in a story.

They are picked by name, so a field that may hold personal data is shown only masked, and one that is not listed here
is not shown at all.
"""

from __future__ import annotations

import json
from typing import Any

from services.cli.trace.masking import mask_complainant, mask_narrative

_FACTS: dict[str, tuple[str, ...]] = {
    "complaint.submitted.v1": (
        "complaint.channel", "complaint.received_at", "complaint.complainant", "complaint.narrative",
    ),
    "complaint.supplemented.v1": ("narrative",),
    "complaint.withdrawn.v1": ("reason",),
    "complaint.survey_answered.v1": ("cycle", "solved", "score"),
    "complaint.registered.v1": ("ticket_number", "complaint.channel"),
    "complaint.assessed.v1": (
        "classification.category", "classification.severity", "classification.priority", "classification.safety",
        "classification.taxonomy_version",
    ),
    "complaint.dispatched.v1": (
        "cause", "decision.lead", "decision.co_handlers", "decision.rule_id", "decision.rules_version",
        "decision.reasons",
    ),
    "complaint.accepted.v1": ("department",),
    "complaint.contacted.v1": ("department",),
    "complaint.progressed.v1": ("department", "preliminary_finding"),
    "complaint.returned.v1": ("department", "reason"),
    "complaint.assignment_resolved.v1": ("department", "resolution.status"),
    "complaint.resolved.v1": ("department", "resolution.status"),
    "complaint.held.v1": ("department", "reason"),
    "complaint.resumed.v1": ("department",),
    "complaint.called_back.v1": ("solved", "score"),
    "complaint.reopened.v1": ("cycle", "reason"),
    "complaint.rejected.v1": ("reason",),
    "complaint.urge_registered.v1": ("urge_count",),
    "complaint.message_refused.v1": ("message", "reason", "safety", "departments"),
    "complaint.duplicate_dropped.v1": ("duplicate_event_id",),
    "assignment.dispatched.v1": ("assignment.role", "assignment.mandatory", "assignment.forced", "cycle"),
    "assignment.supplemented.v1": ("narrative",),
    "assignment.urged.v1": ("urge_count",),
    "assignment.cancelled.v1": ("reason",),
    "assignment.message_refused.v1": ("message", "reason", "priority", "safety", "narrative", "solved"),
    "assignment.updated.v1": ("action", "reason", "suggested_department", "preliminary_finding", "solved"),
    "sla.armed.v1": ("clock", "due_by", "provisional"),
    "sla.warned.v1": ("clock", "level", "due_by"),
    "sla.breached.v1": ("clock", "due_by"),
    "sla.escalated.v1": ("clock", "level"),
    "sla.met.v1": ("clock", "stopped_at"),
    "sla.cancelled.v1": ("clock", "reason"),
    "sla.corrected.v1": ("clock", "stopped_at"),
    "notification.requested.v1": ("template", "medium", "audience", "language"),
    "notification.attempted.v1": ("template", "attempt"),
    "notification.sent.v1": ("template", "attempt", "possible_repeat"),
    "notification.deferred.v1": ("template", "attempt", "reason", "retry_at", "possibly_delivered"),
    "notification.failed.v1": ("template", "attempt", "reason"),
    "notification.skipped.v1": ("template", "reason"),
    "audit.hole_found.v1": ("kind", "opened_at"),
    "audit.hole_closed.v1": ("kind", "opened_at"),
    "audit.reinjection_requested.v1": ("attempt",),
}  # fmt: skip

NOTHING_TO_TELL = frozenset(
    {
        "complaint.urged.v1",
        "complaint.supplement_registered.v1",
        "complaint.withdrawal_registered.v1",
        "complaint.closed.v1",
        "insight.alert_raised.v1",  # about many complaints: it has no place in the story of one
    }
)
"""Events that say all by their name and time. Every event is in one of the two lists; a test asks for it."""


def visible_facts(event_type: str, value: bytes | None) -> dict[str, Any]:
    """The facts of one record that an operator may see, by the last part of their path.

    A value nested too deeply for the JSON reader is no JSON of the bus either.
    """
    try:
        data = json.loads(value or b"null")
    except (ValueError, RecursionError):
        return {"value": "not JSON"}
    found = {path.rpartition(".")[2]: _at(data, path) for path in _FACTS.get(event_type, ())}
    return {name: _masked(name, fact) for name, fact in found.items() if fact not in (None, [], "")}


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _masked(name: str, fact: Any) -> Any:
    if name == "complainant":
        return mask_complainant(fact) if isinstance(fact, dict) else "***"
    if name == "narrative":
        return mask_narrative(fact) if isinstance(fact, dict | str) else "***"
    return fact if _is_plain(fact) else "***"


def _is_plain(fact: Any) -> bool:
    """As every fact of the contract is: a value or a list of values. Anything else may hold anything."""
    values = fact if isinstance(fact, list) else [fact]
    return not any(isinstance(value, dict | list) for value in values)

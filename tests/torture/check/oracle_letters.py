"""Who must be written to, and why not: read off the case log and the clocks (reliability.md §7, L9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.torture.check.history import CaseHistory
from tests.torture.check.records import CaseEntry, Clock, ComplaintFacts, Record, RefusedMessage

LETTERS = {
    "complaint.registered.v1": "acknowledgement",
    "complaint.resolved.v1": "result",
    "complaint.withdrawal_registered.v1": "withdrawal_confirmed",
    "complaint.rejected.v1": "rejection",
    "complaint.reopened.v1": "reopened",
}
"""What the complainant is told, by the entry of the case log."""
REFUSED = "complaint.message_refused.v1"
REFUSAL = "message_refused"
"""What the complainant is told of a message the case could not take."""
NOTICES = {"sla.breached.v1": "breach_notice", "sla.corrected.v1": "breach_corrected"}
"""What a department is told, by the event of a clock."""


class Expected(NamedTuple):
    """One message somebody must get; ``not_because`` says why it must be skipped instead."""

    template: str
    cycle: int
    cause: str
    not_because: str | None


def expected_letters(case: CaseHistory) -> Iterator[Expected]:
    """Every message the records of ``case`` call for."""
    registered = case.registered
    if registered is None:
        return
    reason = _reason_not_to_write(registered.facts.detail)
    for record in case.log:
        template = LETTERS.get(record.event_type)
        if template is not None:
            entry: CaseEntry = record.facts
            yield Expected(template, entry.cycle, record.event_id, reason)
    for record in refusals_to_tell(case):
        yield Expected(REFUSAL, record.facts.cycle, record.event_id, reason)
    for record in case.clocks:
        template = NOTICES.get(record.event_type)
        if template is not None:
            clock: Clock = record.facts
            yield Expected(template, clock.cycle, record.event_id, None)


def refusals_to_tell(case: CaseHistory) -> Iterator[Record]:
    """Refused messages of the complainant: once per cycle, kind and reason, and again where danger is new."""
    told: set[tuple[int, RefusedMessage]] = set()
    for record in case.log:
        if record.event_type == REFUSED:
            what = record.facts.cycle, record.facts.detail
            if what not in told:
                told.add(what)
                yield record


def _reason_not_to_write(complaint: ComplaintFacts) -> str | None:
    if complaint.anonymous:
        return "anonymous"
    if not complaint.may_contact:
        return "no_consent"
    return None if complaint.email else "no_address"

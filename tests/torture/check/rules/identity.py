"""L4 and L6: what one key becomes. A request nobody knows the outcome of happened once or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.run_files import Operation

_READ_WITHIN_SECONDS = 90.0
"""Of the machine's clock: what a door may be behind the log while brokers are broken."""
_REMEMBERED_SECONDS = 6.5 * 86_400
"""Of the bus's clock: half a day less than doors remember, for their clocks are stepped."""


def unknown_outcomes(history: History) -> RuleResult:
    """L4: of an ``info`` operation there is no case, or one."""
    findings = Findings("L4", "an unknown outcome is nothing or one thing")
    landed = 0
    unknown = {
        operation.complaint_id
        for operation in _submissions(history)
        if operation.outcome == "info" and operation.complaint_id is not None
    }
    for complaint_id in unknown:
        case = history.cases.get(complaint_id)
        cases = len(case.entries("complaint.registered.v1")) if case is not None else 0
        landed += cases > 0
        findings.require(cases <= 1, complaint_id, f"registered {cases} times after an unknown outcome")
    findings.note(f"{landed} of {len(unknown)} complaints with an unknown outcome exist")
    return findings.result()


def one_key_one_ticket(history: History) -> RuleResult:
    """L6: every acceptance of a key names the same complaint and the same ticket, the one that is registered.

    Another day in the number is allowed while the door cannot know of the first acceptance, and once it forgot.
    """
    findings = Findings("L6", "one key, one ticket")
    later_days = 0
    tickets: dict[str, str] = {}
    accepted_at: dict[str, int] = {}
    for operation in _submissions(history):
        if operation.outcome != "ok" or operation.complaint_id is None:
            continue
        complaint_id, ticket = operation.complaint_id, operation.told_ticket or ""
        what = f"operation {operation.number} was told complaint {operation.told_complaint_id}"
        findings.require(operation.told_complaint_id == complaint_id, complaint_id, what)
        first = tickets.setdefault(complaint_id, _registered_ticket(history, complaint_id) or ticket)
        if ticket != first:
            since = operation.invoked_at - accepted_at.get(complaint_id, operation.invoked_at)
            if _without_day(ticket) == _without_day(first) and not _is_known(since, history.run.speed):
                later_days += 1
            else:
                findings.breach(complaint_id, f"operation {operation.number} was told {ticket}; it is {first}")
        if operation.answered_at is not None:
            accepted_at.setdefault(complaint_id, operation.answered_at)
    for complaint_id, case in history.cases.items():
        registrations = case.entries("complaint.registered.v1")
        if registrations:
            findings.require(len(registrations) == 1, complaint_id, f"registered {len(registrations)} times")
    if later_days:
        findings.note(
            f"{later_days} repeats were told their number with a later day: Redis had forgotten, and the door not read"
        )
    return findings.result()


def _is_known(since: int, speed: float) -> bool:
    """Whether a door must know of an acceptance that is ``since`` microseconds of the bus's clock old."""
    return _READ_WITHIN_SECONDS * speed < since / 1_000_000 < _REMEMBERED_SECONDS


def _submissions(history: History) -> Iterator[Operation]:
    return (operation for operation in history.operations if operation.kind not in ("message", "poison"))


def _registered_ticket(history: History, complaint_id: str) -> str | None:
    case = history.cases.get(complaint_id)
    registered = case.registered if case is not None else None
    if registered is None or registered.facts is None:
        return None
    ticket: str = registered.facts.detail.ticket_number
    return ticket


def _without_day(ticket: str) -> str:
    """The part made of the complaint's id; day and check character depend on the day (intake's README)."""
    return ticket[9:19]

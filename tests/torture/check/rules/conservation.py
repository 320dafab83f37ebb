"""L12: every record that went in came out: as a registration, a duplicate, a later fact, or a dead letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set

from shared.events import ids, topics
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.records import Record

_CALLED_BACK = "complaint.called_back.v1"
_HANDED_TO_PEOPLE = "complaint.message_refused.v1"
_FACTS_OF_MESSAGES: Mapping[str, str] = {
    "complaint.supplemented.v1": "complaint.supplement_registered.v1",
    "complaint.urged.v1": "complaint.urge_registered.v1",
    "complaint.withdrawn.v1": "complaint.withdrawal_registered.v1",
    "complaint.survey_answered.v1": _CALLED_BACK,
}
_FACTS_OF_UPDATES: Mapping[str, str] = {
    "accept": "complaint.accepted.v1",
    "contact": "complaint.contacted.v1",
    "progress": "complaint.progressed.v1",
    "return": "complaint.returned.v1",
    "resolve": "complaint.assignment_resolved.v1",
    "hold": "complaint.held.v1",
    "resume": "complaint.resumed.v1",
    "call_back": _CALLED_BACK,
}

Place = tuple[str, int, int]


def conservation(history: History) -> RuleResult:
    """Balance every complaint: what the router read against what it wrote."""
    findings = Findings("L12", "what went in came out")
    refused = history.refused_by_router()
    totals: Counter[str] = Counter()
    for key, case in history.cases.items():
        _balance_submissions(findings, key, case, refused, totals)
        _balance_facts(findings, key, case, refused, totals)
    totals["ok"], totals["info landed"] = _acknowledged(history)
    findings.note(", ".join(f"{name}: {count}" for name, count in sorted(totals.items())))
    return findings.result()


def _acknowledged(history: History) -> tuple[int, int]:
    """Complaints some client knows of, and those that exist although nobody knows."""
    submissions = [operation for operation in history.operations if operation.kind not in ("message", "poison")]
    known = {operation.complaint_id for operation in submissions if operation.outcome == "ok"}
    maybe = {operation.complaint_id for operation in submissions if operation.outcome == "info"} - known
    landed = sum(key in maybe and bool(case.submissions) for key, case in history.cases.items())
    return len(known), landed


def _balance_submissions(
    findings: Findings, key: str, case: CaseHistory, refused: Set[Place], totals: Counter[str]
) -> None:
    read = len(case.submissions)
    if not read and not case.log:
        return
    registered = len(case.entries("complaint.registered.v1"))
    repeated = len(case.entries("complaint.duplicate_dropped.v1"))
    dead = sum(_place(record) in refused for record in case.submissions)
    totals.update({"submissions": read, "registered": registered, "duplicates": repeated, "dead letters": dead})
    what = f"{read} submissions became {registered} registrations, {repeated} duplicates and {dead} dead letters"
    findings.require(read == registered + repeated + dead, key, what)


def _balance_facts(findings: Findings, key: str, case: CaseHistory, refused: Set[Place], totals: Counter[str]) -> None:
    """Messages and reports: each caused its entry in the case log, under the id that follows, or was refused."""
    if not (case.messages or case.updates):
        return
    written: dict[str, list[int]] = {}
    ids_by_type: dict[str, set[str]] = {}
    for record in case.log:
        if record.facts is not None:
            written.setdefault(record.event_type, []).append(record.facts.sequence)
            ids_by_type.setdefault(record.event_type, set()).add(record.event_id)
    for record in (*case.messages, *case.updates):
        is_message = record.topic == topics.RECEIVED
        effect = _FACTS_OF_MESSAGES.get(record.event_type) if is_message else _FACTS_OF_UPDATES.get(record.facts or "")
        outcomes = {effect, _HANDED_TO_PEOPLE} if is_message else {effect}
        effects = sum(
            ids.event_id(record.event_id, outcome, f"{key}/{sequence}") in ids_by_type[outcome]
            for outcome in outcomes
            if outcome is not None
            for sequence in written.get(outcome, ())
        )
        took_effect = effects > 0
        was_refused = _place(record) in refused
        totals["later facts"] += took_effect
        totals["later facts refused"] += was_refused
        what = f"{record.place} ({record.event_type}) changed nothing and is not among the dead letters"
        findings.require(took_effect or was_refused, key, what)
        if effects > 1:
            findings.breach(key, f"{record.place} ({record.event_type}) took effect {effects} times")


def _place(record: Record) -> Place:
    return record.topic, record.partition, record.offset

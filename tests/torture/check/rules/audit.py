"""The auditor's half of L13: what it holds of every complaint, and what its ledger adds up to, against the bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from shared.events import topics
from tests.torture.check.findings import Findings
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_letters import Expected, expected_letters
from tests.torture.check.records import Record, Task

AUDITOR_STATE = topics.state_topic("auditor")
_ROUTERS_DEAD_LETTERS = topics.dead_letter_topic("router")
_HOLE_EVENTS = {"audit.hole_found.v1": 1, "audit.hole_closed.v1": -1}
_LETTERS_OF_ENDS = ("result", "withdrawal_confirmed", "rejection")
_MESSAGES = frozenset(f"complaint.{name}.v1" for name in ("supplemented", "urged", "withdrawn", "survey_answered"))
_EFFECTS_OF_MESSAGES = (
    "complaint.supplement_registered.v1",
    "complaint.urge_registered.v1",
    "complaint.withdrawal_registered.v1",
)


def judge_auditor(findings: Findings, history: History) -> None:
    """Of every complaint the same holes; altogether the same counts; at the end everything read."""
    if not history.state.get(AUDITOR_STATE):
        if history.run.audited:
            findings.breach("auditor", "it ran and remembers nothing")
        findings.note("no auditor in the run: not applicable")
        return
    for key, case in history.cases.items():
        if case.submissions or case.log:
            seen, true = open_holes(case), holes(case, history)
            what = f"the auditor sees {sorted(seen) or 'nothing'}; this checker {sorted(true) or 'nothing'}"
            findings.require(seen == true, key, what)
    _judge_ledger(findings, history)
    found = sum(count for (_, kind), count in history.counts.items() if kind == "audit.hole_found.v1")
    findings.note(f"auditor: {found} holes found in passing, {len(history.copies)} submissions written again")


def _judge_ledger(findings: Findings, history: History) -> None:
    """``cbus audit --json`` at the end: sums of its hours, holes in its list, nothing left to read."""
    if history.audit is None:
        if history.run.audited:
            findings.breach("cbus audit", "was not asked, or gave no answer")
        return
    said, true = _said(history.audit), counted(history)
    for entry, count in true.items():
        findings.require(said[entry] == count, f"cbus audit {entry}", f"it says {said[entry]}, on the bus are {count}")
    unread, listed = history.audit["unread_records"], {each["complaint_id"] for each in history.audit["holes"]}
    findings.require(unread == 0, "cbus audit", f"{unread} records it had not read when it was asked")
    announced = {key for key, case in history.cases.items() if open_holes(case)}
    findings.require(listed == announced, "cbus audit", f"lists {len(listed)} complaints, announced {len(announced)}")


def _said(document: Mapping[str, object]) -> Counter[str]:
    said: Counter[str] = Counter()
    hours = document["hours"]
    assert isinstance(hours, list)
    for hour in hours:
        said.update({name: count for name, count in hour.items() if type(count) is int})
    said["put aside"] = said["refused"] + said["dead_lettered"]
    return said


def counted(history: History) -> Counter[str]:
    """The columns of the auditor's ledger, by this checker's own count."""
    true: Counter[str] = Counter()
    for case in history.cases.values():
        copies = sum(_place(record) in history.copies for record in case.received)
        decided = _decided(case)
        true["received"] += sum(map(_is_submission, case.received)) - copies
        true["reinjected"] += copies
        true["registered"] += len(case.entries("complaint.registered.v1"))
        true["duplicate"] += len(case.entries("complaint.duplicate_dropped.v1"))
        true["put aside"] += sum(
            record.topic == _ROUTERS_DEAD_LETTERS and _is_submission(record) for record in case.dead_letters
        )
        true["decided_tasks"] += len(decided)
        true["queued_tasks"] += len(decided & set(_queued(case)))
    return true


def open_holes(case: CaseHistory) -> set[str]:
    """Kinds of holes the auditor found in ``case`` and did not see closed."""
    found: Counter[str] = Counter()
    for record in case.audits:
        if record.event_type in _HOLE_EVENTS and record.facts is not None:
            found[record.facts] += _HOLE_EVENTS[record.event_type]
    return {kind for kind, count in found.items() if count > 0}


def holes(case: CaseHistory, history: History) -> set[str]:
    """Kinds of holes there are, in the auditor's words, by this checker's own count."""
    registrations = case.entries("complaint.registered.v1")
    outcomes = len(registrations) + len(case.entries("complaint.duplicate_dropped.v1"))
    refused = sum(record.facts is not None and record.facts.origin[0] == topics.RECEIVED for record in case.refusals)
    sent = sum(_place(record) not in history.copies for record in case.submissions)
    read = len(case.submissions) + len(case.messages)
    effects = outcomes + sum(record.event_type in _EFFECTS_OF_MESSAGES for record in case.log)
    sequences = [record.facts.sequence for record in case.log if record.facts is not None]
    decided, queued = _decided(case), _queued(case)
    is_there = {
        "unaccounted": sent > outcomes + refused,
        "phantom": effects > read + len(case.updates) or bool(set(queued) - decided),
        "undispatched": bool(registrations) and (not decided or bool(decided - set(queued))),
        "unclocked": bool(decided) and not case.clocks,
        "unnotified": any(_is_untold(case, expected) for expected in expected_letters(case)),
        "log_gap": set(sequences) != set(range(1, max(sequences, default=0) + 1)),
        "repeated": len(set(sequences)) < len(sequences) or len(set(queued)) < len(queued),
    }
    return {kind for kind, holds in is_there.items() if holds}


def _decided(case: CaseHistory) -> set[str]:
    return {
        assigned.assignment_id
        for record in case.entries("complaint.dispatched.v1")
        if record.facts is not None
        for assigned in record.facts.detail.assignments
    }


def _queued(case: CaseHistory) -> list[str]:
    return [record.facts.assigned.assignment_id for record in case.tasks if isinstance(record.facts, Task)]


def _is_submission(record: Record) -> bool:
    """Whatever is not a later message: a submission that cannot be read is one, too."""
    return record.event_type not in _MESSAGES


def _place(record: Record) -> tuple[int, int]:
    return record.partition, record.offset


def _is_untold(case: CaseHistory, expected: Expected) -> bool:
    """An end of the case that the complainant was neither told of nor, with a reason, not told of."""
    if expected.template not in _LETTERS_OF_ENDS:
        return False
    asked = any(record.facts is not None and record.facts.cause == expected.cause for record in case.requests)
    slot = expected.template, expected.cycle
    skipped = any(
        record.event_type == "notification.skipped.v1"
        and record.facts is not None
        and (record.facts.template, record.facts.cycle) == slot
        for record in case.outcomes
    )
    return not (asked or skipped)

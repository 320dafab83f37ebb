"""L13: the auditor and the services' own counters say the same as this checker."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from shared.events import topics
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_letters import Expected, expected_letters
from tests.torture.check.records import Task
from tests.torture.check.run_files import Scrape

_EMITTED = re.compile(
    r'^complaintbus_events_emitted_total\{service="([^"]+)",type="([^"]+)"\} ([0-9.e+]+)$', re.MULTILINE
)
_LETTERS_OF_ENDS = ("result", "withdrawal_confirmed", "rejection")
_AUDITOR_STATE = "auditor.state.v1"
_HOLE_EVENTS = {"audit.hole_found.v1": 1, "audit.hole_closed.v1": -1}
_EFFECTS_OF_MESSAGES = (
    "complaint.supplement_registered.v1",
    "complaint.urge_registered.v1",
    "complaint.withdrawal_registered.v1",
)


def auditor_and_metrics(history: History) -> RuleResult:
    """Counters may fall short after kills (a process takes them with it); they must never claim more."""
    findings = Findings("L13", "auditor and counters agree")
    emitted = _emitted(history.scrapes)
    is_quiet = not history.faults
    for (service, event_type), claimed in emitted.items():
        there = sum(count for (topic, kind), count in history.counts.items() if kind == event_type and _is_event(topic))
        holds = claimed == there if is_quiet else claimed <= there
        findings.require(holds, f"{service} {event_type}", f"counted {claimed}, on the bus are {there}")
    if not emitted:
        findings.note("no counters of the services in the run: not applicable")
    elif not is_quiet:
        findings.note("processes were killed, so counters are lower bounds")
    _judge_auditor(findings, history)
    return findings.result()


def _is_event(topic: str) -> bool:
    return ".dead-letters." not in topic and not topic.endswith(".state.v1") and topic != topics.RECEIVED


def _emitted(scrapes: Iterable[Scrape]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for scrape in scrapes:
        for service, event_type, value in _EMITTED.findall(scrape.text):
            counted[service, event_type] += round(float(value))
    return counted


def _judge_auditor(findings: Findings, history: History) -> None:
    """Of every complaint: the auditor holds that something is missing or repeated if, and only if, it is."""
    if not history.state.get(_AUDITOR_STATE):
        findings.note("no auditor in the run: not applicable")
        return
    for key, case in history.cases.items():
        if case.submissions or case.log:
            seen, true = open_holes(case), holes(case)
            what = f"the auditor sees {sorted(seen) or 'nothing'}; this checker {sorted(true) or 'nothing'}"
            findings.require(bool(seen) == bool(true), key, what)


def open_holes(case: CaseHistory) -> set[str]:
    """Kinds of holes the auditor found in ``case`` and did not see closed."""
    found: Counter[str] = Counter()
    for record in case.audits:
        if record.event_type in _HOLE_EVENTS and record.facts is not None:
            found[record.facts] += _HOLE_EVENTS[record.event_type]
    return {kind for kind, count in found.items() if count > 0}


def holes(case: CaseHistory) -> set[str]:
    """Kinds of holes there are, in the auditor's words, by this checker's own count."""
    registrations = case.entries("complaint.registered.v1")
    outcomes = len(registrations) + len(case.entries("complaint.duplicate_dropped.v1"))
    refused = sum(record.facts is not None and record.facts.origin[0] == topics.RECEIVED for record in case.refusals)
    read = len(case.submissions) + len(case.messages)
    effects = outcomes + sum(record.event_type in _EFFECTS_OF_MESSAGES for record in case.log)
    sequences = [record.facts.sequence for record in case.log if record.facts is not None]
    decided = {
        assigned.assignment_id
        for record in case.entries("complaint.dispatched.v1")
        if record.facts is not None
        for assigned in record.facts.detail.assignments
    }
    queued = [record.facts.assigned.assignment_id for record in case.tasks if isinstance(record.facts, Task)]
    is_there = {
        "unaccounted": len(case.submissions) > outcomes + refused,
        "phantom": effects > read + len(case.updates) or bool(set(queued) - decided),
        "undispatched": bool(registrations) and (not decided or bool(decided - set(queued))),
        "unclocked": bool(decided) and not case.clocks,
        "unnotified": any(_is_untold(case, expected) for expected in expected_letters(case)),
        "log_gap": set(sequences) != set(range(1, max(sequences, default=0) + 1)),
        "repeated": len(set(sequences)) < len(sequences) or len(set(queued)) < len(queued),
    }
    return {kind for kind, holds in is_there.items() if holds}


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

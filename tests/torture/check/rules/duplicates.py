"""L3: nothing the processors write is there twice; each department has each case of a cycle once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shared.events import topics
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.records import Record, Task

_EDGES = (topics.RECEIVED, topics.NOTIFICATION_EVENTS)
"""Written at least once, by intake and by the sender; there a repeat has the same id and is recognised."""


def duplicates(history: History) -> RuleResult:
    """Judge event ids, dead letters and tasks."""
    findings = Findings("L3", "nothing is there twice")
    repeats_at_edges = 0
    for key, case in history.cases.items():
        exactly_once, edges = _by_guarantee(case)
        _unique(findings, key, ((record.topic, record.event_id) for record in exactly_once), "event id")
        repeats_at_edges += len(edges) - len({(record.topic, record.event_id) for record in edges})
        origins = ((record.topic, record.facts.origin) for record in case.dead_letters if record.facts is not None)
        _unique(findings, key, origins, "dead letter of one record")
        _judge_tasks(findings, key, case)
    findings.note(f"{repeats_at_edges} repeats written by the edges, recognisable by their id")
    return findings.result()


def _by_guarantee(case: CaseHistory) -> tuple[list[Record], list[Record]]:
    """Records that must be there exactly once, and those of the edges. ``skipped`` is written by the composer."""
    once: list[Record] = []
    edges: list[Record] = []
    for record in (*case.received, *case.log, *case.tasks, *case.clocks, *case.requests, *case.outcomes):
        is_edge = record.topic in _EDGES and record.event_type != "notification.skipped.v1"
        (edges if is_edge else once).append(record)
    return once, edges


def _judge_tasks(findings: Findings, key: str, case: CaseHistory) -> None:
    """A department may get a case again when somebody, itself included, handed a part back."""
    handed_on = {
        assigned.assignment_id
        for record in case.entries("complaint.dispatched.v1")
        if record.facts is not None and record.facts.detail.cause == "returned"
        for assigned in record.facts.detail.assignments
    }
    tasks: list[Task] = [record.facts for record in case.tasks if isinstance(record.facts, Task)]
    _unique(findings, key, (task.assigned.assignment_id for task in tasks), "dispatch of assignment")
    first = [task for task in tasks if task.assigned.assignment_id not in handed_on]
    _unique(
        findings, key, ((task.cycle, task.assigned.department) for task in first), "dispatch in (cycle, department)"
    )


def _unique(findings: Findings, key: str, things: Iterable[object], what: str) -> None:
    counted = Counter(things)
    findings.check(len(counted))
    for thing, count in counted.items():
        if count > 1:
            findings.breach(key, f"{what} {thing} is there {count} times")

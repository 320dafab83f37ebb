"""L11: at the end no transaction is open, no group has anything left to read, and no process had grown and grown."""

from __future__ import annotations

from shared.events import topics
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.rules.resources import judge_resources

_JOURNEY = (
    topics.RECEIVED,
    topics.LIFECYCLE,
    topics.SLA_EVENTS,
    topics.NOTIFICATION_REQUESTS,
    topics.NOTIFICATION_EVENTS,
)


def settled(history: History) -> RuleResult:
    """Judge every partition's end, every group's offsets, and what the processes held."""
    findings = Findings("L11", "no transaction open, nothing unread, nothing leaked")
    if not history.ends:
        findings.breach("brokers", "no partition was read")
    for end in history.ends:
        name = f"{end.topic}/{end.partition}"
        findings.require(end.stable == end.end, name, f"stable up to {end.stable} of {end.end}: a transaction is open")
    for group, inputs in _inputs(history).items():
        for place, last in history.last_offsets.items():
            if place[0] in inputs:
                committed = history.committed.get((group, *place), -1)
                what = f"{group} stands at {committed}; the last record is {last}"
                findings.require(committed > last, f"{place[0]}/{place[1]}", what)
    if history.samples:
        judge_resources(findings, history.samples)
    elif history.run.sampled:
        findings.breach("resources", "were to be noted, and nothing was")
    else:
        findings.note("open files and memory were not noted: not applicable")
    return findings.result()


def _inputs(history: History) -> dict[str, frozenset[str]]:
    """Groups and what they read. End markers take an offset too, so the last *record* counts, not the end."""
    departments = history.run.departments
    updates = map(topics.department_updates_topic, departments)
    inputs = {
        "router": frozenset((topics.RECEIVED, *updates)),
        "sla": frozenset((topics.RECEIVED, topics.LIFECYCLE)),
        "notifier": frozenset((topics.LIFECYCLE, topics.SLA_EVENTS)),
        "notifier-sender": frozenset((topics.NOTIFICATION_REQUESTS,)),
    }
    if history.run.audited:
        dead_letters = map(topics.dead_letter_topic, ("router", "sla", "notifier"))
        queues = map(topics.department_topic, departments)
        inputs["auditor"] = frozenset((*_JOURNEY, *dead_letters, *queues))
        inputs["auditor-reinjection"] = frozenset((topics.AUDIT_EVENTS,))
    return inputs

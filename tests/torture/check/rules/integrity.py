"""L5: what was sent is what departments read, and every record is what its topic promises."""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.records import Content, Task


def integrity(history: History) -> RuleResult:
    """Compare the digests of what was sent with those of every record that carries it."""
    findings = Findings("L5", "contents arrive unchanged")
    for operation in history.operations:
        if operation.outcome == "ok" and operation.content is not None:
            case = history.cases.get(operation.complaint_id or "")
            landed = case is not None and operation.content in _submitted(case)
            findings.require(
                landed, operation.complaint_id or "", f"operation {operation.number}: not on the log as sent"
            )
    for key, case in history.cases.items():
        registered = case.registered
        if registered is None or registered.facts is None:
            continue
        content: Content = registered.facts.detail.content
        findings.require(content in _submitted(case), key, "what is registered is not what was submitted")
        for record in case.tasks:
            if isinstance(record.facts, Task):
                findings.require(record.facts.content == content, key, f"{record.place}: not what is registered")
    _judge_unreadable(findings, history)
    return findings.result()


def _submitted(case: CaseHistory) -> set[Content]:
    return {record.facts.content for record in case.submissions if record.facts is not None}


def _judge_unreadable(findings: Findings, history: History) -> None:
    """Poison may be unreadable; it must then be among the dead letters."""
    refused = history.refused_by_router()
    for unreadable in history.unreadable:
        what = f"{unreadable.place} cannot be read and is not among the dead letters: {unreadable.why}"
        findings.require(unreadable.place in refused, unreadable.key, what)

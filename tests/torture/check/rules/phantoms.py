"""L2: nothing is on the bus that nobody sent; above all nothing the client was told is refused."""

from __future__ import annotations

from collections.abc import Sequence

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.records import Task
from tests.torture.check.run_files import Operation


def phantoms(history: History) -> RuleResult:
    """Judge every submission, message and task on the bus."""
    findings = Findings("L2", "nothing comes from nowhere")
    sent = history.operations_by_complaint()
    poisoned = {operation.key for operation in history.operations if operation.kind == "poison"}
    for key, case in history.cases.items():
        if key not in poisoned:
            _judge(findings, key, case, sent.get(key, ()))
    findings.note(f"{len(history.aborted)} records of aborted transactions are in the log and hidden from readers")
    return findings.result()


def _judge(findings: Findings, key: str, case: CaseHistory, operations: Sequence[Operation]) -> None:
    possible = [operation for operation in operations if operation.outcome != "fail"]
    contents = {operation.content for operation in possible if operation.kind != "message"}
    for record in case.submissions:
        if record.facts is not None:
            why = "refused to the client" if operations else "sent by nobody"
            findings.require(record.facts.content in contents, key, f"{record.place}: a submission {why}")
    messages = {operation.key for operation in possible if operation.kind == "message"}
    different = {record.event_id for record in case.messages}
    if different:
        findings.require(len(different) <= len(messages), key, f"{len(different)} messages, {len(messages)} were sent")
    if case.log:
        findings.require(bool(case.submissions), key, "a case without a submission")
    decided = {
        (f"departments.{assigned.department}.v1", assigned)
        for record in case.entries("complaint.dispatched.v1")
        if record.facts is not None
        for assigned in record.facts.detail.assignments
    }
    for record in case.tasks:
        if isinstance(record.facts, Task):
            known = (record.topic, record.facts.assigned) in decided
            findings.require(known, key, f"{record.place}: a task the case log does not know")
    if (case.clocks or case.requests) and not (case.log or case.submissions):
        findings.breach(key, "clocks or letters for a complaint that does not exist")

"""L1: whatever was accepted reached the departments that must have it, or the dead letters with a reason."""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_routing import RoutingOracle
from tests.torture.check.records import Content, DeadLetter, Dispatch, Task
from tests.torture.check.run_files import Operation

_NOTHING = CaseHistory()


def lost(history: History) -> RuleResult:
    """Judge every accepted operation, and the routing of every registered complaint."""
    findings = Findings("L1", "nothing accepted is lost")
    dead_origins = history.refused_by_router()
    for operation in history.operations:
        if operation.outcome == "ok":
            findings.check()
            case = history.cases.get(operation.complaint_id or operation.key, _NOTHING)
            problem = _missing(operation, case, dead_origins)
            if problem:
                findings.breach(operation.complaint_id or operation.key, f"operation {operation.number}: {problem}")
    if findings.checked == 0:
        findings.breach("ledger", "not one operation was accepted: nothing was proved")
    oracle = RoutingOracle.of_directory(history.run.config_directory)
    for complaint_id, case in history.cases.items():
        if case.registered is not None:
            findings.check()
            for problem in routing_problems(case, oracle):
                findings.breach(complaint_id, problem)
    return findings.result()


def _missing(operation: Operation, case: CaseHistory, dead_origins: set[tuple[str, int, int]]) -> str | None:
    if operation.kind == "poison":
        return None if operation.origin in dead_origins else f"poison at {operation.origin} is not in the dead letters"
    if operation.kind == "message":
        landed = any(record.event_id == operation.told_event_id for record in case.messages)
        if landed or (operation.told_event_id is None and case.messages):
            return None
        return f"message {operation.told_event_id} is not on the log"
    registered = case.registered
    if registered is not None and registered.facts.detail.content == operation.content:
        return None
    if operation.content in _dead_contents(case):
        return None
    if registered is None:
        return "accepted, but neither registered nor among the dead letters"
    return "accepted, but another content is registered and this one is not among the dead letters"


def _dead_contents(case: CaseHistory) -> set[Content | None]:
    letters: list[DeadLetter] = [record.facts for record in case.refusals if record.facts is not None]
    return {letter.content for letter in letters if letter.reason and letter.content is not None}


def routing_problems(case: CaseHistory, oracle: RoutingOracle) -> list[str]:
    """What is wrong with the dispatches of a registered complaint."""
    dispatches: list[Dispatch] = [
        record.facts.detail for record in case.entries("complaint.dispatched.v1") if record.facts is not None
    ]
    if case.assessed is None or not dispatches:
        return ["registered, but never assessed or dispatched"]
    problems = _first_dispatch_problems(case, dispatches[0], oracle)
    queued = {_of(record.topic, record.facts) for record in case.tasks if isinstance(record.facts, Task)}
    for dispatch in dispatches:
        for assigned in dispatch.assignments:
            if (f"departments.{assigned.department}.v1", assigned) not in queued:
                problems.append(f"assignment {assigned.assignment_id} is not in the queue of {assigned.department}")
    return problems


def _first_dispatch_problems(case: CaseHistory, first: Dispatch, oracle: RoutingOracle) -> list[str]:
    assert case.registered is not None
    assert case.assessed is not None
    lead, others = oracle.expected(case.registered.facts.detail, case.assessed.facts.detail)
    found_others = {assigned.department for assigned in first.assignments if assigned.role == "co_handler"}
    found_leads = [assigned.department for assigned in first.assignments if assigned.role == "lead"]
    if found_leads == [lead] and found_others == others:
        return []
    return [f"dispatched to {found_leads} with {sorted(found_others)}; the rules say {lead} with {sorted(others)}"]


def _of(topic: str, task: Task) -> tuple[str, object]:
    return topic, task.assigned

"""L10: what the services remember is what the logs add up to."""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.records import StateRow

ROUTER_STATE, SLA_STATE = "router.state.v1", "sla.state.v1"
_ENDS = ("sla.met.v1", "sla.breached.v1", "sla.cancelled.v1")


def state(history: History) -> RuleResult:
    """Compare the last changelog row of each complaint with its case log and its clocks."""
    findings = Findings("L10", "state is the sum of the log")
    router, sla = history.state.get(ROUTER_STATE, {}), history.state.get(SLA_STATE, {})
    for key, case in history.cases.items():
        if case.log:
            _compare(findings, key, "router", router.get(key), fold(case))
        if case.clocks and key in sla:  # a settled row is dropped after its time
            _compare(findings, key, "sla", sla[key], running_clocks(case))
    for key in router.keys() - history.cases.keys():
        findings.breach(key, "the router remembers a case without a log")
    return findings.result()


def fold(case: CaseHistory) -> StateRow:
    """The router's row as the case log tells it."""
    status, is_safety, cycle = "open", False, 1
    for record in case.log:
        entry, kind = record.facts, record.event_type
        if entry is None:
            continue
        cycle = entry.cycle
        if kind == "complaint.assessed.v1":
            is_safety = entry.detail.safety
        elif kind == "complaint.resolved.v1":
            status = "resolved"
        elif kind in ("complaint.closed.v1", "complaint.rejected.v1"):
            status = "closed"
        elif kind == "complaint.reopened.v1":
            status = "open"
        elif kind == "complaint.withdrawal_registered.v1" and not (is_safety and status == "open"):
            status = "closed"  # where people are in danger, departments go on
    return StateRow(cycle, len(case.log), status, None)


def running_clocks(case: CaseHistory) -> StateRow:
    """The SLA service's row as its own events tell it."""
    armed, ended, cycle = set[tuple[int, str]](), set[tuple[int, str]](), 1
    for record in case.clocks:
        if record.facts is None:
            continue
        clock = record.facts.cycle, record.facts.clock
        cycle = max(cycle, record.facts.cycle)
        if record.event_type == "sla.armed.v1":
            armed.add(clock)
        elif record.event_type in _ENDS:
            ended.add(clock)
    return StateRow(cycle, None, None, tuple(sorted(name for _, name in armed - ended)))


def _compare(findings: Findings, key: str, service: str, row: StateRow | None, expected: StateRow) -> None:
    findings.require(row == expected, key, f"{service} remembers {_plain(row)}; the log says {_plain(expected)}")


def _plain(row: StateRow | None) -> str:
    if row is None:
        return "nothing"
    return ", ".join(f"{name}={value}" for name, value in row._asdict().items() if value is not None)

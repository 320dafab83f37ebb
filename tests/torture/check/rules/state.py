"""L10: what the services remember is what the logs add up to."""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_correspondence import ended_at, remembered
from tests.torture.check.oracle_routing import RoutingOracle
from tests.torture.check.records import CorrespondenceRow, StateRow
from tests.torture.check.run_files import Run

ROUTER_STATE, SLA_STATE, NOTIFIER_STATE = "router.state.v1", "sla.state.v1", "notifier.state.v1"
KEPT_AFTER_THE_END_MICROS = 400 * 86_400 * 1_000_000
"""By the bus's clock: the notifier forgets name and address when a case has ended for this long."""
Row = StateRow | CorrespondenceRow
_ENDS = ("sla.met.v1", "sla.breached.v1", "sla.cancelled.v1")


def state(history: History) -> RuleResult:
    """Compare the last changelog rows of each complaint with its case log, its clocks and what was asked for."""
    findings = Findings("L10", "state is the sum of the log")
    router, sla = history.state.get(ROUTER_STATE, {}), history.state.get(SLA_STATE, {})
    notifier = history.state.get(NOTIFIER_STATE, {})
    triage = RoutingOracle.of_directory(history.run.config_directory).triage
    for key, case in history.cases.items():
        if case.log:
            _compare(findings, key, "router", router.get(key), fold(case))
        if case.clocks and key in sla:  # a settled row is dropped after its time
            _compare(findings, key, "sla", sla[key], running_clocks(case))
        if key in notifier or not _may_be_forgotten(case, history.run):
            _compare(findings, key, "notifier", notifier.get(key), remembered(case, triage))
    for service, rows in (("router", router), ("notifier", notifier)):
        for key in rows.keys() - history.cases.keys():
            findings.breach(key, f"the {service} remembers a case without a log")
    findings.note("Redis read model: no portal yet, so flush and rebuild is not applicable")
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


def _may_be_forgotten(case: CaseHistory, run: Run) -> bool:
    ended = ended_at(case)
    if ended is None or run.clocks_stopped_at is None:
        return False
    return run.clocks_stopped_at - ended >= KEPT_AFTER_THE_END_MICROS


def _compare(findings: Findings, key: str, service: str, row: Row | None, expected: Row | None) -> None:
    if row is None and expected is None:
        return
    findings.require(row == expected, key, f"{service} remembers {_plain(row)}; the log says {_plain(expected)}")


def _plain(row: Row | None) -> str:
    if row is None:
        return "nothing"
    return ", ".join(f"{name}={value}" for name, value in row._asdict().items() if value is not None)

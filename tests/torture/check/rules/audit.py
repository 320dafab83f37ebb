"""The auditor's half of L13: what it holds of every complaint, and what its ledger adds up to, against the bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from shared.events import topics
from tests.torture.check.findings import Findings
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_ledger import account_of, columns_of, holes_of

AUDITOR_STATE = topics.state_topic("auditor")
_HOLE_EVENTS = {"audit.hole_found.v1": 1, "audit.hole_closed.v1": -1}
_NOT_COUNTED = "pending"
"""The one number of an hour that is no column: what may still come, not what is there."""


def judge_auditor(findings: Findings, history: History) -> None:
    """Of every complaint the same holes; altogether the same counts; at the end everything read."""
    if not history.state.get(AUDITOR_STATE):
        if history.run.audited:
            findings.breach("auditor", "it ran and remembers nothing")
        findings.note("no auditor in the run: not applicable")
        return
    columns: Counter[str] = Counter()
    for key, case in history.cases.items():
        account = account_of(case, history.copies)
        columns.update(columns_of(account))
        seen, true = open_holes(case), holes_of(account)
        what = f"the auditor sees {sorted(seen) or 'nothing'}; this checker {sorted(true) or 'nothing'}"
        findings.require(seen == true, key, what)
    _judge_ledger(findings, history, columns)
    found = sum(count for (_, kind), count in history.counts.items() if kind == "audit.hole_found.v1")
    findings.note(f"auditor: {found} holes found in passing, {len(history.copies)} submissions written again")


def _judge_ledger(findings: Findings, history: History, columns: Mapping[str, int]) -> None:
    """``cbus audit --json`` at the end: sums of its hours, holes in its list, nothing left to read."""
    if history.audit is None:
        if history.run.audited:
            findings.breach("cbus audit", "was not asked, or gave no answer")
        return
    said = _said(history.audit)
    for column in sorted(said.keys() | columns.keys()):
        told, there = said.get(column), columns.get(column)
        findings.require(told == there, f"cbus audit {column}", f"it says {told}, on the bus are {there}")
    unread = history.audit["unread_records"]
    findings.require(unread == 0, "cbus audit", f"{unread} records it had not read when it was asked")
    listed = {(each["complaint_id"], each["kind"]) for each in history.audit["holes"]}
    announced = {(key, kind) for key, case in history.cases.items() for kind in open_holes(case)}
    findings.require(listed == announced, "cbus audit", f"lists {len(listed)} holes, announced {len(announced)}")
    named = {(each["topic"], each["partition"]): each["records"] for each in history.audit["surplus"]}
    held = {place: count for place, count in history.surplus.items() if count}
    findings.require(named == held, "cbus audit", f"names {named} in surplus partitions; they hold {held}")


def _said(document: Mapping[str, Any]) -> dict[str, int]:
    """Sums of the columns over all hours; a column this checker does not know is among them, to be noticed."""
    said: Counter[str] = Counter()
    for hour in document["hours"]:
        said.update({name: value for name, value in hour.items() if type(value) is int and name != _NOT_COUNTED})
    return dict(said)


def open_holes(case: CaseHistory) -> set[str]:
    """Kinds of holes the auditor found in ``case`` and did not see closed."""
    found: Counter[str] = Counter()
    for record in case.audits:
        if record.event_type in _HOLE_EVENTS and record.facts is not None:
            found[record.facts] += _HOLE_EVENTS[record.event_type]
    return {kind for kind, count in found.items() if count > 0}

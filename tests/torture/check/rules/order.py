"""L7: the case log of every complaint counts 1, 2, 3 … in the order of the log, in one partition everywhere.

And nobody is asked whether a resolution helped before there is one, nor reopens the case before it.
"""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.records import CaseEntry, Record


def order(history: History) -> RuleResult:
    """Judge sequence numbers, cycles and partitions."""
    findings = Findings("L7", "the case log is gapless and in order")
    for key, case in history.cases.items():
        entries: list[CaseEntry] = [record.facts for record in case.log if record.facts is not None]
        if not entries:
            continue
        numbers = [entry.sequence for entry in entries]
        findings.require(numbers == list(range(1, len(numbers) + 1)), key, f"entries are numbered {numbers[:30]}")
        cycles = [entry.cycle for entry in entries]
        findings.require(cycles == sorted(cycles), key, f"cycles go back: {cycles[:30]}")
        _judge_answers(findings, key, [record for record in case.log if record.facts is not None])
        partitions = {record.partition for record in case.records() if ".dead-letters." not in record.topic}
        findings.require(len(partitions) == 1, key, f"is in partitions {sorted(partitions)}")
    return findings.result()


def _judge_answers(findings: Findings, key: str, log: list[Record]) -> None:
    resolved_at = {
        record.facts.cycle: record.facts.happened_at for record in log if record.event_type == "complaint.resolved.v1"
    }
    for record in log:
        entry: CaseEntry = record.facts
        if record.event_type == "complaint.called_back.v1":
            asked_from = resolved_at.get(entry.cycle)
        elif record.event_type == "complaint.reopened.v1":
            asked_from = resolved_at.get(entry.cycle - 1)
        else:
            continue
        is_after = asked_from is not None and asked_from <= entry.happened_at
        findings.require(is_after, key, f"{record.event_type} of cycle {entry.cycle} lies before the resolution")

"""L7: the case log of every complaint counts 1, 2, 3 … in the order of the log, in one partition everywhere."""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.records import CaseEntry


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
        partitions = {record.partition for record in case.records() if ".dead-letters." not in record.topic}
        findings.require(len(partitions) == 1, key, f"is in partitions {sorted(partitions)}")
    return findings.result()

"""L7: the case log of every complaint counts 1, 2, 3 … in the order of the log, in one partition everywhere.

And nobody is asked whether a resolution helped before there is one, nor reopens the case before it.
And it did so for a reader that watched while everything was being broken: same numbers, same places, nothing it saw
that is not there at the end, nothing there that it did not see.
"""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.records import CaseEntry, Record
from tests.torture.check.run_files import Seen


def order(history: History) -> RuleResult:
    """Judge sequence numbers, cycles and partitions, and what the live reader saw."""
    findings = Findings("L7", "the case log is gapless and in order, live too")
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
    _judge_live(findings, history)
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


def _judge_live(findings: Findings, history: History) -> None:
    """Per complaint gapless and rising as it was seen, and all that is in the log: it read to the end of the run."""
    if not history.run.read_live:
        findings.note("no live reader in the run: not applicable")
        return
    for key, seen in history.live.items():
        numbers = [entry.sequence for entry in seen]
        in_order = numbers == list(range(1, len(numbers) + 1))
        findings.require(in_order, key, f"the live reader saw entries numbered {numbers[:30]}")
    for key in history.cases.keys() | history.live.keys():
        live, final = set(history.live.get(key, ())), _places(history.cases.get(key))
        if live or final:
            findings.require(live == final, key, f"read live, then at the end: {_difference(live, final)}")
    findings.note(f"live reader: {sum(map(len, history.live.values()))} entries of {len(history.live)} complaints")


def _places(case: CaseHistory | None) -> set[Seen]:
    log = case.log if case is not None else ()
    return {
        Seen(record.partition, record.offset, record.facts.sequence if record.facts is not None else None)
        for record in log
    }


def _difference(live: set[Seen], final: set[Seen]) -> str:
    def told(entries: set[Seen]) -> str:
        return ", ".join(f"{each.sequence} at {each.partition}@{each.offset}" for each in sorted(entries, key=str)[:5])

    return f"only live {told(live - final) or 'nothing'}; only at the end {told(final - live) or 'nothing'}"

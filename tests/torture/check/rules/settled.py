"""L11: at the end no transaction is open, no group has anything left to read, and no process had grown and grown."""

from __future__ import annotations

from shared.events.clients import SERVICES, subscriptions
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.rules.resources import judge_resources


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
    there = [client for client in SERVICES if history.run.audited or not client.observes]
    return {group: frozenset(read) for group, read in subscriptions(there, history.run.departments).items()}

"""L13: the auditor and the services' own counters say the same as this checker."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from shared.events import topics
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.rules.audit import judge_auditor
from tests.torture.check.run_files import Scrape

_EMITTED = re.compile(
    r'^complaintbus_events_emitted_total\{service="([^"]+)",type="([^"]+)"\} ([0-9.e+]+)$', re.MULTILINE
)


def auditor_and_metrics(history: History) -> RuleResult:
    """Counters may fall short after kills (a process takes them with it); they must never claim more."""
    findings = Findings("L13", "auditor and counters agree")
    emitted = _emitted(history.scrapes)
    is_quiet = not history.faults
    for (service, event_type), claimed in emitted.items():
        there = sum(count for (topic, kind), count in history.counts.items() if kind == event_type and _is_event(topic))
        holds = claimed == there if is_quiet else claimed <= there
        findings.require(holds, f"{service} {event_type}", f"counted {claimed}, on the bus are {there}")
    if not emitted:
        findings.note("no counters of the services in the run: not applicable")
    elif not is_quiet:
        findings.note("processes were killed, so counters are lower bounds")
    judge_auditor(findings, history)
    return findings.result()


def _is_event(topic: str) -> bool:
    return ".dead-letters." not in topic and not topic.endswith(".state.v1") and topic != topics.RECEIVED


def _emitted(scrapes: Iterable[Scrape]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for scrape in scrapes:
        for service, event_type, value in _EMITTED.findall(scrape.text):
            counted[service, event_type] += round(float(value))
    return counted

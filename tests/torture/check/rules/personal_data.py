"""L14: what complainants said about themselves is nowhere but in the values meant for it."""

from __future__ import annotations

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History


def personal_data(history: History) -> RuleResult:
    """Search keys, headers, dead letters' headers, service logs and metrics for what was submitted."""
    findings = Findings("L14", "personal data stays where it belongs")
    findings.check(history.free_text.texts_seen)
    subjects = {operation.number: operation.complaint_id or operation.key for operation in history.operations}
    for leak in history.free_text.leaks(history.personal_data):
        subject = subjects.get(leak.operation, f"operation {leak.operation}")
        findings.breach(subject, f"{leak.kind} of operation {leak.operation} found in {leak.where}")
    findings.note("erasure and encryption: not applicable yet")
    return findings.result()

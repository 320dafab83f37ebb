"""L9: messages against what the sinks really accepted. One, or more and marked so, or none with a reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import yaml

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_letters import expected_letters
from tests.torture.check.records import MailOutcome, Record, Request
from tests.torture.check.run_files import Delivery

_DOUBTFUL_FAILURES = ("outcome_unknown",)


def letters(history: History) -> RuleResult:
    """Judge what was to be written, what was written, and what is on record about it."""
    findings = Findings("L9", "letters: one, or marked, or a reason")
    delivered: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in history.deliveries:
        delivered[delivery.notification_id].append(delivery)
    desks = _addresses_of_departments(history.run.config_directory)
    known: set[str] = set()
    precision: Counter[str] = Counter()
    for key, case in history.cases.items():
        _judge_expectations(findings, key, case)
        outcomes = _by_notification(case)
        for record in case.requests:
            if record.facts is not None:
                known.add(record.facts.notification_id)
                arrived = delivered.get(record.facts.notification_id, [])
                _judge_request(findings, key, record.facts, outcomes, arrived, desks, precision)
    for notification_id in delivered.keys() - known:
        findings.breach(notification_id, "a message nobody asked for")
    findings.note(f"marked as possible repeat: {precision['marked']}, truly arrived twice: {precision['twice']}")
    by_medium = Counter(delivery.medium for delivery in history.deliveries)
    findings.note(f"sinks: {by_medium['email']} letters, {by_medium['sms']} texts, {by_medium['webhook']} webhooks")
    return findings.result()


def _addresses_of_departments(config: Path) -> dict[str, str | None]:
    departments = yaml.safe_load((config / "departments.yaml").read_text(encoding="utf-8"))["departments"]
    return {department["id"]: department.get("email") for department in departments}


def _judge_expectations(findings: Findings, key: str, case: CaseHistory) -> None:
    asked = Counter((r.facts.template, r.facts.cycle, r.facts.cause) for r in case.requests if r.facts is not None)
    skipped = Counter(
        (record.facts.template, record.facts.cycle, record.facts.reason)
        for record in case.outcomes
        if record.event_type == "notification.skipped.v1" and record.facts is not None
    )
    no_notice = Counter(template for (template, _, reason), n in skipped.items() if reason == "no_breach_notice")
    wanted = list(expected_letters(case))
    not_written = Counter((each.template, each.cycle, each.not_because) for each in wanted)
    for expected in wanted:
        slot = expected.template, expected.cycle
        if expected.not_because is not None:
            reasoned = (*slot, expected.not_because)
            holds = skipped[reasoned] == not_written[reasoned] and not asked[(*slot, expected.cause)]
            findings.require(holds, key, f"{slot} must be skipped once because of {expected.not_because}")
        elif expected.template == "breach_corrected" and no_notice["breach_corrected"]:
            findings.check()
        else:
            count = asked[(*slot, expected.cause)]
            findings.require(count == 1, key, f"{slot} was asked for {count} times")


def _by_notification(case: CaseHistory) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in case.outcomes:
        if record.facts is not None:
            found[record.facts.notification_id].append(record)
    return found


def _judge_request(
    findings: Findings,
    key: str,
    request: Request,
    outcomes: dict[str, list[Record]],
    arrived: list[Delivery],
    desks: dict[str, str | None],
    precision: Counter[str],
) -> None:
    told = outcomes.get(request.notification_id, [])
    sent = [record.facts for record in told if record.event_type == "notification.sent.v1"]
    failed = [record.facts for record in told if record.event_type == "notification.failed.v1"]
    is_marked = any(outcome.doubtful for outcome in sent) or any(_is_doubtful(outcome) for outcome in failed)
    precision["marked"] += is_marked
    precision["twice"] += len(arrived) > 1
    problem = _problem(len(arrived), sent, failed, is_marked=is_marked)
    findings.require(problem is None, key, f"{request.template} {request.notification_id}: {problem}")
    for delivery in arrived:
        if delivery.medium != request.medium:
            findings.breach(key, f"{request.template} {request.notification_id} went by {delivery.medium}")
        elif not _is_for(delivery.recipients, request, desks):
            findings.breach(key, f"{request.template} {request.notification_id} went to somebody else")


def _is_for(recipients: tuple[str, ...], request: Request, desks: dict[str, str | None]) -> bool:
    if request.audience == "complainant":
        return recipients == (request.phone if request.medium == "sms" else request.email,)
    return request.medium != "email" or recipients == (desks.get(request.department or ""),)


def _problem(arrived: int, sent: list[MailOutcome], failed: list[MailOutcome], *, is_marked: bool) -> str | None:
    if not sent and not failed:
        return f"arrived {arrived} times, and nothing final is on record"
    if arrived == 0:
        return "on record as sent, but never arrived" if sent else _reasoned(failed)
    if arrived == 1:
        return None if sent or is_marked else "on record as failed, but it arrived"
    return None if is_marked else f"arrived {arrived} times without a mark"


def _reasoned(failed: list[MailOutcome]) -> str | None:
    return None if all(outcome.reason for outcome in failed) else "failed without a reason"


def _is_doubtful(outcome: MailOutcome) -> bool:
    return outcome.doubtful or outcome.reason in _DOUBTFUL_FAILURES

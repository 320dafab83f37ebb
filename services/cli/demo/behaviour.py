"""How a simulated department works on a case: what it reports, and when. A pure function of the assignment and a seed.

Times are demo time after the dispatch. The tempers are chosen so that an hour a second shows, within a minute, most
complaints answered, and every ending a clock can have.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from shared.events.decisions import Resolution, Role, Severity
from shared.events.departments import Action, AssignmentDispatched


class Temper(StrEnum):
    """What kind of day the department has."""

    PROMPT = "prompt"
    SLOW = "slow"
    SILENT = "silent"
    RETURNING = "returning"
    WAITING = "waiting"


_SHARES = {Temper.PROMPT: 76, Temper.SLOW: 8, Temper.SILENT: 4, Temper.RETURNING: 5, Temper.WAITING: 7}

_ANSWER = Resolution(
    status="refund granted / 同意退款",
    cause="defect confirmed on inspection / 经检测确认存在质量问题",
    measures="refund within three working days / 三个工作日内退款",
)


@dataclass(frozen=True, slots=True)
class PlannedReport:
    """A report to be made ``after`` the dispatch; ``facts`` are further fields of the update."""

    after: timedelta
    action: Action
    facts: dict[str, Any] = field(default_factory=dict)


def plan_reports(dispatched: AssignmentDispatched, seed: int) -> list[PlannedReport]:
    """What the department will report about this assignment, in order of time; empty when it forgets about it."""
    chance = random.Random(f"{seed}/{dispatched.assignment.assignment_id}")  # noqa: S311 - a simulation, repeatable
    is_lead = dispatched.assignment.role == Role.LEAD
    temper = choose_temper(chance, may_return=is_lead and not dispatched.assignment.forced)
    if temper is Temper.SILENT:
        return []
    if temper is Temper.RETURNING:
        return [PlannedReport(_hours(chance, 1, 8), Action.RETURN, {"reason": "not_our_responsibility"})]
    plan = _work(chance, temper, is_urgent=dispatched.classification.severity == Severity.CRITICAL)
    if is_lead and not dispatched.decision.co_handlers:
        solved = chance.random() < 0.85  # with co-handlers the lead cannot know when all are done, so it does not call
        plan.append(PlannedReport(plan[-1].after + _hours(chance, 4, 30), Action.CALL_BACK, {"solved": solved}))
    return plan


def choose_temper(chance: random.Random, *, may_return: bool) -> Temper:
    """A forced assignment cannot be returned, a co-handler's not always; so nobody tries."""
    tempers = [temper for temper in Temper if may_return or temper is not Temper.RETURNING]
    return chance.choices(tempers, [_SHARES[temper] for temper in tempers])[0]


def _work(chance: random.Random, temper: Temper, *, is_urgent: bool) -> list[PlannedReport]:
    slow = temper is Temper.SLOW
    if is_urgent and not slow:  # life and health: the first answer is owed within two hours
        accepted = _hours(chance, 0.05, 0.2)
        contacted = accepted + _hours(chance, 0.1, 0.6)
    else:
        accepted = _hours(chance, 6, 20) if slow else _hours(chance, 0.3, 2)
        contacted = _hours(chance, 26, 60) if slow else accepted + _hours(chance, 0.5, 4)
    plan = [PlannedReport(accepted, Action.ACCEPT), PlannedReport(contacted, Action.CONTACT)]
    if temper is Temper.WAITING:
        held = contacted + _hours(chance, 0.5, 2)
        resumed = held + _hours(chance, 4, 12)
        plan.append(PlannedReport(held, Action.HOLD, {"reason": "waiting_for_complainant"}))
        plan.append(PlannedReport(resumed, Action.RESUME))
    looking = (30.0, 60.0) if slow else (0.2, 0.6) if is_urgent else (1.0, 4.0)
    found = plan[-1].after + _hours(chance, *looking)
    resolved = found + (_hours(chance, 48, 120) if slow else _hours(chance, 1.5, 6))
    plan.append(PlannedReport(found, Action.PROGRESS, {"preliminary_finding": True}))
    plan.append(PlannedReport(resolved, Action.RESOLVE, {"resolution": _ANSWER}))
    return plan


def _hours(chance: random.Random, least: float, most: float) -> timedelta:
    return timedelta(hours=chance.uniform(least, most))

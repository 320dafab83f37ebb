"""What is promised in one case: the policy's clocks for it, with targets, calendars and milestones at hand.

The policy says it per category, severity and channel; a case asks on every fact. So the answers are worked out once
per kind of case and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import due_after, used_up_at
from services.sla.domain.policy import ClockDefinition, Milestone, SlaPolicy
from services.sla.domain.running_time import Span

_KINDS_OF_CASE = 4_096


class Projection(NamedTuple):
    """Where a clock stands on the time line, in microseconds."""

    due: int
    provisional: bool
    warn: tuple[tuple[float, int], ...]
    """Warnings not yet given: level and instant."""


@dataclass(frozen=True, slots=True)
class ClockTerms:
    """One clock of one kind of case."""

    clock: str
    definition: ClockDefinition
    calendar: BusinessCalendar
    day_rules: DayRules
    policy_version: str
    override_id: str | None

    @property
    def stops_on(self) -> Milestone:
        """The milestone that stops it."""
        return self.definition.stops_on

    @property
    def pausable(self) -> bool:
        """Whether a hold pauses it."""
        return self.definition.pausable

    def project(self, start: int, pauses: Sequence[Span], limit: int | None, warned: Sequence[float]) -> Projection:
        """Deadline and warnings of a clock started at ``start``; never later than ``limit``. May raise DeadlineRefused.

        ``pauses`` are holds that are over; ``warned`` are the levels that must not be warned of again.
        """
        rule, paused = self.definition, pauses if self.pausable else ()
        due, provisional, _ = due_after(start, rule.n, rule.unit, self.calendar, paused, self.day_rules)
        if limit is not None and limit < due:
            due, provisional = limit, False
        warn = tuple(
            (level, used_up_at(start, due, level, rule.unit, self.calendar, paused))
            for level in rule.warn_at
            if level not in warned
        )
        return Projection(due, provisional, warn)


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """All clocks of one kind of case."""

    by_clock: Mapping[str, ClockTerms]
    by_start: Mapping[Milestone, tuple[ClockTerms, ...]]
    by_stop: Mapping[Milestone, tuple[ClockTerms, ...]]

    @classmethod
    def of(cls, clocks: Iterable[ClockTerms]) -> CaseTerms:
        """Index ``clocks`` by name and by the milestones that start and stop them."""
        by_clock = {terms.clock: terms for terms in clocks}
        by_start = {m: tuple(t for t in by_clock.values() if t.definition.starts_on is m) for m in Milestone}
        by_stop = {m: tuple(t for t in by_clock.values() if t.stops_on is m) for m in Milestone}
        return cls(by_clock, by_start, by_stop)


class Promises:
    """Answers what is promised to whom, from one policy and its calendars."""

    def __init__(self, policy: SlaPolicy, calendars: Mapping[str, BusinessCalendar]) -> None:
        """``calendars`` holds every calendar the policy names (``load_policy`` makes sure of it)."""
        self._policy = policy
        self._calendars = calendars
        self.every_hold_pauses = policy.holds_that_pause == "every_part"
        """Whether a department that only helps, whose part need not be done, can pause clocks too."""
        self.terms_for = lru_cache(_KINDS_OF_CASE)(self._terms_for)
        """(category, severity, channel, anonymous) to the terms of such a case; what is not known yet is None."""

    def _terms_for(self, category: str | None, severity: str | None, channel: str | None, anonymous: bool) -> CaseTerms:
        policy, calendars = self._policy, self._calendars
        clocks = policy.clocks_for(category=category, severity=severity, channel=channel, anonymous=anonymous)

        def terms_of(clock: str, rule: ClockDefinition) -> ClockTerms:
            override = policy.override_of(clock, category=category, severity=severity, channel=channel)
            return ClockTerms(clock, rule, calendars[rule.calendar], rule.day_rules, policy.version, override)

        return CaseTerms.of(terms_of(clock, rule) for clock, rule in clocks.items())

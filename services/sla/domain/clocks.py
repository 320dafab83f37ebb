"""The clocks of one case while one fact or timer is applied to them.

A clock is armed once per cycle, moves its deadline when a hold or the assessment moves it, and ends once: met,
breached or cancelled. The rules that make this true whatever comes late:

* Facts are judged by when they happened, never by when they were heard of: stopped at or before the deadline is met.
* A clock whose deadline passed before it was cancelled is breached, not cancelled.
* A hold moves no deadline that had passed when the hold was reported, whatever it says of its own beginning.
* A breach stays breached, but a fact that shows it was wrong is announced once, as a correction. It is judged with
  everything known by then: an assessment heard of late counts, and so do holds reported before the deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from services.sla.domain.announcements import Announcer
from services.sla.domain.pauses import Pauses
from services.sla.domain.policy import Milestone
from services.sla.domain.state import BreachedClock, ComplaintClocks, RunningClock
from services.sla.domain.terms import CaseTerms, ClockTerms, Promises
from services.sla.domain.timeline import Timeline
from shared.events.decisions import Assignment, Role
from shared.processing import Emit

BREACHES_KEPT: Final = 12
"""Breaches a row remembers for corrections; of a case reopened again and again the oldest are past correcting."""


class CaseClocks:
    """Changes the clocks of one case and notes what to announce. Lives for one step; instants in microseconds."""

    __slots__ = (
        "_announcer",
        "_breached",
        "_category",
        "_department",
        "_done",
        "_helping",
        "_now",
        "_promises",
        "_row",
        "_running",
        "_settled",
        "_severity",
        "_timeline",
    )

    def __init__(self, row: ComplaintClocks, promises: Promises, now: datetime) -> None:
        self._row = row
        self._promises = promises
        self._now = now
        self._announcer = Announcer(row.complaint_id, row.ticket)
        self._timeline = Timeline(row, self._terms_of(row.category, row.severity))
        self._running = {clock.clock: clock for clock in row.running}
        self._done = row.done
        self._breached = row.breached
        self._department = row.department
        self._helping = row.helping
        self._category, self._severity = row.category, row.severity
        self._settled = row.settled

    @property
    def cycle(self) -> int:
        """The current cycle."""
        return self._timeline.cycle

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody can be contacted."""
        return self._row.anonymous

    @property
    def emits(self) -> list[Emit]:
        """What is to be said, in order."""
        return self._announcer.said

    def row(self) -> ComplaintClocks:
        """The state after the step."""
        pauses = self._timeline.pauses
        return self._row.model_copy(
            update={
                "cycle": self._timeline.cycle,
                "category": self._category,
                "severity": self._severity,
                "department": self._department,
                "helping": self._helping,
                "running": tuple(self._running.values()),
                "done": self._done,
                "breached": self._breached,
                "holds": pauses.holds,
                "pauses": pauses.ended,
                "settled": self._settled,
            }
        )

    # -- what happens to a case ----------------------------------------------------------------------------------

    def reach(self, milestone: Milestone, cycle: int, at: int) -> None:
        """The case reached ``milestone``: clocks that wait for it stop, clocks that begin with it start."""
        self._correct(cycle, at, milestone)
        if cycle != self.cycle:
            return
        for terms in self._timeline.terms.by_stop[milestone]:
            clock = self._running.get(terms.clock)
            if clock is not None:
                self._stop(clock, at)
        if self._settled is None:
            for terms in self._timeline.terms.by_start[milestone]:
                self._start(terms, at)

    def cancel(self, at: int, reason: str, *, but: Milestone | None = None) -> None:
        """No clock of this cycle applies any longer, as of ``at``; except those that wait for ``but``."""
        self._correct(self.cycle, at, None)
        spared = {terms.clock for terms in self._timeline.terms.by_stop[but]} if but is not None else ()
        for name, clock in list(self._running.items()):
            if name not in spared:
                self._cancel(clock, at, reason)

    def settle(self, at: int) -> None:
        """Nothing more starts in this cycle."""
        self._settled = at

    def reopen(self, cycle: int, at: int) -> None:
        """Begin the next cycle: received again at ``at``, but registered once and for all in the first."""
        self._timeline.cycle, self._timeline.pauses = cycle, Pauses((), {})
        self._done, self._settled, self._department, self._helping = (), None, None, ()
        for terms in self._timeline.terms.by_start[Milestone.RECEIVED]:
            if terms.stops_on is not Milestone.REGISTERED:
                self._start(terms, at)

    def dispatch_to(self, department: str, assignments: Iterable[Assignment]) -> None:
        """``department`` leads from now on; ``assignments`` are the parts opened."""
        self._department = department
        helping = tuple(one.assignment_id for one in assignments if not one.mandatory and one.role != Role.LEAD)
        if helping:
            self._helping = (*self._helping, *helping)

    def assess(self, category: str, severity: str) -> None:
        """Move deadlines for which this kind of case has another target; each still counts from its first start."""
        before, after = self._timeline.terms.by_clock, self._terms_of(category, severity)
        self._category, self._severity, self._timeline.terms = category, severity, after
        for clock in list(self._running.values()):
            terms = after.by_clock.get(clock.clock)
            if terms is not None and terms.definition is not before[clock.clock].definition:
                self._project_again(clock, terms)

    def hold(self, assignment: str, at: int, reported: int) -> None:
        """Work on one part waits from ``at`` on; a deadline that had passed when it was ``reported`` stays passed.

        The case does not wait for a department that only helps, so neither does the complainant.
        """
        if assignment in self._helping and not self._promises.every_hold_pauses:
            return
        begin = max(self._deadlines_passed_by(reported), default=at)
        self._set_pauses(self._timeline.pauses.held(assignment, max(at, begin)))

    def resume(self, assignment: str, at: int) -> None:
        """Work on one part goes on at ``at``."""
        self._set_pauses(self._timeline.pauses.resumed(assignment, at))

    def resume_all(self, at: int) -> None:
        """Every hold ends at ``at``."""
        self._set_pauses(self._timeline.pauses.all_resumed(at))

    def fire(self, until: int) -> None:
        """Give every warning and breach that is due at ``until``."""
        for clock in list(self._running.values()):
            instant = clock.next_instant
            if instant is not None and instant <= until:
                self._fire(clock, until)

    # -- what happens to a clock ---------------------------------------------------------------------------------

    def _start(self, terms: ClockTerms, at: int) -> None:
        if terms.clock not in self._running and terms.clock not in self._done:
            clock = self._timeline.started(terms, at)
            self._running[terms.clock] = clock
            self._announcer.armed(clock, self.cycle, self._department)

    def _stop(self, clock: RunningClock, at: int) -> None:
        clock = self._timeline.as_if_resumed(self._by_todays_calendar(clock), at)
        if at <= clock.due:
            self._announcer.met(clock, self.cycle, self._department, at)
        else:
            self._breach(clock, stopped=at)
        self._end(clock)

    def _cancel(self, clock: RunningClock, at: int, reason: str) -> None:
        clock = self._timeline.as_if_resumed(self._by_todays_calendar(clock), at)
        if clock.due < at:
            self._breach(clock, stopped=None)
        else:
            self._announcer.cancelled(clock, self.cycle, self._department, at, reason)
        self._end(clock)

    def _fire(self, clock: RunningClock, until: int) -> None:
        if clock.clock not in self._timeline.terms.by_clock:
            self._cancel(clock, min(until, clock.due), "not_applicable")  # today's policy has no such clock
            return
        clock = self._by_todays_calendar(clock)
        due = self._timeline.as_if_resumed(clock, until).due
        if due <= until:
            self._breach(clock.model_copy(update={"due": due}), stopped=None)
            self._end(clock)
        elif not clock.paused:
            self._warn(clock, until)

    def _warn(self, clock: RunningClock, until: int) -> None:
        given = tuple(level for level, instant in clock.warn if instant <= until)
        for level in given:
            self._announcer.warned(clock, self.cycle, self._department, level, self._now)
        to_come = tuple((level, instant) for level, instant in clock.warn if instant > until)
        self._running[clock.clock] = clock.model_copy(update={"warn": to_come, "warned": (*clock.warned, *given)})

    def _breach(self, clock: RunningClock, stopped: int | None) -> None:
        breach = BreachedClock(
            clock=clock.clock,
            cycle=self.cycle,
            start=clock.start,
            due=clock.due,
            provisional=clock.provisional,
            department=self._department,
            policy=clock.policy,
            calendar=clock.calendar,
            override=clock.override,
            limited=clock.limited,
        )
        self._announcer.breached(breach, self._now, stopped)
        self._breached = (*self._breached[1 - BREACHES_KEPT :], breach)

    def _end(self, clock: RunningClock) -> None:
        del self._running[clock.clock]
        self._done = (*self._done, clock.clock)

    def _correct(self, cycle: int, at: int, milestone: Milestone | None) -> None:
        """Correct breaches of ``cycle`` that a fact at ``at`` disproves: all, or those that ``milestone`` stops."""
        for breach in self._breached:
            terms = self._timeline.terms.by_clock.get(breach.clock)
            concerned = milestone is None or (terms is not None and terms.stops_on is milestone)
            if breach.cycle == cycle and concerned:
                due = self._timeline.due_as_known_now(breach, at)
                if at <= due:
                    self._announcer.corrected(breach, due, at)
                    self._breached = tuple(kept for kept in self._breached if kept is not breach)

    def _by_todays_calendar(self, clock: RunningClock) -> RunningClock:
        """A provisional deadline, worked out again where another calendar was loaded since (``domain.md`` §5.1)."""
        terms = self._timeline.terms.by_clock.get(clock.clock)
        if terms is None or not clock.provisional or clock.calendar == terms.calendar.version:
            return clock
        return self._project_again(clock, terms)

    def _project_again(self, clock: RunningClock, terms: ClockTerms) -> RunningClock:
        """Work the deadline out again and announce it if it moved."""
        changed = self._timeline.projected_again(clock, terms)
        self._running[clock.clock] = changed
        if changed.revision != clock.revision:
            self._announcer.armed(changed, self.cycle, self._department)
        return changed

    def _set_pauses(self, pauses: Pauses) -> None:
        if pauses is self._timeline.pauses:
            return
        self._timeline.pauses = pauses
        for clock in list(self._running.values()):
            terms = self._timeline.terms.by_clock.get(clock.clock)
            if terms is not None and terms.pausable:
                self._project_again(clock, terms)

    def _deadlines_passed_by(self, instant: int) -> list[int]:
        """Deadlines of this cycle that a hold could have moved, had it been reported in time."""
        by_clock = self._timeline.terms.by_clock
        clocks: tuple[RunningClock | BreachedClock, ...] = (
            *(clock for clock in self._running.values() if not clock.paused),
            *(breach for breach in self._breached if breach.cycle == self.cycle),
        )
        return [
            clock.due
            for clock in clocks
            if clock.due <= instant and (terms := by_clock.get(clock.clock)) is not None and terms.pausable
        ]

    def _terms_of(self, category: str | None, severity: str | None) -> CaseTerms:
        return self._promises.terms_for(category, severity, self._row.channel, self._row.anonymous)

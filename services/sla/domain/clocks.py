"""The clocks of one case while one fact or timer is applied to them.

A clock is armed once per cycle, moves its deadline when a hold or the assessment moves it, and ends once: met,
breached or cancelled. The rules that make this true whatever comes late:

* Facts are judged by when they happened, never by when they were heard of: stopped at or before the deadline is met.
* A clock whose deadline passed before it was cancelled is breached, not cancelled.
* A breach stays breached, but a fact that shows it was wrong is announced once, as a correction. It is judged with
  everything known by then: holds and an assessment that were heard of late count.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.sla.domain.announcements import Announcement, Announcer
from services.sla.domain.pauses import Pauses
from services.sla.domain.policy import Milestone
from services.sla.domain.state import BreachedClock, ComplaintClocks, RunningClock
from services.sla.domain.terms import CaseTerms, ClockTerms, Promises

BREACHES_KEPT: Final = 12
"""Breaches a row remembers for corrections; of a case reopened again and again the oldest are past correcting."""


class CaseClocks:
    """Changes the clocks of one case and notes what to announce. Lives for one step; instants in microseconds."""

    def __init__(self, row: ComplaintClocks, promises: Promises, now: datetime) -> None:
        self._promises = promises
        self._now = now
        self._row = row
        self._terms = self._terms_of(row.category, row.severity)
        self._announcer = Announcer(row.complaint_id, row.ticket)
        self._cycle = row.cycle
        self._department = row.department
        self._running = {clock.clock: clock for clock in row.running}
        self._done = row.done
        self._breached = row.breached
        self._pauses = Pauses(row.pauses, row.holds)
        self._settled = row.settled
        self._category, self._severity = row.category, row.severity

    @property
    def cycle(self) -> int:
        """The current cycle."""
        return self._cycle

    @property
    def announcements(self) -> list[Announcement]:
        """What is to be said, in order."""
        return self._announcer.said

    def row(self) -> ComplaintClocks:
        """The state after the step."""
        return self._row.model_copy(
            update={
                "cycle": self._cycle,
                "category": self._category,
                "severity": self._severity,
                "department": self._department,
                "running": tuple(self._running.values()),
                "done": self._done,
                "breached": self._breached,
                "holds": dict(self._pauses.holds),
                "pauses": self._pauses.ended,
                "settled": self._settled,
            }
        )

    # -- what happens to a case ----------------------------------------------------------------------------------

    def reach(self, milestone: Milestone, cycle: int, at: int) -> None:
        """The case reached ``milestone``: clocks that wait for it stop, clocks that begin with it start."""
        self._correct(cycle, at, milestone)
        if cycle != self._cycle:
            return
        for clock in self._waiting_for(milestone):
            self._stop(clock, at)
        if self._settled is None:
            for terms in self._terms.by_start[milestone]:
                self._start(terms, at)

    def cancel(self, at: int, reason: str, *, but: Milestone | None = None) -> None:
        """No clock of this cycle applies any longer, as of ``at``; except those that wait for ``but``."""
        self._correct(self._cycle, at, None)
        spared = {clock.clock for clock in self._waiting_for(but)} if but is not None else frozenset()
        for name, clock in list(self._running.items()):
            if name not in spared:
                self._cancel(clock, at, reason)

    def settle(self, at: int) -> None:
        """Nothing more starts in this cycle."""
        self._settled = at

    def reopen(self, cycle: int, at: int) -> None:
        """Begin the next cycle: received again at ``at``, but registered once and for all in the first."""
        self._cycle, self._settled, self._department = cycle, None, None
        self._done, self._pauses = (), Pauses((), {})
        for terms in self._terms.by_start[Milestone.RECEIVED]:
            if terms.stops_on is not Milestone.REGISTERED:
                self._start(terms, at)

    def dispatch_to(self, department: str) -> None:
        """``department`` leads from now on."""
        self._department = department

    def assess(self, category: str, severity: str) -> None:
        """Move deadlines for which this kind of case has another target; each still counts from its first start."""
        before, self._terms = self._terms, self._terms_of(category, severity)
        self._category, self._severity = category, severity
        for clock in list(self._running.values()):
            terms = self._terms.by_clock.get(clock.clock)
            if terms is not None and terms.definition is not before.by_clock[clock.clock].definition:
                self._project_again(clock, terms)

    def hold(self, assignment: str, at: int) -> None:
        """Work on one part waits from ``at`` on."""
        self._set_pauses(self._pauses.held(assignment, at))

    def resume(self, assignment: str, at: int) -> None:
        """Work on one part goes on at ``at``."""
        self._set_pauses(self._pauses.resumed(assignment, at))

    def resume_all(self, at: int) -> None:
        """Every hold ends at ``at``."""
        self._set_pauses(self._pauses.all_resumed(at))

    def fire(self, until: int) -> None:
        """Give every warning and breach that is due at ``until``."""
        for clock in list(self._running.values()):
            instant = clock.next_instant
            if instant is not None and instant <= until:
                self._fire(clock, until)

    # -- what happens to a clock ---------------------------------------------------------------------------------

    def _start(self, terms: ClockTerms, at: int) -> None:
        if terms.clock in self._running or terms.clock in self._done:
            return
        limit = self._limit(terms, at)
        projection = terms.project(at, self._pauses.ended, limit, ())
        clock = RunningClock(
            clock=terms.clock,
            start=at,
            due=projection.due,
            warn=projection.warn,
            paused=self._is_paused(terms, projection.due),
            limit=limit,
            provisional=projection.provisional,
            policy=terms.policy_version,
            calendar=terms.calendar.version,
        )
        self._running[terms.clock] = clock
        self._announcer.armed(clock, self._cycle, self._department)

    def _stop(self, clock: RunningClock, at: int) -> None:
        clock = self._with_hold_until(clock, at)
        if at <= clock.due:
            self._announcer.met(clock, self._cycle, self._department, at)
        else:
            self._breach(clock, stopped=at)
        self._end(clock)

    def _cancel(self, clock: RunningClock, at: int, reason: str) -> None:
        clock = self._with_hold_until(clock, at)
        if clock.due < at:
            self._breach(clock, stopped=None)
        else:
            self._announcer.cancelled(clock, self._cycle, self._department, at, reason)
        self._end(clock)

    def _fire(self, clock: RunningClock, until: int) -> None:
        terms = self._terms.by_clock.get(clock.clock)
        if terms is None:
            self._cancel(clock, min(until, clock.due), "not_applicable")  # today's policy has no such clock
            return
        if clock.provisional and clock.calendar != terms.calendar.version:
            clock = self._project_again(clock, terms)
        clock = self._with_hold_until(clock, until)
        if clock.due <= until:
            self._breach(clock, stopped=None)
            self._end(clock)
        elif not clock.paused:
            self._warn(clock, until)

    def _warn(self, clock: RunningClock, until: int) -> None:
        given = tuple(level for level, instant in clock.warn if instant <= until)
        if not given:
            return
        for level in given:
            self._announcer.warned(clock, self._cycle, self._department, level, self._now)
        to_come = tuple((level, instant) for level, instant in clock.warn if instant > until)
        self._running[clock.clock] = clock.model_copy(update={"warn": to_come, "warned": (*clock.warned, *given)})

    def _breach(self, clock: RunningClock, stopped: int | None) -> None:
        breach = BreachedClock(
            clock=clock.clock,
            cycle=self._cycle,
            start=clock.start,
            due=clock.due,
            provisional=clock.provisional,
            department=self._department,
            policy=clock.policy,
            calendar=clock.calendar,
        )
        self._announcer.breached(breach, self._now, stopped)
        self._breached = (*self._breached[1 - BREACHES_KEPT :], breach)

    def _end(self, clock: RunningClock) -> None:
        del self._running[clock.clock]
        self._done = (*self._done, clock.clock)

    # -- breaches that were wrong --------------------------------------------------------------------------------

    def _correct(self, cycle: int, at: int, milestone: Milestone | None) -> None:
        """Correct breaches of ``cycle`` that a fact at ``at`` disproves: all, or those that ``milestone`` stops."""
        for breach in self._breached:
            terms = self._terms.by_clock.get(breach.clock)
            concerned = milestone is None or (terms is not None and terms.stops_on is milestone)
            if breach.cycle != cycle or not concerned:
                continue
            due = self._due_as_known_now(breach, terms, at)
            if at <= due:
                self._announcer.corrected(breach, due, at)
                self._breached = tuple(kept for kept in self._breached if kept is not breach)

    def _due_as_known_now(self, breach: BreachedClock, terms: ClockTerms | None, at: int) -> int:
        """The deadline with holds and assessment heard of since; as announced, when that cannot be said any more."""
        if terms is None or breach.cycle != self._cycle or breach.policy != terms.policy_version:
            return breach.due
        limit = self._limit(terms, breach.start)
        return terms.project(breach.start, self._pauses.until(at), limit, terms.definition.warn_at).due

    # -- deadlines and holds -------------------------------------------------------------------------------------

    def _project_again(self, clock: RunningClock, terms: ClockTerms) -> RunningClock:
        """Work the deadline out again from the original start, holds retained; announce it if it moved."""
        projection = terms.project(clock.start, self._pauses.ended, clock.limit, clock.warned)
        moved = projection.due != clock.due
        changed = clock.model_copy(
            update={
                "due": projection.due,
                "warn": projection.warn,
                "revision": clock.revision + moved,
                "paused": self._is_paused(terms, projection.due),
                "provisional": projection.provisional,
                "policy": terms.policy_version,
                "calendar": terms.calendar.version,
            }
        )
        self._running[clock.clock] = changed
        if moved:
            self._announcer.armed(changed, self._cycle, self._department)
        return changed

    def _set_pauses(self, pauses: Pauses) -> None:
        if pauses is self._pauses:
            return
        self._pauses = pauses
        for clock in list(self._running.values()):
            terms = self._terms.by_clock.get(clock.clock)
            if terms is not None and terms.pausable:
                self._project_again(clock, terms)

    def _with_hold_until(self, clock: RunningClock, at: int) -> RunningClock:
        """The clock with its deadline as it would be if the hold that pauses it ended at ``at``."""
        terms = self._terms.by_clock.get(clock.clock)
        if not clock.paused or terms is None:
            return clock
        projection = terms.project(clock.start, self._pauses.until(at), clock.limit, clock.warned)
        return clock.model_copy(update={"due": projection.due, "provisional": projection.provisional})

    def _is_paused(self, terms: ClockTerms, due: int) -> bool:
        """A hold pauses a clock that is not yet over; one that begins after the deadline changes nothing."""
        since = self._pauses.open_since
        return terms.pausable and since is not None and since < due

    def _limit(self, terms: ClockTerms, start: int) -> int | None:
        """The regulator's deadline, for the clock of the resolution; after a reopening only if it is still to come."""
        respond_by = self._row.respond_by
        if respond_by is None or terms.stops_on is not Milestone.RESOLVED:
            return None
        return respond_by if self._cycle == 1 or respond_by > start else None

    def _waiting_for(self, milestone: Milestone) -> list[RunningClock]:
        by_clock = self._terms.by_clock
        return [
            clock
            for name, clock in self._running.items()
            if (terms := by_clock.get(name)) is not None and terms.stops_on is milestone
        ]

    def _terms_of(self, category: str | None, severity: str | None) -> CaseTerms:
        return self._promises.terms_for(category, severity, self._row.channel, self._row.anonymous)

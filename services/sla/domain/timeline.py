"""Where the clocks of one case stand on the time line: deadlines and warnings, given its promises and its holds."""

from __future__ import annotations

from services.sla.domain.pauses import Pauses
from services.sla.domain.policy import Milestone
from services.sla.domain.state import BreachedClock, ComplaintClocks, RunningClock
from services.sla.domain.terms import CaseTerms, ClockTerms


class Timeline:
    """Works out deadlines of one case. ``terms``, ``pauses`` and ``cycle`` are what is known at the moment."""

    __slots__ = ("_respond_by", "cycle", "pauses", "terms")

    def __init__(self, row: ComplaintClocks, terms: CaseTerms) -> None:
        self._respond_by = row.respond_by
        self.cycle = row.cycle
        self.pauses = Pauses(row.pauses, row.holds)
        self.terms = terms

    def started(self, terms: ClockTerms, at: int) -> RunningClock:
        """A clock that starts at ``at``."""
        limit = self._limit(terms, at)
        projection = terms.project(at, self.pauses.ended, limit, ())
        return RunningClock(
            clock=terms.clock,
            start=at,
            due=projection.due,
            warn=projection.warn,
            paused=self._is_paused(terms, projection.due),
            limit=limit,
            provisional=projection.provisional,
            policy=terms.policy_version,
            calendar=terms.calendar.version,
            override=terms.override_id,
        )

    def projected_again(self, clock: RunningClock, terms: ClockTerms) -> RunningClock:
        """The clock with its deadline worked out again from the original start, holds retained."""
        projection = terms.project(clock.start, self.pauses.ended, clock.limit, clock.warned)
        return clock.model_copy(
            update={
                "due": projection.due,
                "warn": projection.warn,
                "revision": clock.revision + (projection.due != clock.due),
                "paused": self._is_paused(terms, projection.due),
                "provisional": projection.provisional,
                "policy": terms.policy_version,
                "calendar": terms.calendar.version,
                "override": terms.override_id,
            }
        )

    def as_if_resumed(self, clock: RunningClock, at: int) -> RunningClock:
        """The clock with its deadline as it would be if the hold that pauses it ended at ``at``."""
        terms = self.terms.by_clock.get(clock.clock)
        if not clock.paused or terms is None:
            return clock
        projection = terms.project(clock.start, self.pauses.until(at), clock.limit, clock.warned)
        return clock.model_copy(update={"due": projection.due, "provisional": projection.provisional})

    def due_as_known_now(self, breach: BreachedClock, at: int) -> int:
        """The deadline of a breach, with holds and assessment that were heard of since.

        As it was announced when that cannot be said any more: in a later cycle, or under another policy.
        """
        terms = self.terms.by_clock.get(breach.clock)
        if terms is None or breach.cycle != self.cycle or breach.policy != terms.policy_version:
            return breach.due
        limit = self._limit(terms, breach.start)
        return terms.project(breach.start, self.pauses.until(at), limit, terms.definition.warn_at).due

    def _is_paused(self, terms: ClockTerms, due: int) -> bool:
        """A hold pauses a clock that is not yet over; one that begins at or after the deadline changes nothing."""
        since = self.pauses.open_since
        return terms.pausable and since is not None and since < due

    def _limit(self, terms: ClockTerms, start: int) -> int | None:
        """The regulator's deadline, for the clock of the resolution; after a reopening only if it is still to come."""
        respond_by = self._respond_by
        if respond_by is None or terms.stops_on is not Milestone.RESOLVED:
            return None
        return respond_by if self.cycle == 1 or respond_by > start else None

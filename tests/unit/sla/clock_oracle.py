"""The rules of the clocks a second time, as slowly and simply as possible, to check the fast ones against.

Whole hours since the receipt, one policy (``promises.HOURS``), no calendars. Deadlines are found by trying: a clock is
due at the first hour by which it ran long enough outside the holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from tests.unit.sla.promises import HOURS

STARTS = {
    "registration": "received",
    "first_response": "received",
    "verification": "received",
    "contact": "dispatched",
    "resolution": "received",
    "callback": "resolved",
}
STOPS = {
    "registration": "registered",
    "first_response": "first_response",
    "verification": "verified",
    "contact": "contacted",
    "resolution": "resolved",
    "callback": "called_back",
}
PAUSABLE = {"verification", "contact", "resolution", "callback"}
KNOWN_ONLY = {"contact", "callback"}
CRITICAL = {"first_response": 2, "verification": 24}
LEVELS = (0.5, 0.8)

Saying = tuple[str, int, str, float]
"""Kind, cycle, clock, and: the deadline of armed, met and breached, the level of a warning, 0 for the others."""


@dataclass
class OracleClock:
    """One clock of one cycle."""

    cycle: int
    name: str
    start: int
    told_due: Fraction = Fraction(0)
    levels_told: set[float] = field(default_factory=set)
    ended: str | None = None
    corrected: bool = False


@dataclass
class ClockOracle:
    """What should be said, fact by fact."""

    anonymous: bool
    cycle: int = 1
    critical: bool = False
    over: bool = False
    clocks: list[OracleClock] = field(default_factory=list)
    ended_holds: list[tuple[int, int]] = field(default_factory=list)
    holds: dict[str, int] = field(default_factory=dict)
    helping: set[str] = field(default_factory=set)
    said: list[Saying] = field(default_factory=list)

    # -- the time line -------------------------------------------------------------------------------------------

    def ran(self, start: int, end: Fraction, holds: list[tuple[int, int]]) -> Fraction:
        """Hours between ``start`` and ``end`` that lie in no hold, added up hour by hour."""
        total, hour = Fraction(0), Fraction(start)
        while hour < end:
            step = min(Fraction(1), end - hour)
            if not any(begin <= hour < stop for begin, stop in holds):
                total += step
            hour += step
        return total

    def runs_out(self, start: int, amount: Fraction, holds: list[tuple[int, int]]) -> Fraction:
        """The first instant at which ``amount`` hours were run."""
        hour, left = Fraction(start), amount
        while True:
            if any(begin <= hour < stop for begin, stop in holds):
                if left == 0:
                    return hour
                hour += 1
                continue
            if left <= 1:
                return hour + left
            left, hour = left - 1, hour + 1

    def target(self, name: str) -> int:
        return CRITICAL.get(name, HOURS[name]) if self.critical else HOURS[name]

    def due(self, clock: OracleClock, open_until: int | None = None) -> Fraction:
        holds = self.ended_holds if self.pausable(clock) else []
        if open_until is not None and self.pausable(clock):
            holds = holds + [(since, open_until) for since in self.holds.values()]
        return self.runs_out(clock.start, Fraction(self.target(clock.name)), holds)

    def paused(self, clock: OracleClock) -> bool:
        return self.pausable(clock) and bool(self.holds) and min(self.holds.values()) < self.due(clock)

    def pausable(self, clock: OracleClock) -> bool:
        """Where life or health is at risk, nothing waits."""
        return clock.name in PAUSABLE and not self.critical

    # -- what may be said ----------------------------------------------------------------------------------------

    def say(self, kind: str, clock: OracleClock, detail: Fraction | float = 0) -> None:
        self.said.append((kind, clock.cycle, clock.name, float(detail)))

    def running(self) -> list[OracleClock]:
        return [clock for clock in self.clocks if clock.ended is None]

    def reach(self, milestone: str, cycle: int, at: int) -> None:
        for clock in self.clocks:
            if STOPS[clock.name] == milestone and clock.cycle == cycle:
                self.stop(clock, at)
        if cycle == self.cycle and not self.over:
            for name in HOURS:
                if STARTS[name] == milestone:
                    self.start(name, at)

    def start(self, name: str, at: int) -> None:
        once = any(clock.name == name and clock.cycle == self.cycle for clock in self.clocks)
        if once or (self.anonymous and name in KNOWN_ONLY) or (name == "registration" and self.cycle > 1):
            return
        clock = OracleClock(self.cycle, name, at)
        clock.told_due = self.due(clock)
        self.clocks.append(clock)
        self.say("armed", clock, clock.told_due)

    def stop(self, clock: OracleClock, at: int) -> None:
        if clock.ended is None:
            due = self.due(clock, at) if self.paused(clock) else clock.told_due
            clock.ended = "met" if at <= due else "breached"
            self.say(clock.ended, clock, due)
            clock.told_due = due
        else:
            self.correct(clock, at)

    def correct(self, clock: OracleClock, at: int) -> None:
        if clock.ended == "breached" and not clock.corrected:
            due = self.due(clock, at) if clock.cycle == self.cycle else clock.told_due
            if at <= due:
                clock.corrected = True
                self.say("corrected", clock, due)

    def cancel(self, at: int, spared: str = "") -> None:
        for clock in self.clocks:
            if clock.cycle == self.cycle and clock.ended is not None:
                self.correct(clock, at)
        for clock in self.running():
            if clock.name == spared:
                continue
            due = self.due(clock, at) if self.paused(clock) else clock.told_due
            clock.ended = "breached" if due < at else "cancelled"
            self.say(clock.ended, clock, due if clock.ended == "breached" else 0)
            clock.told_due = due

    def retell(self) -> None:
        for clock in self.running():
            due = self.due(clock)
            if due != clock.told_due:
                clock.told_due = due
                self.say("armed", clock, due)

    # -- facts ---------------------------------------------------------------------------------------------------

    def hold(self, part: str, at: int, reported: int) -> None:
        """A clock whose deadline had passed when the hold was reported is past saving: the hold begins after it."""
        if part in self.helping:
            return
        for clock in self.clocks:
            open_or_missed = clock.ended is None or (clock.ended == "breached" and not clock.corrected)
            if clock.cycle == self.cycle and self.pausable(clock) and open_or_missed and not self.paused_now(clock):
                at = max(at, math.ceil(clock.told_due)) if clock.told_due <= reported else at
        self.holds.setdefault(part, at)
        self.retell()

    def paused_now(self, clock: OracleClock) -> bool:
        return clock.ended is None and self.paused(clock)

    def dispatch(self, at: int, helper: str) -> None:
        self.helping.add(helper)
        self.reach("dispatched", self.cycle, at)

    def resume(self, part: str, at: int) -> None:
        if part in self.holds:
            self.ended_holds.append((self.holds.pop(part), at))
            self.retell()

    def resume_all(self, at: int) -> None:
        self.ended_holds += [(since, at) for since in self.holds.values()]
        self.holds.clear()
        self.retell()

    def assess(self, critical: bool) -> None:
        self.critical = critical
        self.retell()

    def resolve(self, at: int) -> None:
        self.reach("first_response", self.cycle, at)
        self.reach("verified", self.cycle, at)
        self.cancel(at, spared="resolution")
        self.resume_all(at)
        self.reach("resolved", self.cycle, at)
        self.over = True

    def give_up(self, at: int) -> None:
        self.cancel(at)
        self.resume_all(at)
        self.over = True

    def reopen(self, at: int) -> None:
        self.cancel(at)
        self.cycle, self.over = self.cycle + 1, False
        self.holds.clear()
        self.ended_holds.clear()
        self.helping.clear()
        self.reach("received", self.cycle, at)

    def fire(self, now: int) -> None:
        for clock in self.running():
            if self.paused(clock):
                continue
            if clock.told_due <= now:
                clock.ended = "breached"
                self.say("breached", clock, clock.told_due)
                continue
            holds = self.ended_holds if self.pausable(clock) else []
            for level in LEVELS:
                share = self.ran(clock.start, Fraction(now), holds) / Fraction(self.target(clock.name))
                if share >= Fraction(str(level)) and level not in clock.levels_told:
                    clock.levels_told.add(level)
                    self.say("warned", clock, level)

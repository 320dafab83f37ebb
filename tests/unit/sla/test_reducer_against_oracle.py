"""Any history, in any order and as late as you like: the clocks say exactly what the slow oracle says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.events.base import Event
from shared.events.complaint import Complainant
from shared.events.decisions import Assignment, Role
from tests.unit.sla.clock_oracle import ClockOracle, Saying
from tests.unit.sla.promises import RECEIVED_AT, Case, Said, after, in_short, processor, round_hours_policy

ENDS = {"met", "breached", "cancelled"}
DELAYS = st.one_of(st.just(0), st.integers(0, 60))
HELPER = Assignment(assignment_id="c", department="public-affairs", role=Role.CO_HANDLER, mandatory=False)
PARTS = st.sampled_from(["a", "b", HELPER.assignment_id])

POLICY = round_hours_policy()


class ClocksOfACase(RuleBasedStateMachine):
    """Facts and time in random order; the oracle hears the same."""

    @initialize(anonymous=st.booleans())
    def receive(self, anonymous: bool) -> None:
        self.case = Case(processor(POLICY), complainant=Complainant(anonymous=anonymous))
        self.oracle = ClockOracle(anonymous)
        self.now = 0
        self.heard: list[tuple[Event | None, datetime]] = []
        self.oracle.reach("received", 1, 0)
        self._hear(self.case.facts.submitted())

    # -- facts, told up to DELAYS hours late -----------------------------------------------------------------------

    @rule(delay=DELAYS)
    def register(self, delay: int) -> None:
        at = self._at(delay)
        self.oracle.reach("registered", self.oracle.cycle, at)
        self._hear(self.case.facts.registered(after(at)))

    @rule(critical=st.booleans())
    def assess(self, critical: bool) -> None:
        self.oracle.assess(critical)
        self._hear(self.case.facts.assessed(after(self.now), severity="critical" if critical else "low"))

    @rule(delay=DELAYS)
    def dispatch(self, delay: int) -> None:
        at = self._at(delay)
        self.oracle.dispatch(at, HELPER.assignment_id)
        self._hear(self.case.facts.dispatched(after(at), assignments=(HELPER,)))

    @rule(delay=DELAYS)
    def contact(self, delay: int) -> None:
        at = self._at(delay)
        self.oracle.reach("first_response", self.oracle.cycle, at)
        self.oracle.reach("contacted", self.oracle.cycle, at)
        self._hear(self.case.facts.contacted(after(at)))

    @rule(delay=DELAYS, finding=st.booleans())
    def progress(self, delay: int, finding: bool) -> None:
        at = self._at(delay)
        if self.oracle.anonymous:
            self.oracle.reach("first_response", self.oracle.cycle, at)
        if finding:
            self.oracle.reach("verified", self.oracle.cycle, at)
        self._hear(self.case.facts.progressed(after(at), finding=finding))

    @rule(part=PARTS, delay=DELAYS, before_it_was_told=st.integers(0, 60))
    def hold(self, part: str, delay: int, before_it_was_told: int) -> None:
        reported = self._at(delay)
        at = max(0, reported - before_it_was_told)
        self.oracle.hold(part, at, reported)
        self._hear(self.case.facts.held(after(at), part, reported=after(reported)))

    @rule(part=PARTS, delay=DELAYS)
    def resume(self, part: str, delay: int) -> None:
        at = self._at(delay)
        self.oracle.resume(part, at)
        self._hear(self.case.facts.resumed(after(at), part))

    @rule(delay=DELAYS)
    def resolve(self, delay: int) -> None:
        at = self._at(delay)
        self.oracle.resolve(at)
        self._hear(self.case.facts.resolved(after(at)))

    @rule(delay=DELAYS, back=st.integers(0, 1))
    def call_back(self, delay: int, back: int) -> None:
        at, cycle = self._at(delay), max(1, self.oracle.cycle - back)
        self.oracle.reach("called_back", cycle, at)
        self._hear(self.case.facts.called_back(after(at), cycle=cycle))

    @rule(delay=DELAYS)
    @precondition(lambda self: self.oracle.cycle < 3)
    def reopen(self, delay: int) -> None:
        at = self._at(delay)
        self.oracle.reopen(at)
        self._hear(self.case.facts.reopened(after(at)))

    @rule(delay=DELAYS, kind=st.sampled_from(["withdrawn", "rejected"]))
    def give_up(self, delay: int, kind: str) -> None:
        at = self._at(delay)
        self.oracle.give_up(at)
        self._hear(getattr(self.case.facts, kind)(after(at)))

    @rule()
    def hear_the_receipt_again(self) -> None:
        self._hear(self.case.facts.submitted())

    # -- time ------------------------------------------------------------------------------------------------------

    @rule(hours=st.integers(1, 40))
    def be_down(self, hours: int) -> None:
        self.now += hours

    @rule(hours=st.integers(0, 40))
    def pass_time(self, hours: int) -> None:
        self.now += hours
        due_before, now = self.case.due_at, after(self.now)
        self.oracle.fire(self.now)
        self.heard.append((None, now))
        said = self.case.fires(now)
        due_after = self.case.due_at
        assert due_after is None or due_after > now, "fired and still due"
        assert said == [] or (due_before is not None and due_before <= now), "said something before it was due"

    # -- what must always be true ------------------------------------------------------------------------------------

    @invariant()
    def says_what_the_oracle_says(self) -> None:
        assert sorted(map(_saying, self.case.emits)) == sorted(self.oracle.said)

    @invariant()
    def a_clock_ends_once_and_is_warned_of_once_per_level_before(self) -> None:
        ended: set[tuple[int, str]] = set()
        seen: set[str] = set()
        for emit in self.case.emits:
            kind, clock = in_short(emit)[0], (emit.event.cycle, emit.event.clock)
            assert emit.event_id not in seen
            seen.add(emit.event_id)
            assert kind == "corrected" or clock not in ended
            if kind in ENDS:
                ended.add(clock)

    @invariant()
    def nothing_is_early(self) -> None:
        for emit in self.case.emits:
            if in_short(emit)[0] == "breached" and emit.event.stopped_at is None:
                assert emit.event.detected_at >= emit.event.due_by

    def teardown(self) -> None:
        """Told again from the beginning, the history gives the same events."""
        if not hasattr(self, "case"):
            return
        again = Case(processor(POLICY), complainant=self.case.facts.complaint.complainant)
        for event, now in self.heard:
            if event is None:
                again.fires(now)
            else:
                again.hears(event, now)
        assert again.emits == self.case.emits
        assert again.state == self.case.state

    def _at(self, delay: int) -> int:
        return max(0, self.now - delay)

    def _hear(self, event: Event) -> None:
        self.heard.append((event, after(self.now)))
        self.case.hears(event, now=after(self.now))


def _saying(emit: Said) -> Saying:
    event: Any = emit.event
    kind = in_short(emit)[0]
    if kind == "warned":
        return kind, event.cycle, event.clock, event.level
    due = (event.due_by - RECEIVED_AT).total_seconds() / 3600
    return kind, event.cycle, event.clock, 0.0 if kind == "cancelled" else due


TestClocksOfACase = ClocksOfACase.TestCase
TestClocksOfACase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)

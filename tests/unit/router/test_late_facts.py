"""What happened in time counts, whenever it is heard of: also after the department's part has ended.

Clocks judge by happening, so must the case. Whatever order a department's updates arrive in, the same deadlines
stand as missed in the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain.state import ComplaintClocks
from shared.events.envelope import Envelope
from shared.events.lifecycle import ComplainantContacted
from shared.events.sla import ClockBreached, ClockCorrected, ClockEvent
from shared.events.topics import LIFECYCLE
from shared.processing import Emit, Message
from tests.unit.router.case_builders import COMPLAINT_ID, RECEIVED_AT, RESOLUTION, Router
from tests.unit.sla.promises import processor, through_json

LEAD, CO_HANDLER = "after-sales", "quality"
HOUR = timedelta(hours=1)

Fact = tuple[str, str, int]
"""Department, action, and hours after the receipt at which it happened."""


class Bus:
    """A case in the router, its clocks in the SLA service behind it."""

    def __init__(self, co_handlers: tuple[str, ...] = ()) -> None:
        self.router = Router(lead=LEAD, co_handlers=co_handlers)
        self.clocks = processor()
        self.row: ComplaintClocks | None = None
        self.said: list[Emit] = []
        self._heard = 0
        self.router.submit()
        self._listen()

    def passes(self, hours: int) -> None:
        """Time goes on until ``hours`` after the receipt; timers fire at their instants."""
        self.router.now = RECEIVED_AT + hours * HOUR
        while self.row is not None and (due := self.clocks.due_at(self.row)) is not None and due <= self.router.now:
            step = self.clocks.fire(self.row, due)
            self.row, self.said = through_json(step.state) if step.state else None, [*self.said, *step.emits]

    def hears(self, fact: Fact) -> None:
        """One update arrives, now."""
        department, action, hours = fact
        self.router.update(
            department,
            action,
            happened_at=RECEIVED_AT + hours * HOUR,
            preliminary_finding=action == "progress",
            resolution=RESOLUTION if action == "resolve" else None,
        )
        self._listen()

    def missed(self) -> set[tuple[int, str]]:
        """Deadlines that stand as missed: breached, and not corrected."""
        return self._of(ClockBreached) - self._of(ClockCorrected)

    def running(self) -> list[tuple[str, int, int]]:
        """Clocks that still run: name, start and deadline."""
        return [(clock.clock, clock.start, clock.due) for clock in (self.row.running if self.row else ())]

    def _of(self, kind: type[ClockEvent]) -> set[tuple[int, str]]:
        return {(emit.event.cycle, emit.event.clock) for emit in self.said if isinstance(emit.event, kind)}

    def _listen(self) -> None:
        for entry in self.router.log[self._heard :]:
            envelope = Envelope("id", entry.event_type, "/test", COMPLAINT_ID, self.router.now, None)
            step = self.clocks.reduce(self.row, Message(LIFECYCLE, envelope, entry), self.router.now)
            assert step.refusal is None
            assert step.state is not None
            self.row, self.said = through_json(step.state), [*self.said, *step.emits]
        self._heard = len(self.router.log)


def played(facts: Iterable[Fact], arrives_after: int, co_handlers: tuple[str, ...] = ()) -> Bus:
    """The bus after these updates arrived in this order, all so many hours after the receipt."""
    bus = Bus(co_handlers)
    bus.passes(arrives_after)
    for fact in facts:
        bus.hears(fact)
    return bus


def test_a_contact_in_time_corrects_the_breach_also_when_it_arrives_after_the_resolution() -> None:
    bus = played([(LEAD, "resolve", 29), (LEAD, "contact", 1)], arrives_after=30)
    assert bus.router.refused is None
    assert bus.missed() == set()
    contact = bus.router.log[-1]
    assert isinstance(contact, ComplainantContacted)
    assert contact.happened_at == RECEIVED_AT + HOUR


def test_a_finding_in_time_corrects_the_breach_also_after_the_resolution() -> None:
    bus = played([(LEAD, "resolve", 100), (LEAD, "contact", 2), (LEAD, "progress", 50)], arrives_after=100)
    assert bus.router.refused is None
    assert bus.missed() == set()


@pytest.mark.parametrize("action", ["contact", "progress"])
def test_what_happened_after_the_department_was_done_is_refused_as_before(action: str) -> None:
    bus = played([(LEAD, "resolve", 20), (LEAD, action, 21)], arrives_after=30)
    assert bus.router.refused == "already_resolved"


@pytest.mark.parametrize("action", ["accept", "return", "hold", "resume", "resolve"])
def test_an_earlier_time_opens_nothing_but_what_is_a_plain_fact(action: str) -> None:
    bus = played([(LEAD, "resolve", 20)], arrives_after=30)
    bus.router.update(LEAD, action, happened_at=RECEIVED_AT + HOUR, reason="why", resolution=RESOLUTION)
    assert bus.router.refused == "already_resolved"


def test_a_talk_before_the_case_was_called_back_and_closed_counts() -> None:
    bus = played([(LEAD, "resolve", 29), (LEAD, "call_back", 30), (LEAD, "contact", 1)], arrives_after=30)
    assert bus.router.refused is None
    assert bus.missed() == set()


def test_a_talk_before_the_complainant_withdrew_counts() -> None:
    bus = played([], arrives_after=30)
    bus.router.withdraw()
    bus._listen()
    assert bus.missed() == {(1, "first_response")}
    bus.hears((LEAD, "contact", 1))
    assert bus.router.refused is None
    assert bus.missed() == set()
    bus.passes(31)
    bus.hears((LEAD, "contact", 31))
    assert bus.router.refused == "withdrawn"


def test_a_talk_before_the_part_was_returned_counts_and_a_later_one_does_not() -> None:
    bus = played([], arrives_after=30)
    bus.router.give_back(LEAD)
    bus._listen()
    bus.hears((LEAD, "contact", 1))
    assert bus.router.refused is None
    assert bus.missed() == set()
    bus.passes(31)
    bus.hears((LEAD, "contact", 31))
    assert bus.router.refused == "no_assignment"


def test_a_department_that_never_had_a_part_cannot_claim_one() -> None:
    bus = played([(LEAD, "resolve", 29), ("legal", "contact", 1)], arrives_after=30)
    assert bus.router.refused == "no_assignment"


def test_a_talk_of_the_earlier_cycle_is_still_none_of_the_next() -> None:
    bus = played([(LEAD, "resolve", 29)], arrives_after=30)
    bus.router.answer(solved=False)
    bus._listen()
    bus.hears((LEAD, "contact", 1))
    assert bus.router.refused == "before_cycle"


FACTS = st.lists(
    st.tuples(
        st.sampled_from([LEAD, LEAD, CO_HANDLER]),
        st.sampled_from(["accept", "contact", "contact", "progress", "progress"]),
        st.integers(0, 500),
    ),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), facts=FACTS, lead_done=st.integers(1, 500), co_handler_done=st.integers(1, 500))
def test_in_whatever_order_updates_arrive_the_clocks_end_the_same(
    data: st.DataObject, facts: list[Fact], lead_done: int, co_handler_done: int
) -> None:
    """What each department did before it was done; what it claims to have done afterwards is refused."""
    done = {LEAD: lead_done, CO_HANDLER: co_handler_done}
    work = [(who, what, min(when, done[who] - 1)) for who, what, when in facts]
    everything = [*work, (LEAD, "resolve", lead_done), (CO_HANDLER, "resolve", co_handler_done)]
    in_order = sorted(everything, key=lambda fact: (fact[2], fact[1] == "resolve"))
    arrives_after = data.draw(st.integers(500, 600))
    shuffled = data.draw(st.permutations(everything))
    expected = played(in_order, arrives_after, (CO_HANDLER,))
    found = played(shuffled, arrives_after, (CO_HANDLER,))
    assert found.missed() == expected.missed()
    assert found.running() == expected.running()

"""Lifecycle and clock events come from two topics: whichever is seen first, the same people are told the same."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.composer import Composer
from services.notifier.domain.state import Correspondence
from shared.events.base import Event
from shared.events.envelope import Envelope
from shared.events.notifications import NotificationRequested
from shared.processing import Emit, Message
from tests.unit.notifier.cases import (
    COMPLAINT_ID,
    NOON,
    POLICY,
    breached,
    cause_of,
    closed,
    corrected,
    dispatched,
    registered,
    rejected,
    reopened,
    resolved,
    withdrawn,
)

CLOCKS = ("registration", "first_response", "contact", "resolution")
DEPARTMENTS = ("logistics", "finance", "product-quality")


@st.composite
def cycles_of_a_case(draw: st.DrawFn) -> list[Event]:
    """A plausible case log: registered, then per cycle perhaps dispatches and an end; reopened for the next."""
    log: list[Event] = [registered(email=draw(st.sampled_from(["li.hua@example.cn", None])))]
    for cycle in range(1, draw(st.integers(1, 3)) + 1):
        if cycle > 1:
            log.append(reopened(cycle))
        for number, lead in enumerate(draw(st.lists(st.sampled_from(DEPARTMENTS), max_size=3))):
            log.append(dispatched(lead, cycle, "initial" if number == 0 else "returned"))
        log += draw(st.sampled_from([[resolved(cycle), closed(cycle)], [withdrawn(cycle)], [rejected(cycle)]]))
    return log


@st.composite
def clock_events(draw: st.DrawFn) -> list[Event]:
    """Breaches, some corrected later; the department is named or not."""
    events: list[Event] = []
    for cycle, clock in draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(CLOCKS)), unique=True)):
        department = draw(st.none() | st.sampled_from(DEPARTMENTS))
        events.append(breached(clock, cycle, department))
        if draw(st.booleans()):
            events.append(corrected(clock, cycle, draw(st.none() | st.sampled_from(DEPARTMENTS))))
    return events


def interleave(log: list[Event], clocks: list[Event], choices: list[bool]) -> list[Event]:
    """One order in which a reader of both topics may see them; each topic's own order is kept."""
    left, right, merged = list(log), list(clocks), []
    for from_log in choices:
        source = left if from_log else right
        if source:
            merged.append(source.pop(0))
    return merged + left + right


def run(events: list[Event]) -> list[Emit]:
    """Through the processor, with the state stored and loaded between any two events, as the engine does."""
    composer = Composer(POLICY)
    state: Correspondence | None = None
    emits: list[Emit] = []
    for event in events:
        envelope = Envelope(cause_of(event).event_id, event.event_type, "/test", COMPLAINT_ID, NOON)
        step = composer.reduce(state, Message("topic", envelope, event), NOON)
        assert step.refusal is None
        emits += step.emits
        kept = step.state.model_dump_json(exclude_defaults=True) if step.state else None
        state = Correspondence.model_validate_json(kept) if kept else None
    return emits


@settings(max_examples=150, deadline=None)
@given(cycles_of_a_case(), clock_events(), st.lists(st.booleans(), max_size=40), st.lists(st.booleans(), max_size=40))
def test_the_order_of_the_two_topics_does_not_change_who_is_told_what(
    log: list[Event], clocks: list[Event], one: list[bool], another: list[bool]
) -> None:
    # A cycle without a dispatch and an end yet leaves notices held; the log generated here always ends each cycle.
    clocks = [event for event in clocks if event.cycle <= len({entry.cycle for entry in log})]  # type: ignore[attr-defined]
    first, second = run(interleave(log, clocks, one)), run(interleave(log, clocks, another))
    assert Counter(map(repr, first)) == Counter(map(repr, second))


@settings(max_examples=150, deadline=None)
@given(cycles_of_a_case(), clock_events(), st.lists(st.booleans(), max_size=40), st.data())
def test_one_message_per_cycle_template_and_clock_however_often_events_repeat(
    log: list[Event], clocks: list[Event], choices: list[bool], data: st.DataObject
) -> None:
    events = interleave(log, clocks, choices)
    repeated = [event for event in events for _ in range(data.draw(st.integers(1, 2)))]
    emits = run(repeated)
    assert len({emit.event_id for emit in emits}) == len(emits)
    slots = Counter(
        (emit.event.cycle, emit.event.template, emit.event.parameters.get("clock"))
        for emit in emits
        if isinstance(emit.event, NotificationRequested)
    )
    assert all(count == 1 for count in slots.values())


@settings(max_examples=100, deadline=None)
@given(cycles_of_a_case(), clock_events(), st.lists(st.booleans(), max_size=40))
def test_every_end_of_a_cycle_is_told_or_has_a_reason(
    log: list[Event], clocks: list[Event], choices: list[bool]
) -> None:
    ends = {"complaint.resolved.v1", "complaint.withdrawal_registered.v1", "complaint.rejected.v1"}
    expected = sum(event.event_type in ends for event in log)
    emits = run(interleave(log, clocks, choices))
    answered = [e for e in emits if getattr(e.event, "template", "") in ("result", "withdrawal_confirmed", "rejection")]
    assert len(answered) == expected

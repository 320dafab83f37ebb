"""The two input topics are not ordered with each other; what is said must not depend on which is read first."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events.base import Event
from shared.events.complaint import Complainant
from tests.unit.sla.promises import Case, Facts, after, complaint, processor, round_hours_policy

POLICY = round_hours_policy()

Steps = list[tuple[str, int]]
WORK = ["assessed", "dispatched", "accepted", "contacted", "progressed", "held", "resumed", "resolved"]
ENDINGS = ["called_back", "closed", "reopened", "withdrawn", "rejected"]
STEPS = st.lists(st.tuples(st.sampled_from([*WORK, *ENDINGS]), st.integers(0, 60)), max_size=12)


def case_log(steps: Steps, anonymous: bool) -> tuple[Event, list[Event]]:
    """The receipt, and a case log that begins with the registration."""
    facts = Facts(complaint(complainant=Complainant(anonymous=anonymous)))
    events: list[Event] = [facts.registered(after(1))]
    hour = 1
    for name, wait in steps:
        hour += wait
        events.append(getattr(facts, name)(after(hour)))
    return facts.submitted(), events


def said_after(order: list[Event], anonymous: bool) -> tuple[dict[str, str], object]:
    """Everything said when the facts are read in this order and time passes afterwards, by id; and the state."""
    case = Case(processor(POLICY), complainant=Complainant(anonymous=anonymous))
    now = after(2_000)
    for event in order:
        case.hears(event, now=now)
    case.lives_until(now + timedelta(days=30))
    said = {emit.event_id: emit.event.model_dump_json() for emit in case.emits}
    assert len(said) == len(case.emits), "an id was used twice"
    return said, case.state


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, place=st.integers(0, 20), again=st.integers(0, 20), anonymous=st.booleans())
def test_wherever_the_receipt_is_read_the_same_is_said(steps: Steps, place: int, again: int, anonymous: bool) -> None:
    receipt, events = case_log(steps, anonymous)
    first, later = [receipt, *events], list(events)
    later.insert(min(place, len(later)), receipt)
    later.insert(min(again, len(later)), receipt)
    assert said_after(later, anonymous) == said_after(first, anonymous)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, lateness=st.integers(0, 5_000))
def test_without_timers_only_the_time_of_detection_depends_on_when_facts_are_read(steps: Steps, lateness: int) -> None:
    receipt, events = case_log(steps, anonymous=False)

    def said(now_hours: int) -> list[tuple[str, dict[str, object]]]:
        case = Case(processor(POLICY))
        for event in [receipt, *events]:
            case.hears(event, now=after(now_hours))
        return [(emit.event_id, emit.event.model_dump(exclude={"detected_at"})) for emit in case.emits]

    assert said(lateness) == said(0)

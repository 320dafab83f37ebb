"""Which department is told of a missed deadline, and that the notice was wrong."""

from __future__ import annotations

from services.notifier.domain.notification import EXAMPLE_PARAMETERS, Template
from services.notifier.domain.reducer import expire
from services.notifier.domain.state import MAX_HELD
from shared.events.notifications import NotificationRequested
from tests.unit.notifier.cases import (
    NOON,
    POLICY,
    breached,
    closed,
    corrected,
    dispatched,
    play,
    registered,
    rejected,
    reopened,
    told,
    warned,
    withdrawn,
)

KNOWN = play(registered()).state


def test_the_department_named_by_the_clock_is_told() -> None:
    composition = play(dispatched("logistics"), breached(department="finance"), state=KNOWN)
    assert told(composition) == [("breach_notice", "finance")]


def test_without_a_named_department_the_lead_is_told() -> None:
    assert told(play(dispatched("logistics"), breached(), state=KNOWN)) == [("breach_notice", "logistics")]


def test_a_breach_seen_before_the_dispatch_waits_for_it() -> None:
    waiting = play(breached(), state=KNOWN)
    assert waiting.emits == ()
    assert told(play(dispatched("logistics"), state=waiting.state)) == [("breach_notice", "logistics")]


def test_a_breach_seen_before_the_registration_waits_too() -> None:
    composition = play(breached(), registered(), dispatched("logistics"))
    assert sorted(told(composition)) == [("acknowledgement", "complainant"), ("breach_notice", "logistics")]


def test_the_first_lead_of_the_cycle_is_told_even_when_the_case_was_passed_on() -> None:
    composition = play(dispatched("logistics"), dispatched("finance", cause="returned"), breached(), state=KNOWN)
    assert told(composition) == [("breach_notice", "logistics")]


def test_a_case_that_ends_without_a_department_is_triages() -> None:
    assert told(play(breached(), withdrawn(), state=KNOWN))[0] == ("breach_notice", "triage")
    assert told(play(rejected(), breached(), state=KNOWN))[-1] == ("breach_notice", "triage")


def test_when_the_wait_is_over_triage_is_told() -> None:
    waiting = play(breached(), state=KNOWN).state
    assert waiting is not None
    assert waiting.due_at() == NOON + POLICY.hold_for
    released = expire(waiting, POLICY, NOON + POLICY.hold_for)
    assert told(released) == [("breach_notice", "triage")]
    assert released.state is not None
    assert released.state.due_at() is None
    assert play(breached(), dispatched(), state=released.state).emits == ()


def test_one_notice_per_cycle_and_clock() -> None:
    known = play(dispatched("logistics"), state=KNOWN).state
    composition = play(
        breached("contact"), breached("contact"), breached("resolution"), reopened(2), dispatched("finance", 2),
        breached("contact", 2), state=known,
    )  # fmt: skip
    assert [entry for entry in told(composition) if entry[0] == "breach_notice"] == [
        ("breach_notice", "logistics"),
        ("breach_notice", "logistics"),
        ("breach_notice", "finance"),
    ]


def test_a_correction_goes_to_whoever_got_the_notice() -> None:
    composition = play(
        dispatched("logistics"), breached(department="finance"), corrected(department="legal"), state=KNOWN
    )
    assert told(composition) == [("breach_notice", "finance"), ("breach_corrected", "finance")]


def test_a_correction_of_a_held_notice_is_held_behind_it() -> None:
    composition = play(breached(), corrected(department="finance"), dispatched("logistics"), state=KNOWN)
    assert told(composition) == [("breach_notice", "logistics"), ("breach_corrected", "logistics")]


def test_a_correction_without_a_notice_tells_nobody_and_says_why() -> None:
    assert told(play(dispatched(), corrected(), state=KNOWN)) == [("breach_corrected", "skipped: no_breach_notice")]


def test_what_is_held_is_bounded() -> None:
    clocks = [breached(f"clock-{number}") for number in range(MAX_HELD + 5)]
    composition = play(*clocks, state=KNOWN)
    assert composition.state is not None
    assert len(composition.state.held) == MAX_HELD
    assert told(composition) == [("breach_notice", "triage")] * 5


def test_departments_are_told_in_their_language_with_the_checked_parameters_and_no_personal_data() -> None:
    composition = play(registered(language="en"), dispatched(), breached(), corrected(), breached("contact"), closed())
    for output in composition.emits[1:]:
        request = output.event
        assert isinstance(request, NotificationRequested)
        assert request.language == POLICY.department_language
        assert request.complainant is None
        assert request.parameters.keys() == EXAMPLE_PARAMETERS[Template(request.template)].keys()


def test_warnings_are_not_breaches() -> None:
    assert play(warned(), state=KNOWN).emits == ()


def test_a_held_notice_keeps_the_trace_of_its_breach() -> None:
    waiting = play(breached(), state=KNOWN).state
    assert waiting is not None
    (output,) = expire(waiting, POLICY, NOON + POLICY.hold_for).emits
    assert output.traceparent == "00-trace-of-the-event-01"

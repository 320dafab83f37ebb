"""The end-to-end tests' second opinion on clock events is itself tried: every falsified history must be noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.due_clock_events import ARMED, BREACHED, CANCELLED, MET, WARNED, DueClockEvents, Reading, Verdict
from tests.e2e.independent_reader import Read
from tests.e2e.open_hours import OpenHours
from tests.support.whole_bus import CONFIG_DIRECTORY

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
HOUR = timedelta(hours=1)
READ_AT = MONDAY + 100 * HOUR
READING = Reading(READ_AT, READ_AT + HOUR, lateness=4 * HOUR)
TARGETS = {
    "registration": 33 * HOUR,
    "first_response": 24 * HOUR,
    "verification": 72 * HOUR,
    "contact": 81 * HOUR,
    "resolution": 513 * HOUR,
}
DUE = ("first_response", "verification", "contact")


def told(clock: str, event_type: str, **facts: Any) -> Read:
    """One clock event, made one second after the start or when it was detected."""
    due_by = facts.pop("due_by", MONDAY + TARGETS[clock])
    cycle = facts.pop("cycle", 1)
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()}
    data = {"clock": clock, "cycle": cycle, "started_at": MONDAY.isoformat(), "due_by": due_by.isoformat(), **said}
    made_at = facts.get("detected_at", MONDAY + timedelta(seconds=1))
    return Read("sla.events.v1", 0, 0, "case", "id", event_type, data, made_at)


def warned_after(clock: str) -> timedelta:
    """Contact is warned of after 24 of 30 open hours: on the fourth day at half past ten."""
    return timedelta(hours=73, minutes=30) if clock == "contact" else TARGETS[clock] * 0.8


def breached(clock: str, detected_at: datetime | None = None, **facts: Any) -> Read:
    return told(clock, BREACHED, detected_at=detected_at or MONDAY + TARGETS[clock], **facts)


def warned(clock: str, detected_at: datetime | None = None, **facts: Any) -> Read:
    facts = {"level": 0.8} | facts
    return told(clock, WARNED, detected_at=detected_at or MONDAY + warned_after(clock), **facts)


def sound() -> list[Read]:
    """What must be told of a case nobody answers, read 100 hours after its receipt."""
    events = [told(clock, ARMED) for clock in TARGETS]
    events.append(told("registration", MET, stopped_at=MONDAY + timedelta(seconds=2)))
    for clock in DUE:
        events += [warned(clock), breached(clock)]
    return events


def judged(events: list[Read], reading: Reading = READING, *, anonymous: bool = False) -> Verdict:
    return DueClockEvents.of_directory(CONFIG_DIRECTORY, reading).judge(events, {"case": anonymous})


def without(clock: str, event_type: str) -> list[Read]:
    return [event for event in sound() if (event.data["clock"], event.event_type) != (clock, event_type)]


def test_a_sound_history_is_found_sound_and_owes_every_event_that_is_due() -> None:
    verdict = judged(sound())
    assert verdict.problems == []
    ends = {("registration", MET): 1} | {(clock, BREACHED): 1 for clock in DUE}
    assert verdict.owed == ends | {(clock, WARNED): 1 for clock in DUE}


@pytest.mark.parametrize("clock", DUE)
@pytest.mark.parametrize("event_type", [BREACHED, WARNED])
def test_a_missing_event_is_noticed(clock: str, event_type: str) -> None:
    assert judged(without(clock, event_type)).problems == [f"case: clock {clock} must have one {event_type} and has 0"]


@pytest.mark.parametrize("clock", DUE)
@pytest.mark.parametrize("again", [breached, warned])
def test_an_event_told_twice_is_noticed(clock: str, again: Callable[[str], Read]) -> None:
    events = [event for told in sound() for event in ([told, told] if told == again(clock) else [told])]
    assert any("and has 2" in problem for problem in judged(events).problems)


def test_a_registration_that_is_never_met_is_noticed() -> None:
    assert judged(without("registration", MET)).problems != []


def test_a_clock_that_was_never_armed_is_noticed() -> None:
    assert judged(without("resolution", ARMED)).problems == ["case: clock resolution was never armed"]


FALSE_STATEMENTS = {
    "ended, but was not due yet": breached("resolution"),
    "says something after its end": breached("first_response"),
    "is promised to nobody here": replace(told("contact", ARMED), key="stranger"),
    "runs in a cycle nobody opened": told("resolution", ARMED, cycle=2),
    "says what nothing asks for": told("resolution", "sla.corrected.v1"),
    "is warned of early": warned("resolution", MONDAY + HOUR),
    "is warned of at a level of no policy": warned("resolution", MONDAY + 480 * HOUR, level=0.5),
    "ended with sla.cancelled.v1": told("resolution", CANCELLED),
}


@pytest.mark.parametrize(("problem", "event"), FALSE_STATEMENTS.items(), ids=FALSE_STATEMENTS)
def test_an_event_that_is_not_due_is_noticed(problem: str, event: Read) -> None:
    assert any(problem in found for found in judged([*sound(), event]).problems)


@pytest.mark.parametrize(
    ("problem", "end"),
    [
        ("was breached early", breached("verification", MONDAY + 71 * HOUR)),
        ("ended by another deadline than was told", breached("verification", due_by=MONDAY + 70 * HOUR)),
        ("ended with sla.met.v1", told("verification", MET, stopped_at=MONDAY + 5 * HOUR)),
    ],
)
def test_a_wrong_end_is_noticed(problem: str, end: Read) -> None:
    assert any(problem in found for found in judged([*without("verification", BREACHED), end]).problems)


def test_a_warning_after_the_deadline_is_noticed() -> None:
    late = warned("verification", MONDAY + 73 * HOUR)
    events = [late if event == warned("verification") else event for event in sound()]
    assert judged(events).problems == ["case: clock verification is warned of after its deadline"]


@pytest.mark.parametrize("clock", DUE)
def test_a_warning_a_minute_early_is_noticed(clock: str) -> None:
    early = warned(clock, MONDAY + warned_after(clock) - timedelta(minutes=1))
    events = [early if event == warned(clock) else event for event in sound()]
    assert judged(events).problems == [f"case: clock {clock} is warned of early"]


def test_what_fell_due_a_moment_before_the_reading_may_still_come() -> None:
    reading = replace(READING, began_at=MONDAY + 75 * HOUR, ended_at=MONDAY + 76 * HOUR)
    events = [event for event in sound() if event.data["clock"] != "contact" or event.event_type == ARMED]
    assert judged(events, reading).problems == []
    assert judged([event for event in events if event != breached("verification")], reading).problems == []


def test_the_deadline_last_told_counts() -> None:
    moved = told("first_response", ARMED, due_by=MONDAY + 2 * HOUR)
    end = breached("first_response", MONDAY + 2 * HOUR, due_by=MONDAY + 2 * HOUR)
    events = [event for event in sound() if event.data["clock"] != "first_response"]
    armed = told("first_response", ARMED)
    assert judged([*events, armed, moved, end]).problems == [], "two hours leave no time to be sure of a warning"
    assert judged([*events, armed, moved]).problems != []


def test_a_warning_may_be_lost_in_an_outage_that_lasts_beyond_the_deadline_but_a_breach_may_not() -> None:
    outage = (MONDAY + 19 * HOUR, MONDAY + 25 * HOUR)
    reading = replace(READING, outages=(outage,))
    assert judged(without("first_response", WARNED), reading).problems == []
    assert judged(without("first_response", BREACHED), reading).problems != []
    assert judged(without("verification", WARNED), reading).problems != []


def test_a_warning_is_due_after_a_short_outage_too() -> None:
    reading = replace(READING, outages=((MONDAY + 55 * HOUR, MONDAY + 60 * HOUR),))
    assert judged(without("verification", WARNED), reading).problems != []


def test_nobody_talks_to_the_anonymous() -> None:
    events = [event for event in sound() if event.data["clock"] != "contact"]
    assert judged(events, anonymous=True).problems == []
    assert judged(events).problems == ["case: clock contact was never armed"]


def test_open_time_is_used_up_while_the_office_is_open() -> None:
    hours = {day: [["09:00", "12:00"], ["13:30", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    given = {"tz": "Asia/Shanghai", "hours": hours, "holidays": [datetime(2026, 3, 3, tzinfo=UTC).date()]}
    given["special_dates"] = {datetime(2026, 3, 7, tzinfo=UTC).date(): "mon"}
    calendar = OpenHours(given)
    friday, sunday = MONDAY + 4 * 24 * HOUR, MONDAY + 6 * 24 * HOUR
    assert calendar.used_up_at(MONDAY, MONDAY + 48 * HOUR, 1.0) == MONDAY + 9 * HOUR, "the second day is a holiday"
    assert calendar.used_up_at(friday, sunday, 0.8) == friday + 24 * HOUR + timedelta(hours=6), "Saturday is worked"
    assert calendar.used_up_at(sunday, sunday + HOUR, 0.8) == sunday

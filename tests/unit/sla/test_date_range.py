"""What the door takes in, every clock can count from: one range, looked at from both ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.intake.domain.field_problems import read_fields
from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.submission import Submission
from services.intake.domain.wording import field_reason
from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.processor import SlaProcessor
from shared.date_range import EARLIEST_DAY, LATEST_DAY
from tests.unit.sla.calendars import CONFIG
from tests.unit.sla.promises import Facts, complaint, message_of

CALENDARS = load_calendars(CONFIG / "calendars")
SHIPPED = SlaProcessor(load_policy(CONFIG / "sla" / "policy.yaml", CALENDARS), CALENDARS)
DATES = ("received_at", "occurred_at", "regulator_respond_by")


def day(text: str) -> datetime:
    """Midnight of a date, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instants(first: str, last: str) -> st.SearchStrategy[datetime]:
    """Instants between two dates."""
    seconds = int((day(last) - day(first)).total_seconds())
    return st.integers(0, seconds).map(lambda after: day(first) + timedelta(seconds=after))


NEAR_AND_FAR = st.one_of(
    instants("1969-01-01", "1972-01-01"), instants("2097-06-01", "2100-12-30"), instants("1901-01-01", "2199-12-30")
)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def read(**dates: str) -> Submission | DoorRefusal:
    """A submission with these dates, as the door reads it."""
    document: dict[str, Any] = {"narrative": "The kettle leaks.", **dates}
    return read_fields(Submission, document)


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize(
    "instant",
    [
        "1970-01-01T00:00:00+08:00",
        "1970-01-01T00:00:00Z",
        "1970-12-31T23:59:59Z",
        "1971-01-01T00:00:00+08:00",
        "1969-07-20T20:17:00Z",
        "2099-01-01T00:00:00Z",
        "2098-12-31T23:30:00-08:00",
        "2199-12-31T23:59:59Z",
    ],
)
def test_a_date_no_complaint_can_have_is_refused_at_the_door_with_the_range(field: str, instant: str) -> None:
    refused = read(**{field: instant})
    assert isinstance(refused, DoorRefusal)
    (problem,) = refused.fields
    assert (problem.field, problem.code) == (field, "out_of_range")
    for language in ("en", "zh"):
        said = field_reason(problem, language)
        assert "1971-01-01" in said
        assert "2098-12-31" in said


@settings(max_examples=120, deadline=None)
@given(instant=NEAR_AND_FAR, zone=OFFSETS)
@example(instant=day("1971-01-01"), zone=UTC)
@example(instant=day("2099-01-01") - timedelta(microseconds=1), zone=UTC)
def test_what_the_door_takes_in_has_clocks(instant: datetime, zone: timezone) -> None:
    at = instant.astimezone(zone)
    taken = read(received_at=at.isoformat(timespec="microseconds"))
    assert isinstance(taken, Submission) is (EARLIEST_DAY <= at.astimezone(UTC).date() <= LATEST_DAY)
    if isinstance(taken, Submission):
        facts = Facts(complaint(received_at=at))
        state = None
        for event in (facts.submitted(), facts.registered(at), facts.assessed(at), facts.dispatched(at)):
            step = SHIPPED.reduce(state, message_of(event, facts.complaint.complaint_id), at)
            assert step.refusal is None
            state = step.state
        assert state is not None
        assert state.running

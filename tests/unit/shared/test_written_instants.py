"""What others than the bus write as a time is text with an offset: a number could be seconds, milliseconds or a day."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.cli.ask.compose import EventLine
from services.cli.ask.deadline_request import _instant
from services.cli.console.json_lines import LineRefused
from services.intake.domain.field_problems import read_fields
from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.submission import Submission
from shared.errors import InvalidEvent
from shared.events import registry
from shared.events.base import Event
from shared.events.departments import DepartmentUpdate
from shared.events.envelope import Envelope

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DIGITS = st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{1,9})?", fullmatch=True)
NOT_WRITTEN = (NUMBERS | DIGITS).filter(lambda value: value is not None)
FROM_OUTSIDE = [model for model in registry.EVENT_MODELS.values() if model.from_outside]


def refusal_of(value: object) -> str | None:
    """What a department is told of this ``happened_at``; None: it is taken."""
    update = {"complaint_id": "c", "action": "accept", "happened_at": value}
    try:
        registry.parse(DepartmentUpdate, json.dumps(update).encode())
    except InvalidEvent as refused:
        return refused.detail
    return None


@given(NOT_WRITTEN)
@example(1772442000)
@example(1772442000000)
@example(1772442000.5)
@example("1772442000")
@example("20260302")
@example(True)
def test_no_number_is_a_time_of_a_department(value: object) -> None:
    told = refusal_of(value)
    assert told is not None
    assert "happened_at" in told


@given(NOT_WRITTEN)
@example("20260302")
@example(1772442000000)
def test_no_number_is_a_time_at_the_door(value: object) -> None:
    for name in ("received_at", "occurred_at"):
        read = read_fields(Submission, {"narrative": "broken", name: value})
        assert isinstance(read, DoorRefusal)
        assert [problem.field for problem in read.fields] == [name]


@given(NOT_WRITTEN)
@example("20260302")
@example("1772442000")
def test_no_number_is_a_time_of_a_deadline(value: object) -> None:
    with pytest.raises(LineRefused):
        _instant(value, "from", ZoneInfo("Asia/Shanghai"), date_is_enough=True)


@given(NOT_WRITTEN)
@example(1772442000)
def test_no_number_is_a_time_of_a_line_to_compose(value: object) -> None:
    with pytest.raises(ValueError, match="time"):
        EventLine.model_validate({"type": "complaint.urged.v1", "time": value, "data": {}})


@given(DIGITS)
def test_no_number_is_the_time_of_a_record(value: str) -> None:
    names = ("ce_id", "ce_type", "ce_source", "ce_subject")
    with pytest.raises(InvalidEvent, match="bad_header"):
        Envelope.from_headers([*((name, b"x") for name in names), ("ce_time", value.encode())])


@given(st.datetimes(timezones=OFFSETS).filter(lambda instant: 1 < instant.year < 9999))
def test_every_written_instant_is_taken_whatever_its_offset(instant: Any) -> None:
    assert refusal_of(instant.isoformat()) is None
    assert refusal_of(instant.isoformat().replace("T", " ")) is None


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00", "2026-03-02 09:00", "2026-03-02"])
def test_a_time_without_offset_is_told_what_is_missing(text: str) -> None:
    told = refusal_of(text)
    assert told is not None
    assert "+08:00" in told


@pytest.mark.parametrize("value", [1772442000, "1772442000", "yesterday", "2026-03-02T09:00:00"])
def test_the_refusal_shows_how_it_is_written(value: object) -> None:
    told = refusal_of(value)
    assert told is not None
    assert "needs an offset such as +08:00" in told
    assert "+08:00" in told.split(" / ")[1]


@pytest.mark.parametrize("model", FROM_OUTSIDE)
def test_every_time_field_that_others_write_is_read_so(model: type[Event]) -> None:
    """Whatever is added to what others write must be read as strictly."""
    fields = model.model_json_schema()["properties"]
    times = [name for name, field in fields.items() if "date-time" in json.dumps(field)]
    assert times
    for name in times:
        with pytest.raises(InvalidEvent, match=name):
            registry.parse(model, json.dumps({"complaint_id": "c", "action": "accept", name: 1772442000}).encode())

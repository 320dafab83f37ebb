"""Decoding: an event or an InvalidEvent, whatever somebody wrote. Anything else would stop the reader for good."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import InvalidEvent
from shared.events import document, registry
from shared.events.base import Event
from shared.events.departments import DepartmentUpdate
from shared.events.envelope import Envelope
from tests.unit.intake.test_blank_fields import BLANK

MODELS = sorted(registry.EVENT_MODELS.values(), key=lambda model: model.event_type)
EXAMPLES = {model: json.loads(document.example_file(model).read_text(encoding="utf-8")) for model in MODELS}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

ODD = st.sampled_from(
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-03-02",
        10**400,
        -1,
        1e308,
        float("nan"),
        "1e999999999",
        "\x00",
        {"text": None},
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document where something could be replaced."""
    children: Any = ()
    if isinstance(document, dict):
        children = document.items()
    elif isinstance(document, list):
        children = enumerate(document)
    return [here, *(path for key, child in children for path in paths(child, (*here, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """``document`` with ``value`` at ``path``."""
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = replaced(document[path[0]], path[1:], value)
    return copy


@st.composite
def spoilt_examples(draw: st.DrawFn) -> tuple[type[Event], bytes]:
    """The example of some event with one or two places replaced by anything JSON can say, and more."""
    model = draw(st.sampled_from(MODELS))
    value = EXAMPLES[model]
    for _ in range(draw(st.integers(1, 2))):
        value = replaced(value, draw(st.sampled_from(paths(value))), draw(VALUES))
    return model, json.dumps(value).encode()


def parsed_or_reason(model: type[Event], value: bytes) -> Event | str:
    """The event, or why it is none; any other error fails the test."""
    try:
        return registry.parse(model, value)
    except InvalidEvent as refused:
        return refused.reason


@given(spoilt_examples())
@example(
    (registry.EVENT_MODELS["complaint.urged.v1"], b'{"complaint_id":"c","received_at":"0001-01-01T00:00:00+14:00"}')
)
def test_a_value_is_an_event_that_can_be_passed_on_or_refused_for_its_schema(spoilt: tuple[type[Event], bytes]) -> None:
    event = parsed_or_reason(*spoilt)
    if isinstance(event, Event):
        value, headers = registry.encode(
            event, event_id="id", source="/test", subject="case", time=NOW, traceparent=None
        )
        assert registry.decode(headers, value)[1].event_type == event.event_type
    else:
        assert event == "schema"


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused_for_their_schema(value: bytes) -> None:
    for model in MODELS:
        assert isinstance(parsed_or_reason(model, value), Event) or parsed_or_reason(model, value) == "schema"


UPDATE = '{"complaint_id": "c", "happened_at": "2026-03-02T09:00:00Z", %s}'


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ('"action": "return", "action": "resolve"', "action (repeated_name)"),
        ('"action": "resolve", "resolution": {"status": "a", "status": "b"}', "a name (repeated_name)"),
        ('"action": "accept", "张三": 1, "张三": 2', "a name (repeated_name)"),
        ('"action": "accept", "spent": NaN', "value (not_a_number)"),
        ('"action": "accept", "spent": -Infinity', "value (not_a_number)"),
        ('"action": "accept", "spent": 1e999', "value (not_a_number)"),
        (f'"action": "accept", "spent": {"9" * 5000}', "value (number_too_long)"),
        (f'"action": "accept", "spent": {"[" * 30}{"]" * 30}', "value (too_deep)"),
    ],
)
def test_what_others_write_means_one_thing_or_is_refused(facts: str, told: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        registry.parse(DepartmentUpdate, (UPDATE % facts).encode())
    assert refused.value.reason == "schema"
    assert refused.value.detail.startswith(f"assignment.updated.v1: {told}: ")


@pytest.mark.parametrize("blank", BLANK)
def test_an_id_of_a_department_that_says_nothing_is_refused(blank: str) -> None:
    """Taken in, the next record with it would be lost as a repeat of this one."""
    headers = Envelope(blank, DepartmentUpdate.event_type, "/after-sales", "c", NOW).to_headers()
    with pytest.raises(InvalidEvent) as refused:
        registry.decode(headers, update_with("reason", "parts_ordered"))
    assert refused.value.reason == "blank_id"
    assert "ce_id" in refused.value.detail


CONTROLS = [
    *map(chr, range(32)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
]
LAYOUT = "\t\n\r\x85"
PLACES = ["reason", "suggested_department", "resolution.status", "resolution.cause", "resolution.measures"]


def update_with(place: str, text: str) -> bytes:
    parts = {"status": "已退款", "cause": "超卖", "measures": "已改"}
    facts: dict[str, object] = {"complaint_id": "c", "happened_at": "2026-03-02T09:00:00Z", "action": "resolve"}
    outer, dot, inner = place.partition(".")
    return json.dumps(facts | {outer: parts | {inner: text} if dot else text}).encode()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("character", [each for each in CONTROLS if each not in LAYOUT])
def test_no_word_of_a_department_can_act_on_the_screen_of_who_reads_the_letter(place: str, character: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        registry.parse(DepartmentUpdate, update_with(place, f"已退款{character}！"))
    code = "nul_character" if character == "\0" else "control_character"
    assert refused.value.reason == "schema"
    assert refused.value.detail.startswith(f"assignment.updated.v1: {place} ({code}): ")


@pytest.mark.parametrize("text", [*LAYOUT, "\u200d", "\u200f", "👨‍👩‍👧", "שלום", "a\u00adb"])
def test_what_only_lays_a_text_out_is_taken(text: str) -> None:
    registry.parse(DepartmentUpdate, update_with("resolution.measures", f"已退款{text}！"))


def test_controls_in_fields_nobody_knows_are_nobodys_business() -> None:
    registry.parse(DepartmentUpdate, update_with("ours.张三", "\x07"))


def test_what_departments_write_is_the_only_thing_from_outside() -> None:
    """Everything else is written by the bus itself: there, reading twice as carefully would be time for nothing."""
    assert [model for model in MODELS if model.from_outside] == [DepartmentUpdate]

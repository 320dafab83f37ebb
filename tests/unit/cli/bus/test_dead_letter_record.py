"""A dead letter goes back exactly as it came, and says where it had been."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.bus.dead_letter_record import DeadLetterReference, parse_reference, read_dead_letter
from shared.errors import InvalidEvent
from shared.processing import Refusal
from shared.streaming.dead_letters import dead_letter
from shared.streaming.records import ConsumerRecord

HEADER_NAMES = st.text(max_size=8).filter(lambda name: not name.startswith("dlq_"))
HEADERS = [("ce_id", b"e-1"), ("ce_type", b"complaint.submitted.v1"), ("odd", b"\xff\x00")]


def put_aside(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> ConsumerRecord:
    """What an operator finds in the dead-letter topic."""
    original = ConsumerRecord("complaints.received.v1", 7, 99, key, value, headers, 0)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    letter = dead_letter(original, "router.dead-letters.v1", Refusal("schema", "value (missing)"), "router", now)
    return ConsumerRecord(letter.topic, 3, 17, letter.key, letter.value, list(letter.headers), 0)


def test_reason_and_origin_are_read() -> None:
    letter = read_dead_letter(put_aside(b"k", b"v", HEADERS))
    assert (letter.reason, letter.detail, letter.service) == ("schema", "value (missing)", "router")
    assert (letter.origin_topic, letter.origin_partition, letter.origin_offset) == ("complaints.received.v1", 7, 99)
    assert str(letter.reference) == "router.dead-letters.v1/3/17"
    assert letter.header("ce_id") == "e-1"


@given(
    st.one_of(st.none(), st.binary(max_size=50)),
    st.one_of(st.none(), st.binary(max_size=50)),
    st.lists(
        st.tuples(st.text(max_size=8).filter(lambda name: not name.startswith("dlq_")), st.binary(max_size=9)),
        max_size=5,
    ),
)
def test_a_replay_is_the_original_byte_for_byte_plus_where_it_had_been(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    again = read_dead_letter(put_aside(key, value, headers)).replay()
    assert (again.topic, again.partition, again.key, again.value) == ("complaints.received.v1", 7, key, value)
    kept = [header for header in headers if header[0] != "replayed-from"]
    assert list(again.headers) == [*kept, ("replayed-from", b"router.dead-letters.v1/3/17")]


def test_a_second_replay_names_only_the_last_place() -> None:
    first = read_dead_letter(put_aside(b"k", b"v", HEADERS)).replay()
    second = read_dead_letter(put_aside(first.key, first.value, list(first.headers))).replay()
    assert [name for name, _ in second.headers].count("replayed-from") == 1


def test_what_was_too_large_to_be_kept_whole_does_not_go_back_without_its_value() -> None:
    letter = read_dead_letter(put_aside(b"k", b"x" * 2_000_000, HEADERS))
    assert letter.as_json()["complete"] is False
    with pytest.raises(InvalidEvent, match=r"look for it at complaints\.received\.v1\[7\]@99"):
        letter.replay()


def test_the_description_never_holds_the_value() -> None:
    described = read_dead_letter(put_aside(b"k", b"13800000000", HEADERS)).as_json()
    assert "13800000000" not in str(described)
    assert described["value_bytes"] == 11


def test_a_record_without_the_headers_is_refused() -> None:
    with pytest.raises(InvalidEvent, match=r"router\.dead-letters\.v1\[0\]@1"):
        read_dead_letter(ConsumerRecord("router.dead-letters.v1", 0, 1, b"k", b"v", HEADERS, 0))


@pytest.mark.parametrize("text", ["router.dead-letters.v1/3/17", "router.dead-letters.v1[3]@17"])
def test_a_reference_is_read_in_both_spellings(text: str) -> None:
    assert parse_reference(text) == DeadLetterReference("router.dead-letters.v1", 3, 17)


@pytest.mark.parametrize("text", ["", "router/x/1", "router/1", "/1/2", "a/1/2/3"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None


NULL_HEADER: Any = ("note", None)
"""Kafka allows it, and departments write with any client."""


def test_a_header_without_a_value_is_shown_as_one() -> None:
    letter = read_dead_letter(put_aside(b"k", b"v", [*HEADERS, NULL_HEADER]))
    assert letter.header("note") is None
    assert letter.as_json()["headers"] == {
        "ce_id": "e-1",
        "ce_type": "complaint.submitted.v1",
        "odd": "\ufffd\x00",
        "note": None,
    }
    assert list(letter.replay().headers)[:-1] == [*HEADERS, NULL_HEADER]


def test_a_dlq_header_without_a_value_makes_no_dead_letter() -> None:
    record = put_aside(b"k", b"v", HEADERS)
    headers: Any = [(name, None if name == "dlq_reason" else value) for name, value in record.headers]
    with pytest.raises(InvalidEvent, match="not_a_dead_letter"):
        read_dead_letter(record._replace(headers=headers))

"""Dead letters keep everything there was; the meter stops a bad deploy and nothing else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import DeadLetterLimit
from shared.processing import Refusal
from shared.streaming.dead_letters import DeadLetterMeter, dead_letter, is_complete
from shared.streaming.records import ConsumerRecord

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HEADERS = st.lists(st.tuples(st.text(max_size=10), st.none() | st.binary(max_size=10)), max_size=6)
BYTES = st.none() | st.binary(max_size=50)


# ---- the letter ------------------------------------------------------------------------------------------------------


@given(key=BYTES, value=BYTES, headers=HEADERS, partition=st.integers(0, 11), offset=st.integers(0, 2**62))
def test_key_value_and_headers_are_kept_byte_for_byte_and_the_origin_is_added(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]], partition: int, offset: int
) -> None:
    record = ConsumerRecord("in.v1", partition, offset, key, value, headers, 0)
    letter = dead_letter(record, "counter.dead-letters.v1", Refusal("schema", "why: 原因"), "counter", NOW)
    assert (letter.topic, letter.key, letter.value) == ("counter.dead-letters.v1", key, value)
    assert letter.headers[: len(headers)] == headers
    assert dict(letter.headers[len(headers) :]) == {
        "dlq_reason": b"schema",
        "dlq_detail": "why: 原因".encode(),
        "dlq_topic": b"in.v1",
        "dlq_partition": str(partition).encode(),
        "dlq_offset": str(offset).encode(),
        "dlq_service": b"counter",
        "dlq_at": b"2026-03-02T09:00:00.000Z",
    }


def test_the_headers_of_the_record_itself_are_not_touched() -> None:
    headers = [("ce_id", b"1")]
    record = ConsumerRecord("in.v1", 0, 0, b"k", b"v", headers, 0)
    dead_letter(record, "dlq", Refusal("schema", "why"), "counter", NOW)
    assert headers == [("ce_id", b"1")]


def test_a_detail_that_quotes_a_whole_record_is_cut() -> None:
    record = ConsumerRecord("in.v1", 0, 0, b"k", b"v", [], 0)
    letter = dead_letter(record, "dlq", Refusal("unknown_type", "类" * 1_000_000), "counter", NOW)
    assert dict(letter.headers)["dlq_detail"].decode() == "类" * 500


# Compressed, a broker takes in far more than it gives room for uncompressed: 2 MB of one character are a few bytes.
HUGE = b"x" * 2_000_000


@pytest.mark.parametrize(
    ("record", "kept", "sizes"),
    [
        (
            (b"k", HUGE, [("ce_id", b"1"), ("none", None)]),
            (b"k", None, [("ce_id", b"1"), ("none", None)]),
            {"dlq_value_bytes": b"2000000"},
        ),
        (
            (b"k", b"v", [("ce_id", HUGE)]),
            (b"k", None, []),
            {"dlq_value_bytes": b"1", "dlq_headers_bytes": b"2000015"},
        ),
        (
            (b"k", b"v", [("x", b"")] * 200_000),
            (b"k", None, []),
            {"dlq_value_bytes": b"1", "dlq_headers_bytes": b"2200000"},
        ),
        (
            (HUGE, HUGE, [("ce_id", HUGE)]),
            (None, None, []),
            {"dlq_value_bytes": b"2000000", "dlq_headers_bytes": b"2000015", "dlq_key_bytes": b"2000000"},
        ),
    ],
    ids=["its value", "its headers", "many headers", "its key"],
)
def test_a_record_too_large_for_the_topic_loses_as_much_as_it_must_and_says_so(
    record: tuple[bytes, bytes, Any], kept: tuple[bytes | None, bytes | None, Any], sizes: dict[str, bytes]
) -> None:
    key, value, headers = record
    origin = ConsumerRecord("in.v1", 3, 7, key, value, headers, 0)
    letter = dead_letter(origin, "dlq", Refusal("missing_header", "why"), "counter", NOW)
    assert (letter.key, letter.value, letter.headers[: len(kept[2])]) == kept
    added = dict(letter.headers[len(kept[2]) :])
    assert (added["dlq_topic"], added["dlq_partition"], added["dlq_offset"]) == (b"in.v1", b"3", b"7")
    assert added["dlq_value_sha256"] == hashlib.sha256(value).hexdigest().encode()
    assert {name: size for name, size in added.items() if name.endswith("_bytes")} == sizes
    assert not is_complete(letter.headers)


def test_a_record_as_large_as_a_broker_takes_by_default_is_kept_whole() -> None:
    record = ConsumerRecord("in.v1", 3, 7, b"k" * 36, b"x" * 1_048_000, [("ce_id", b"1")], 0)
    letter = dead_letter(record, "dlq", Refusal("schema", "why"), "counter", NOW)
    assert letter.value == record.value
    assert is_complete(letter.headers)


def test_a_dead_letter_that_failed_again_tells_both_stories_in_order() -> None:
    first = dead_letter(ConsumerRecord("in.v1", 0, 7, b"k", b"v", [], 0), "dlq", Refusal("a", ""), "counter", NOW)
    again = ConsumerRecord("in.v1", 0, 9, first.key, first.value, first.headers, 0)
    second = dead_letter(again, "dlq", Refusal("b", ""), "counter", NOW)
    assert [value for name, value in second.headers if name == "dlq_reason"] == [b"a", b"b"]
    assert dict(second.headers)["dlq_offset"] == b"9"


# ---- the meter -------------------------------------------------------------------------------------------------------


def expected_stop(outcomes: list[bool], max_share: float, window: int) -> int | None:
    """Naively: index of the first bad record with too many bad ones among the last ``window``, at least 100 seen."""
    for index, bad in enumerate(outcomes):
        last = outcomes[max(0, index + 1 - window) : index + 1]
        if bad and len(last) >= 100 and sum(last) > max_share * len(last):
            return index
    return None


def actual_stop(outcomes: list[bool], max_share: float, window: int) -> int | None:
    meter = DeadLetterMeter(max_share, window)
    for index, bad in enumerate(outcomes):
        try:
            meter.record(bad=bad)
        except DeadLetterLimit:
            return index
    return None


@st.composite
def streams(draw: st.DrawFn) -> list[bool]:
    """Runs of good and bad records, long enough for windows to fill and slide."""
    runs = draw(st.lists(st.tuples(st.booleans(), st.integers(1, 120)), min_size=1, max_size=12))
    return [bad for bad, length in runs for _ in range(length)]


@given(outcomes=streams(), max_share=st.sampled_from([0.01, 0.2, 0.5, 0.99, 1.0]), window=st.integers(100, 300))
def test_the_meter_stops_where_counting_anew_each_time_would(
    outcomes: list[bool], max_share: float, window: int
) -> None:
    assert actual_stop(outcomes, max_share, window) == expected_stop(outcomes, max_share, window)


def test_a_few_bad_records_at_the_start_stop_nothing() -> None:
    assert actual_stop([True] * 99, 0.2, 1000) is None
    assert actual_stop([True] * 100, 0.2, 1000) == 99


def test_old_trouble_is_forgotten() -> None:
    assert actual_stop(([True] * 150 + [False] * 1000) * 5, 0.2, 1000) == 99
    assert actual_stop([False] * 1000 + ([True] * 150 + [False] * 1000) * 5, 0.2, 1000) is None


def test_the_message_says_how_many_of_how_many_and_what_to_think_of() -> None:
    meter = DeadLetterMeter(0.2)
    for _ in range(99):
        meter.record(bad=True)
    with pytest.raises(DeadLetterLimit, match=r"100 of the last 100 records .* \(limit 20%\); is the code older"):
        meter.record(bad=True)

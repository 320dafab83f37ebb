"""The envelope: what is written can be read, whatever else is written is refused in one way only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import InvalidEvent
from shared.events.envelope import Envelope, Headers, format_instant, new_traceparent

TEXTS = st.text(max_size=30)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(timezones=OFFSETS).filter(lambda instant: 1 < instant.year < 9999)
ENVELOPES = st.builds(
    Envelope, id=TEXTS, type=TEXTS, source=TEXTS, subject=TEXTS, time=INSTANTS, traceparent=st.none() | TEXTS
)
NAMES = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type", "traceparent")


def to_the_millisecond(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)


# ---- round trip ------------------------------------------------------------------------------------------------------


@given(ENVELOPES)
def test_what_is_written_is_read_again_to_the_millisecond(envelope: Envelope) -> None:
    read = Envelope.from_headers(envelope.to_headers())
    assert read.time == to_the_millisecond(envelope.time)
    assert read.time.tzinfo is UTC
    assert (read.id, read.type, read.source, read.subject, read.traceparent) == (
        envelope.id,
        envelope.type,
        envelope.source,
        envelope.subject,
        envelope.traceparent,
    )


@given(envelope=ENVELOPES, extra=st.lists(st.tuples(TEXTS.map(lambda name: f"x{name}"), st.binary())))
def test_headers_of_others_do_not_disturb(envelope: Envelope, extra: Headers) -> None:
    headers = envelope.to_headers()
    assert Envelope.from_headers([*extra, *headers, *extra]) == Envelope.from_headers(headers)


# ---- anything else is InvalidEvent -----------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(),  # Kafka allows a header without a value
    st.binary(max_size=30),
    TEXTS.map(str.encode),
    INSTANTS.map(lambda instant: instant.isoformat().encode()),
    st.sampled_from([b"2026-03-02", b"2026-03-02T09:00:00", b"0001-01-01T00:00:00+14:00", b"24:00", b"\xff", b""]),
)


def read_or_reason(headers: Headers) -> Envelope | str:
    """The envelope, or why it is none; any other error fails the test."""
    try:
        return Envelope.from_headers(headers)
    except InvalidEvent as refused:
        return refused.reason


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12))
@example([(name, b"2026-03-02T09:00:00Z" if name == "ce_time" else None) for name in NAMES])
def test_any_headers_are_an_envelope_or_an_invalid_event(headers: Headers) -> None:
    read = read_or_reason(headers)
    if isinstance(read, Envelope):
        assert read.time.tzinfo is UTC
        assert isinstance(read_or_reason(read.to_headers()), Envelope)
    else:
        assert read in ("missing_header", "bad_header")


@given(envelope=ENVELOPES, name=st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"]))
def test_a_missing_attribute_is_named(envelope: Envelope, name: str) -> None:
    headers = [(key, value) for key, value in envelope.to_headers() if key != name]
    with pytest.raises(InvalidEvent, match=f"missing_header: header {name} is absent"):
        Envelope.from_headers(headers)


@pytest.mark.parametrize(
    "time", [b"2026-03-02", b"2026-03-02T09:00:00", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"now"]
)
def test_a_time_that_is_no_instant_is_refused(time: bytes) -> None:
    """Without an offset it could be any of 26 hours; beyond year 9999 it cannot be compared with anything."""
    headers = [("ce_time", time) if name == "ce_time" else (name, b"x") for name in NAMES]
    with pytest.raises(InvalidEvent, match="bad_header"):
        Envelope.from_headers(headers)


# ---- instants --------------------------------------------------------------------------------------------------------


@given(INSTANTS)
def test_an_instant_is_written_in_utc_with_milliseconds_cut_off_and_z(instant: datetime) -> None:
    text = format_instant(instant).decode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert datetime.fromisoformat(text) == to_the_millisecond(instant)
    assert timedelta(0) <= instant - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_the_last_microsecond_of_a_second_is_not_rounded_into_the_next() -> None:
    assert format_instant(datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC)) == b"2026-12-31T23:59:59.999Z"


# ---- CloudEvents 1.0.2 ----------------------------------------------------------------------------------------------


def test_a_record_of_the_bus_keeps_the_rules_of_cloudevents() -> None:
    """Spec §"Context Attributes" and Kafka binding §3.2, rule by rule."""
    time = datetime(2026, 3, 2, 9, 30, 15, 123_456, UTC)
    envelope = Envelope("id-1", "complaint.urged.v1", "/complaint-bus/intake", "case-1", time, new_traceparent())
    headers = dict(envelope.to_headers())
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in headers.items() if name[:3] == "ce_"}
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in attributes), "lower case, at most 20 characters"
    assert {"id", "source", "specversion", "type"} <= attributes.keys(), "required attributes"
    assert all(attributes.values()), "present means not empty"
    assert attributes["specversion"] == "1.0"
    assert urlsplit(attributes["source"]).path, "source is a URI reference"
    assert urlsplit(attributes["dataschema"]).scheme == "urn", "dataschema is an absolute URI"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", attributes["time"]), "RFC 3339"
    assert "datacontenttype" not in attributes, "the Kafka binding maps it to content-type"
    assert headers["content-type"].startswith(b"application/json")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", headers["traceparent"].decode()), "W3C trace context"

"""The same submission is the same complaint: ids come from what the sender gave, never from the moment or the try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.acceptance import accept, is_idempotency_key
from services.intake.domain.consumer_message import MESSAGE_KINDS, Supplement, SurveyAnswer, to_event
from services.intake.domain.field_problems import read_fields
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.domain.submission import Submission
from services.intake.domain.trace_context import is_traceparent
from shared.events import ids
from shared.events.complaint import Channel, Complaint
from shared.events.envelope import new_traceparent

NOW = datetime(2024, 5, 1, 9, 30, tzinfo=UTC)


def submission(**fields: Any) -> Submission:
    read = read_fields(Submission, {"narrative": "The fridge is broken."} | fields)
    assert isinstance(read, Submission), read
    return read


def accepted(
    given_fields: Submission, key: str | None = "key-1", now: datetime = NOW, new_id: str = "new"
) -> Complaint:
    outcome = accept(given_fields, idempotency_key=key, body_digest="d" * 64, now=now, new_id=lambda: new_id)
    assert isinstance(outcome, Complaint), outcome
    return outcome


@given(st.sampled_from(Channel), st.from_regex(r"[!-~]{1,255}", fullmatch=True), st.integers(0, 400), st.text())
def test_channel_and_key_alone_decide_the_complaint_id(channel: Channel, key: str, days: int, place: str) -> None:
    first = accepted(submission(channel=channel), key)
    again = accepted(submission(channel=channel, desired_remedy="refund"), key, NOW + timedelta(days=days), place)
    assert first.complaint_id == again.complaint_id == ids.complaint_id(channel.value, key)


@given(st.sampled_from(Channel), st.sampled_from(Channel))
def test_a_key_means_something_on_its_own_channel_only(one: Channel, other: Channel) -> None:
    same = accepted(submission(channel=one)).complaint_id == accepted(submission(channel=other)).complaint_id
    assert same == (one is other)


def test_the_header_wins_over_the_senders_own_id() -> None:
    both = accepted(submission(channel="shop", channel_message_id="order-7"), "key-1")
    own = accepted(submission(channel="shop", channel_message_id="order-7"), None)
    assert (both.channel_message_id, own.channel_message_id) == ("key-1", "order-7")


def test_on_the_web_two_submissions_without_a_key_are_two_complaints() -> None:
    made = count()
    one, other = (
        accept(submission(), idempotency_key=None, body_digest="d", now=NOW, new_id=lambda: f"made-{next(made)}")
        for _ in range(2)
    )
    assert isinstance(one, Complaint)
    assert isinstance(other, Complaint)
    assert one.complaint_id != other.complaint_id


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.WEB])
def test_every_other_channel_must_bring_an_id(channel: Channel) -> None:
    outcome = accept(submission(channel=channel), idempotency_key=None, body_digest="d", now=NOW, new_id=lambda: "n")
    assert isinstance(outcome, DoorRefusal)
    assert [(found.field, found.code) for found in outcome.fields] == [("channel_message_id", "id_required")]


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\nb", "a\x7fb", "键"])
def test_a_malformed_key_is_refused_as_such(key: str) -> None:
    outcome = accept(submission(), idempotency_key=key, body_digest="d", now=NOW, new_id=lambda: "n")
    assert outcome == DoorRefusal(RefusalReason.INVALID_IDEMPOTENCY_KEY)


@pytest.mark.parametrize("key", ["x", "x" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", "a b", '"quoted"'])
def test_a_printable_key_is_taken_as_it_is(key: str) -> None:
    assert is_idempotency_key(key)
    assert accepted(submission(), key).channel_message_id == key


@given(st.integers(-3_000_000, 3_000_000))
def test_receipt_may_be_in_the_past_but_not_in_the_future(seconds: int) -> None:
    received_at = NOW + timedelta(seconds=seconds)
    given_fields = submission(received_at=received_at.isoformat())
    outcome = accept(given_fields, idempotency_key="k", body_digest="d", now=NOW, new_id=lambda: "n")
    if seconds > 300:
        assert isinstance(outcome, DoorRefusal)
        assert [(found.field, found.code) for found in outcome.fields] == [("received_at", "in_the_future")]
    else:
        assert isinstance(outcome, Complaint)
        assert outcome.received_at == received_at
        assert outcome.ingested_at == NOW


def test_the_ticket_carries_the_day_of_receipt_in_china() -> None:
    late = accepted(submission(received_at="2024-04-30T23:30:00+08:00"), now=NOW)
    assert late.ticket_number.startswith("20240430-")
    assert ids.is_ticket_number(late.ticket_number)


def test_everything_that_was_said_is_in_the_complaint() -> None:
    said = {
        "channel": "shop",
        "occurred_at": "2024-04-29T10:00:00+08:00",
        "complainant": {"name": "Li Hua", "email": "li@example.cn", "handles": {"wechat": "o1"}, "minor": True},
        "narrative": {"text": "Broken.", "subject": "Fridge", "persons_involved": ["Clerk A"]},
        "product": {"name": "Fridge", "model": "F1", "batch": "B7"},
        "order_reference": "A-1",
        "amount": {"value": "1999.50", "currency": "CNY"},
        "attachments": [{"attachment_id": "x", "media_type": "image/png", "size_bytes": 3, "sha256": "0" * 64}],
        "consent": {"contact": False},
        "language": "en",
    }
    complaint = accepted(submission(**said)).model_dump(mode="json", exclude_unset=True)
    assert complaint["occurred_at"] == "2024-04-29T02:00:00Z"
    for name in said.keys() - {"occurred_at"}:
        assert complaint[name] == said[name], name


def test_later_messages_become_the_facts_they_are() -> None:
    supplement = Supplement.model_validate({"narrative": "One more thing."})
    fact = to_event(MESSAGE_KINDS["supplements"], supplement, "c-1", NOW)
    assert (fact.event_type, fact.complaint_id, fact.received_at) == ("complaint.supplemented.v1", "c-1", NOW)
    answer = to_event(MESSAGE_KINDS["survey-answers"], SurveyAnswer(cycle=2, solved=False, score=None), "c-1", NOW)
    assert answer.model_dump(include={"cycle", "solved", "score"}) == {"cycle": 2, "solved": False, "score": None}


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", False),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n", False),
        ("", False),
    ],
)
def test_only_a_well_formed_trace_is_continued(header: str, good: bool) -> None:
    assert is_traceparent(header) == good


def test_our_own_traces_are_well_formed() -> None:
    assert is_traceparent(new_traceparent())

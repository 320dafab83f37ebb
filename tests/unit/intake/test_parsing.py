"""What JSON says is read alike however it is written, and never told in the words of whoever sent it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.http.parsing import parse_complaint, parse_message
from services.intake.domain.consumer_message import MESSAGE_KINDS
from services.intake.domain.parsed import Reply, Submitted, Unreadable
from services.intake.domain.refusal import RefusalReason

TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=40)
FIELDS = st.fixed_dictionaries(
    {"narrative": TEXT},
    optional={
        "channel_message_id": TEXT,
        "order_reference": TEXT,
        "complainant": st.fixed_dictionaries({"name": TEXT}),
    },
)
MESSAGES: dict[str, dict[str, Any]] = {
    "supplements": {"narrative": "more"},
    "withdrawals": {"reason": "solved_otherwise"},
    "urges": {},
    "survey-answers": {"cycle": 1, "solved": False},
}


@given(fields=FIELDS, key=st.none() | TEXT, indent=st.none() | st.integers(0, 4), escape=st.booleans())
def test_a_submission_has_one_digest_however_it_is_written(
    fields: dict[str, Any], key: str | None, indent: int | None, escape: bool
) -> None:
    plain = parse_complaint(json.dumps(fields).encode(), key)
    turned = dict(reversed(fields.items()))
    other = parse_complaint(json.dumps(turned, indent=indent, ensure_ascii=escape).encode(), key)
    assert isinstance(plain, Submitted)
    assert plain == other
    assert plain.own_id == key
    assert plain.submission.narrative.text == fields["narrative"]


@given(fields=FIELDS, said=TEXT)
def test_another_content_has_another_digest(fields: dict[str, Any], said: str) -> None:
    one = parse_complaint(json.dumps(fields).encode(), None)
    two = parse_complaint(json.dumps(fields | {"narrative": said}).encode(), None)
    assert isinstance(one, Submitted)
    assert isinstance(two, Submitted)
    assert (one.digest == two.digest) == (fields["narrative"] == said)


@given(body=st.binary(max_size=200), key=st.none() | st.text(max_size=5))
def test_any_bytes_are_read_or_refused(body: bytes, key: str | None) -> None:
    assert isinstance(parse_complaint(body, key), Submitted | Unreadable)
    for kind in MESSAGE_KINDS:
        assert isinstance(parse_message(kind, body, key), Reply | Unreadable)


@given(fields=FIELDS)
def test_a_line_of_a_batch_carries_its_own_id(fields: dict[str, Any]) -> None:
    parsed = parse_complaint(json.dumps(fields).encode(), None, own_id_required=True)
    assert isinstance(parsed, Submitted) == ("channel_message_id" in fields)
    if isinstance(parsed, Unreadable):
        assert [(each.field, each.code) for each in parsed.refusal.fields] == [("channel_message_id", "id_required")]


@pytest.mark.parametrize("kind", MESSAGE_KINDS)
def test_a_message_is_read_as_its_kind_has_it(kind: str) -> None:
    parsed = parse_message(kind, json.dumps(MESSAGES[kind]).encode(), "key")
    assert isinstance(parsed, Reply)
    assert (parsed.kind, type(parsed.body), parsed.own_id) == (kind, MESSAGE_KINDS[kind].body, "key")


def test_no_body_is_an_empty_object() -> None:
    assert parse_message("urges", b"", None) == parse_message("urges", b" { } ", None)
    assert isinstance(parse_message("supplements", b"", None), Unreadable)


@pytest.mark.parametrize(
    ("body", "key", "reason"),
    [
        (b"{}", "", RefusalReason.INVALID_IDEMPOTENCY_KEY),
        (b"not JSON", "two\nkeys", RefusalReason.INVALID_IDEMPOTENCY_KEY),
        (b"not JSON", None, RefusalReason.NOT_JSON),
        (b'{"cycle": 1, "cycle": 2, "solved": true}', "key", RefusalReason.NOT_JSON),
        (b'{"cycle": 0, "solved": true}', "key", RefusalReason.INVALID_FIELDS),
    ],
)
def test_a_message_is_refused_for_the_first_thing_that_is_wrong(
    body: bytes, key: str | None, reason: RefusalReason
) -> None:
    parsed = parse_message("survey-answers", body, key)
    assert isinstance(parsed, Unreadable)
    assert parsed.refusal.reason is reason

"""What a client may say: every bad field is named as it was sent, in words, and never with its content."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from services.intake.domain.consumer_message import MESSAGE_KINDS
from services.intake.domain.field_problems import MOST_PROBLEMS, read_fields
from services.intake.domain.refusal import DoorRefusal, FieldProblem
from services.intake.domain.submission import Submission, SubmittedNarrative
from services.intake.domain.wording import FIELD_WORDINGS, WORDINGS, field_reason
from shared.events.complaint import Complaint, Narrative

_MADE_AT_THE_DOOR = {"complaint_id", "ticket_number", "content_digest", "ingested_at"}
_OTHERWISE_IN_SUBMISSIONS = {"channel", "channel_message_id", "received_at", "complainant"}


def problems_of(document: dict[str, Any]) -> dict[str, str]:
    """Bad fields of ``document`` and their codes."""
    read = read_fields(Submission, document)
    return {found.field: found.code for found in read.fields} if isinstance(read, DoorRefusal) else {}


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        ({"narrative": None}, {"narrative": "model_type"}),
        ({"narrative": ""}, {"narrative": "string_too_short"}),
        ({"narrative": " \t\n\u3000\u200b"}, {"narrative": "blank"}),
        ({"narrative": {"text": "  "}}, {"narrative.text": "blank"}),
        ({"narrative": "x" * 20_001}, {"narrative": "string_too_long"}),
        ({"narrative": {"text": "x", "mood": "bad"}}, {"narrative.mood": "extra_forbidden"}),
        ({"narrative": {"text": "x", "persons_involved": ["李四", "x" * 201]}},
         {"narrative.persons_involved.1": "string_too_long"}),
        ({"narrative": "a\0b"}, {"narrative": "nul_character"}),
        ({"narrative": "a\ud800b"}, {"narrative": "lone_surrogate"}),
        ({"complainant": {"handles": {"wechat": "\udfff"}}}, {"complainant.handles.wechat": "lone_surrogate"}),
        ({"complainant": {"handles": {"we\0chat": "x"}}}, {"complainant.handles.we\0chat": "nul_character"}),
        ({"complainant": {"phone": "1" * 41}}, {"complainant.phone": "string_too_long"}),
        ({"complainant": {"phone": 13800000000}}, {"complainant.phone": "string_type"}),
        ({"channel": "pigeon"}, {"channel": "enum"}),
        ({"received_at": "20240101"}, {"received_at": "instant"}),
        ({"received_at": 1_700_000_000}, {"received_at": "instant"}),
        ({"received_at": "2024-01-01T10:00:00"}, {"received_at": "instant"}),
        ({"received_at": "0001-01-01T00:00:00+08:00"}, {"received_at": "instant"}),
        ({"received_at": "9999-12-31T23:59:59-08:00"}, {"received_at": "instant"}),
        ({"received_at": "2024-02-30T10:00:00Z"}, {"received_at": "datetime_from_date_parsing"}),
        ({"amount": {"value": "a lot"}}, {"amount.value": "decimal_parsing"}),
        ({"amount": {"value": "-1"}}, {"amount.value": "greater_than_equal"}),
        ({"amount": {"value": "1.00001"}}, {"amount.value": "decimal_max_places"}),
        ({"amount": {"value": "1", "currency": "XYZ"}}, {"amount.currency": "currency"}),
        ({"amount": {"value": "1", "currency": "dollars"}}, {"amount.currency": "currency"}),
        ({"amount": {"value": "1", "currency": 1}}, {"amount.currency": "string_type"}),
        ({"language": "English"}, {"language": "language_tag"}),
        ({"language": "中文"}, {"language": "language_tag"}),
        ({"channel": " "}, {"channel": "enum"}),
        ({"channel_message_id": "\u200b"}, {"channel_message_id": "blank"}),
        ({"attachments": [{"attachment_id": "a", "media_type": "b", "size_bytes": -1, "sha256": "c"}]},
         {"attachments.0.size_bytes": "greater_than_equal", "attachments.0.sha256": "string_pattern_mismatch"}),
        ({"attachments": "none"}, {"attachments": "tuple_type"}),
        ({"channel_message_id": ""}, {"channel_message_id": "string_too_short"}),
        ({"priority": 0, "department": "legal"}, {"priority": "extra_forbidden", "department": "extra_forbidden"}),
    ],
)  # fmt: skip
def test_each_bad_field_is_named(change: dict[str, Any], bad: dict[str, str]) -> None:
    assert problems_of({"narrative": "坏了"} | change) == bad


def test_all_bad_fields_are_named_at_once() -> None:
    document = {"place": "x" * 201, "language": 3, "order_reference": "a\0", "extra": 1}
    assert set(problems_of(document)) == {"narrative", "place", "language", "order_reference", "extra"}


@pytest.mark.parametrize("name", sorted(_MADE_AT_THE_DOOR))
def test_what_the_door_makes_cannot_be_sent(name: str) -> None:
    assert problems_of({"narrative": "坏了", name: "x"}) == {name: "extra_forbidden"}


def test_a_flood_of_bad_fields_is_cut_short() -> None:
    assert len(problems_of({f"field{number}": 1 for number in range(1000)})) == MOST_PROBLEMS


@pytest.mark.parametrize("text", ["坏了", "😡", " x ", "a\u200bb", "\u202eabc"])
def test_anything_visible_is_a_complaint(text: str) -> None:
    assert problems_of({"narrative": text}) == {}


def test_submission_and_complaint_say_the_same_about_every_field() -> None:
    """Whoever changes the contract must open the door for it, and the other way round."""
    complaint = Complaint.model_fields
    assert set(Submission.model_fields) == set(complaint) - _MADE_AT_THE_DOOR
    for name in set(Submission.model_fields) - _OTHERWISE_IN_SUBMISSIONS:
        assert _lengths(Submission.model_fields[name]) == _lengths(complaint[name]), name


def test_what_the_door_refuses_today_is_still_read_from_the_log() -> None:
    """A narrower door must not make records of yesterday unreadable."""
    assert Narrative.model_validate({"text": "x", "persons_involved": ["x" * 201]}).persons_involved == ("x" * 201,)
    assert SubmittedNarrative.model_fields.keys() == Narrative.model_fields.keys()


@given(st.sampled_from(sorted(Submission.model_fields)), st.text(max_size=30) | st.integers() | st.lists(st.text()))
def test_no_refusal_repeats_what_was_sent(name: str, value: object) -> None:
    canary = "王小二-13800000000"
    read = read_fields(Submission, {"narrative": {"text": canary, "nonsense": canary}, name: value, "place": [canary]})
    assert isinstance(read, DoorRefusal)
    assert canary not in repr(read)
    assert canary not in " ".join(field_reason(found, language) for found in read.fields for language in ("en", "zh"))


def test_every_kind_of_bad_field_has_its_own_words_in_both_languages() -> None:
    for text in FIELD_WORDINGS.values():
        assert text.en
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
    assert {wording.title.zh for wording in WORDINGS.values()}


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (FieldProblem("place", "string_too_long", (("max_length", "200"),)), "is longer than 200 characters"),
        (FieldProblem("place", "something_new"), "is not acceptable (something_new)"),
        (FieldProblem("amount.value", "decimal_max_digits", (("max_digits", "15"),)), "has more than 15 digits"),
    ],
)
def test_a_reason_says_the_limit(problem: FieldProblem, said: str) -> None:
    assert field_reason(problem, "en") == said


@pytest.mark.parametrize(
    ("kind", "document", "bad"),
    [
        ("supplements", {}, {"narrative"}),
        ("supplements", {"narrative": "more", "solved": True}, {"solved"}),
        (
            "supplements",
            {"narrative": {"text": "more", "persons_involved": ["x" * 250_000]}},
            {"narrative.persons_involved.0"},
        ),
        ("withdrawals", {"reason": "my neighbour Zhang said so"}, {"reason"}),
        ("urges", {"please": True}, {"please"}),
        ("survey-answers", {"cycle": 0, "score": 6}, {"cycle", "solved", "score"}),
    ],
)
def test_later_messages_name_their_bad_fields_too(kind: str, document: dict[str, Any], bad: set[str]) -> None:
    read = read_fields(MESSAGE_KINDS[kind].body, document)
    assert isinstance(read, DoorRefusal)
    assert {found.field for found in read.fields} == bad


def _lengths(field: FieldInfo) -> tuple[list[str], bool, object]:
    default = field.default if isinstance(field.default, str | tuple | None) else "-"
    return [repr(limit) for limit in field.metadata if "Validator" not in repr(limit)], field.is_required(), default

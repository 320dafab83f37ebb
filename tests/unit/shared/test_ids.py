"""Identifiers: made of their cause alone, safe to read aloud, and of no use to somebody who counts."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.events import ids

RECEIVED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = b"a secret of this test alone"
TEXTS = st.text(max_size=40)
COMPLAINTS = st.uuids(version=5).map(str)
WRITABLE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


# ---- ids are UUIDv5, the same for the same cause ---------------------------------------------------------------------


@given(channel=TEXTS, message_id=TEXTS)
def test_a_complaint_id_is_the_uuid5_of_channel_and_message_id(channel: str, message_id: str) -> None:
    expected = uuid.uuid5(ids.COMPLAINT_NAMESPACE, f"{channel}\n{message_id}")
    assert ids.complaint_id(channel, message_id) == str(expected)


@given(cause=TEXTS, event_type=TEXTS, discriminator=TEXTS)
def test_an_event_id_is_the_uuid5_of_cause_type_and_discriminator(
    cause: str, event_type: str, discriminator: str
) -> None:
    expected = uuid.uuid5(ids.EVENT_NAMESPACE, f"{cause}\n{event_type}\n{discriminator}")
    assert ids.event_id(cause, event_type, discriminator) == str(expected)


def test_ids_never_change_between_releases() -> None:
    """Written down once: a change would make every stored id and every repeat a stranger."""
    complaint = ids.complaint_id("web", "form-1")
    assert complaint == "f2dd47d6-29ad-540b-bb1e-556171ff7cea"
    assert ids.event_id(complaint, "complaint.registered.v1") == "4fc6999c-c6aa-56f8-83ce-1ad4cea7f761"
    assert ids.assignment_id(complaint, 1, "quality", 1) == "71430318-3f4f-5aa3-a7cf-8df812d800a0"
    assert ids.ticket_number(complaint, RECEIVED_AT) == "20260302-YBEMFNH9NN-G"
    assert ids.query_code(SECRET, complaint) == "WFN6-ENPD-5P7H-RRXE"


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["quality", "legal"]), st.integers(1, 3)),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_another_cycle_department_or_attempt_is_another_assignment(tasks: list[tuple[int, str, int]]) -> None:
    first, second = (ids.assignment_id("case", *task) for task in tasks)
    assert first != second


# ---- ticket numbers --------------------------------------------------------------------------------------------------


def mistype(number: str, position: int, character: str) -> str:
    """``number`` with another character where a person can mistype one."""
    places = [index for index, each in enumerate(number) if each != "-"]
    place = places[position % len(places)]
    assume(number[place] != character)
    return number[:place] + character + number[place + 1 :]


@given(complaint=COMPLAINTS, position=st.integers(0, 18), character=st.sampled_from(WRITABLE))
def test_any_single_mistyped_character_is_detected(complaint: str, position: int, character: str) -> None:
    number = ids.ticket_number(complaint, RECEIVED_AT)
    assert ids.is_ticket_number(number)
    assert not ids.is_ticket_number(mistype(number, position, character))


def swapped(number: str) -> Iterator[str]:
    """``number`` with two different neighbours swapped, in every place where that can be done."""
    bare = number.replace("-", "")
    for place in range(len(bare) - 1):
        if bare[place] != bare[place + 1]:
            text = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]
            yield f"{text[:8]}-{text[8:18]}-{text[18:]}"


def test_nearly_all_swaps_of_two_neighbours_are_detected() -> None:
    numbers = [ids.ticket_number(ids.complaint_id("web", f"form-{n}"), RECEIVED_AT) for n in range(500)]
    undetected = [ids.is_ticket_number(text) for number in numbers for text in swapped(number)]
    assert sum(undetected) < 0.01 * len(undetected)


@given(complaint=COMPLAINTS)
def test_a_number_typed_in_small_letters_with_blanks_around_it_is_accepted(complaint: str) -> None:
    assert ids.is_ticket_number(f"  {ids.ticket_number(complaint, RECEIVED_AT).lower()}\n")


@given(st.one_of(TEXTS, st.text(alphabet=st.characters(codec=None), max_size=30)))
def test_whatever_is_typed_is_judged_and_never_an_error(text: str) -> None:
    assert ids.is_ticket_number(text) in (True, False)


def test_numbers_of_consecutive_submissions_reveal_no_order_and_no_volume() -> None:
    """A counter would rise from one to the next; of these, every second one falls, as chance has it."""
    numbers = [ids.ticket_number(ids.complaint_id("web", f"form-{n}"), RECEIVED_AT) for n in range(1000)]
    rises = sum(earlier < later for earlier, later in pairwise(numbers))
    assert 430 < rises < 570
    assert len(set(numbers)) == len(numbers)


@given(complaint=COMPLAINTS, minutes=st.integers(-60, 60))
def test_the_day_is_the_day_in_china(complaint: str, minutes: int) -> None:
    midnight_in_china = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    number = ids.ticket_number(complaint, midnight_in_china + timedelta(minutes=minutes))
    assert number.startswith("20260302-" if minutes >= 0 else "20260301-")


@given(complaint=COMPLAINTS, days=st.integers(0, 3000))
def test_another_day_changes_the_date_but_not_the_part_made_of_the_id(complaint: str, days: int) -> None:
    """docs/decisions/0007: a late repeat may carry another day and still leads to the same case."""
    first = ids.ticket_number(complaint, RECEIVED_AT)
    later = ids.ticket_number(complaint, RECEIVED_AT + timedelta(days=days))
    assert first.split("-")[1] == later.split("-")[1]
    assert ids.is_ticket_number(later)


# ---- query codes -----------------------------------------------------------------------------------------------------


@given(complaint=COMPLAINTS, secrets=st.lists(st.binary(min_size=16, max_size=32), min_size=2, max_size=2, unique=True))
def test_different_secrets_give_different_codes(complaint: str, secrets: list[bytes]) -> None:
    mine, another = secrets
    assume(mine.rstrip(b"\0") != another.rstrip(b"\0"))  # HMAC pads short keys with zeros: those are the same key
    assert ids.query_code(mine, complaint) != ids.query_code(another, complaint)
    assert not ids.is_query_code(another, complaint, ids.query_code(mine, complaint))


@given(st.sets(COMPLAINTS, min_size=2, max_size=5))
def test_the_code_of_one_complaint_never_opens_another(complaints: set[str]) -> None:
    for one, other in combinations(sorted(complaints), 2):
        assert not ids.is_query_code(SECRET, other, ids.query_code(SECRET, one))


@given(complaint=COMPLAINTS)
def test_a_code_is_accepted_as_people_type_it(complaint: str) -> None:
    code = ids.query_code(SECRET, complaint)
    assert ids.is_query_code(SECRET, complaint, code)
    assert ids.is_query_code(SECRET, complaint, f" {code.lower().replace('-', '')} ")


@pytest.mark.parametrize("typed", ["", "-", "0" * 16, "０" * 16, "\ud800", "x" * 10_000])
def test_anything_else_is_refused_and_never_an_error(typed: str) -> None:
    assert not ids.is_query_code(SECRET, ids.complaint_id("web", "form-1"), typed)


def test_codes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing cannot be asserted reliably; that the comparison made for it has the only say can."""
    complaint, compared = ids.complaint_id("web", "form-1"), []

    def compare(expected: bytes, given: bytes) -> bool:
        compared.append((expected, given))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    code = ids.query_code(SECRET, complaint)
    assert not ids.is_query_code(SECRET, complaint, code)
    bare = code.replace("-", "").encode()
    assert compared == [(bare, bare)]


def test_a_code_has_eighty_bits_and_shows_nothing_of_id_or_ticket() -> None:
    complaint = ids.complaint_id("web", "form-1")
    bare = ids.query_code(SECRET, complaint).replace("-", "")
    assert len(bare) * 5 >= 80
    assert ids.ticket_number(complaint, RECEIVED_AT).split("-")[1] not in bare

"""What no channel can read is kept whole for operators, who can list it; nothing of what was said is in its headers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.dead_letters import unreadable_letter
from services.intake.domain.parsed import Unreadable
from services.intake.domain.refusal import DoorRefusal, FieldProblem, RefusalReason
from shared.events.complaint import Channel
from shared.events.topics import LARGEST_DEAD_LETTER_BYTES, bus_topics
from shared.streaming.dead_letters import is_complete
from shared.streaming.records import ProducerRecord

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def headers_of(letter: ProducerRecord) -> dict[str, str]:
    return {name: (value or b"").decode() for name, value in letter.headers}


@given(
    raw=st.binary(max_size=300),
    reason=st.sampled_from(RefusalReason),
    channel=st.sampled_from(Channel),
    number=st.integers(0, 2**62),
)
def test_a_letter_holds_every_byte_and_tells_why_and_where_from(
    raw: bytes, reason: RefusalReason, channel: Channel, number: int
) -> None:
    letter = unreadable_letter(raw, Unreadable(DoorRefusal(reason)), channel, number, NOW)
    assert (letter.topic, letter.key, letter.value) == ("intake.dead-letters.v1", None, raw)
    headers = headers_of(letter)
    assert headers.pop("dlq_detail")
    assert headers == {
        "dlq_reason": reason.value,
        "dlq_topic": channel.value,
        "dlq_partition": "0",
        "dlq_offset": str(number),
        "dlq_service": "intake",
        "dlq_at": "2026-03-02T09:00:00.000Z",
    }


def test_it_lies_on_a_topic_of_the_bus() -> None:
    letter = unreadable_letter(b"?", Unreadable(DoorRefusal(RefusalReason.NOT_JSON)), Channel.MAIL, 7, NOW)
    (topic,) = (each for each in bus_topics([]) if each.name == letter.topic)
    assert (topic.writer, topic.readers) == ("intake", ("operators",))


@pytest.mark.parametrize("name", ["Zhang Wei", "13800000000"])
def test_a_name_of_a_field_is_what_somebody_wrote(name: str) -> None:
    unreadable = Unreadable(DoorRefusal(RefusalReason.INVALID_FIELDS, (FieldProblem(name, "extra_forbidden"),)))
    letter = unreadable_letter(b"{}", unreadable, Channel.FILE, 0, NOW)
    assert name not in str(letter.headers)


def test_one_that_is_too_large_says_what_it_lost() -> None:
    raw = b"v" * (LARGEST_DEAD_LETTER_BYTES + 1)
    letter = unreadable_letter(raw, Unreadable(DoorRefusal(RefusalReason.TOO_LARGE)), Channel.MAIL, 7, NOW)
    assert letter.value is None
    assert not is_complete(letter.headers)
    assert headers_of(letter)["dlq_value_bytes"] == str(len(raw))

"""``cbus dlq`` goes on past what it cannot read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cli.dlq import readable
from shared.streaming.dead_letters import dead_letter
from shared.streaming.processor import Refusal
from shared.streaming.records import ConsumerRecord

TOPIC = "router.dead-letters.v1"


def letter(offset: int) -> ConsumerRecord:
    original = ConsumerRecord("complaints.received.v1", 7, offset, b"k", b"v", [("ce_id", b"e")], 0)
    put_aside = dead_letter(original, TOPIC, Refusal("schema", "x"), "router", datetime(2026, 3, 2, tzinfo=UTC))
    return ConsumerRecord(TOPIC, 0, offset, put_aside.key, put_aside.value, list(put_aside.headers), 0)


def test_a_record_that_is_no_dead_letter_is_told_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    foreign = ConsumerRecord(TOPIC, 0, 2, b"k", b"13800000000", [("ce_id", b"e")], 0)
    assert [found.record.offset for found in readable([letter(1), foreign, letter(3)])] == [1, 3]
    told = capsys.readouterr().err
    assert f"{TOPIC}[0]@2" in told
    assert "13800000000" not in told

"""``cbus dlq`` goes on past what it cannot read."""

from __future__ import annotations

import pytest

from services.cli.bus.dead_letters import readable
from shared.streaming.records import ConsumerRecord
from tests.unit.cli.letters import letter_record


def test_a_record_that_is_no_dead_letter_is_told_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    foreign = ConsumerRecord("router.dead-letters.v1", 0, 2, b"k", b"13800000000", [("ce_id", b"e")], 0)
    first, second = letter_record(), letter_record()
    assert [found.record for found in readable([first, foreign, second])] == [first, second]
    told = capsys.readouterr().err
    assert "router.dead-letters.v1[0]@2" in told
    assert "13800000000" not in told

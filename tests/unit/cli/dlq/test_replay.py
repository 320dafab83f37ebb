"""What is sent back is told letter by letter: durable, not certain, not possible, not tried."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, NotEnoughReplicasError

from services.cli.bus.dead_letter_record import DeadLetter
from services.cli.dlq import replay as dlq_replay
from services.cli.dlq.replay import NOT_TRIED, send_back
from shared.settings import KafkaSettings
from tests.unit.cli.letters import letter

UPDATES = "departments.quality.updates.v1"


class Writer:
    """A KafkaProducer that does with each record, in order, what it was told to."""

    def __init__(self, *outcomes: Exception | None, silent: bool = False) -> None:
        self.sent: list[tuple[str, int | None]] = []
        self.patience: list[float] = []
        self.is_closed = False
        self._outcomes = list(outcomes)
        self._silent = silent

    def send(self, topic: str, *, key: bytes, value: bytes, headers: list[Any], partition: int | None) -> Any:
        outcome = self._outcomes.pop(0)
        if self._silent or isinstance(outcome, TypeError | MessageSizeTooLargeError):
            raise outcome or KafkaTimeoutError("no metadata")
        self.sent.append((topic, partition))
        return _Future(outcome, self.patience)

    def close(self, timeout: float) -> None:
        self.is_closed = True


class _Future:
    def __init__(self, outcome: Exception | None, patience: list[float]) -> None:
        self._outcome = outcome
        self._patience = patience

    def get(self, timeout: float) -> None:
        self._patience.append(timeout)
        if self._outcome is not None:
            raise self._outcome


def told(monkeypatch: pytest.MonkeyPatch, writer: Writer, *letters: DeadLetter) -> list[str | None]:
    monkeypatch.setattr(dlq_replay, "open_writer", lambda settings: writer)
    verdicts = send_back(KafkaSettings(), letters)
    assert [verdict.letter for verdict in verdicts] == list(letters)
    assert writer.is_closed
    return [verdict.why_not for verdict in verdicts]


def test_a_record_that_cannot_be_written_keeps_none_of_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(None, TypeError("headers"), MessageSizeTooLargeError(), None)
    first, no_client, too_large, last = told(monkeypatch, writer, *(letter() for _ in range(4)))
    assert (first, last) == (None, None)
    assert no_client is not None
    assert "cannot write it (TypeError)" in no_client
    assert too_large is not None
    assert "nothing was written" in too_large


def test_what_is_not_confirmed_is_not_certain_and_what_follows_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, doubtful, last = told(
        monkeypatch, Writer(None, NotEnoughReplicasError(), None), *(letter() for _ in range(3))
    )
    assert (first, last) == (None, None)
    assert doubtful is not None
    assert "may be there or not" in doubtful


def test_a_silent_broker_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(None, KafkaTimeoutError(), KafkaTimeoutError())
    told(monkeypatch, writer, *(letter() for _ in range(3)))
    assert writer.patience == [15.0, 15.0, 0.0]


def test_without_a_broker_nothing_more_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, Writer(None, silent=True), letter(), letter()) == [NOT_TRIED, NOT_TRIED]


def test_a_departments_report_goes_where_its_key_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lay in a wrong partition would be refused there for ever."""
    writer = Writer(None, None, None)
    told(monkeypatch, writer, letter(UPDATES), letter(UPDATES, key=None), letter())
    assert writer.sent == [(UPDATES, None), (UPDATES, 7), ("complaints.received.v1", 7)]

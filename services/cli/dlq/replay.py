"""Writing dead letters back to the topics they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kafka.errors import KafkaError, KafkaTimeoutError

from services.cli.bus.dead_letter_record import DeadLetter
from services.cli.bus.kafka_access import open_writer
from services.cli.dlq.verdict import Verdict
from shared.settings import KafkaSettings

ACKNOWLEDGED_WITHIN_SECONDS = 15.0
CLOSED_WITHIN_SECONDS = 5.0
NOT_TRIED = "not tried: the broker did not answer for those before it; run the same command again when it does"


def send_back(settings: KafkaSettings, letters: Sequence[DeadLetter]) -> list[Verdict]:
    """Write each letter's original record to its origin, in order, and wait until it is known what became of each.

    A record the topic cannot take keeps none of the others back; when the broker is away, nothing more is tried.
    """
    writer = open_writer(settings)
    try:
        handed_over = _hand_over(writer, letters)
        confirmed = _confirmations(handed_over)
    finally:
        writer.close(timeout=CLOSED_WITHIN_SECONDS)
    return confirmed + [Verdict(letter, NOT_TRIED) for letter in letters[len(confirmed) :]]


def _hand_over(writer: Any, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Any]]:
    """Each letter with kafka-python's future, or with why this very record cannot be written; up to a silence."""
    handed_over: list[tuple[DeadLetter, Any]] = []
    for letter in letters:
        record = letter.replay()
        try:
            handed: Any = writer.send(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=record.partition,
            )
        except KafkaTimeoutError:  # the others would each wait as long
            return handed_over
        except (KafkaError, TypeError, ValueError, AssertionError) as refusal:
            handed = f"this client cannot write it ({type(refusal).__name__}); nothing was written"
        handed_over.append((letter, handed))
    return handed_over


def _confirmations(handed_over: Sequence[tuple[DeadLetter, Any]]) -> list[Verdict]:
    """What is known of each once there was time enough to confirm it; after one that was not, the rest had it too."""
    verdicts, patience = [], ACKNOWLEDGED_WITHIN_SECONDS
    for letter, handed in handed_over:
        why_not = handed if isinstance(handed, str) else None
        try:
            if why_not is None:
                handed.get(timeout=patience)
        except KafkaError as failure:
            patience = 0.0 if isinstance(failure, KafkaTimeoutError) else patience
            why_not = _not_certain(letter, failure)
        verdicts.append(Verdict(letter, why_not))
    return verdicts


def _not_certain(letter: DeadLetter, failure: KafkaError) -> str:
    return (
        f"{letter.origin_topic} did not confirm it ({type(failure).__name__}), so it may be there or not; once the "
        "broker answers, run the same command again: what stands on its topic by then is left out"
    )

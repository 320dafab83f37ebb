"""What a delivery report means: only a broker's own word that a record is on the log counts."""

from __future__ import annotations

from dataclasses import dataclass

from confluent_kafka import KafkaError

from shared.streaming.kafka.producer import undelivered


@dataclass
class Message:
    """As much of librdkafka's message as is asked."""

    place: int | None

    def offset(self) -> int | None:
        return self.place


def test_an_offset_is_the_proof() -> None:
    assert undelivered(None, Message(0)) is None


def test_success_without_an_offset_is_an_inference() -> None:
    assert "infers" in str(undelivered(None, Message(None)))


def test_an_error_is_named() -> None:
    assert "_MSG_TIMED_OUT" in str(undelivered(KafkaError(KafkaError._MSG_TIMED_OUT), Message(None)))

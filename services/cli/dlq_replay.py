"""Writing dead letters back to the topics they came from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from kafka.errors import KafkaError

from services.cli.dead_letter_record import DeadLetter
from services.cli.kafka_access import open_writer
from shared.errors import BrokerUnavailable
from shared.settings import KafkaSettings

ACKNOWLEDGED_WITHIN_SECONDS = 15.0


def send_back(settings: KafkaSettings, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Write each letter's original record to its origin, in order, and wait until every one is durable.

    Raises BrokerUnavailable naming the first that is not certain; those before it are durable.
    """
    done: list[DeadLetter] = []
    with closing(open_writer(settings)) as writer:
        waiting = []
        for letter in letters:
            record = letter.replay()
            future = writer.send(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=record.partition,
            )
            waiting.append((letter, future))
        for letter, future in waiting:
            try:
                future.get(timeout=ACKNOWLEDGED_WITHIN_SECONDS)
            except KafkaError as failure:
                raise BrokerUnavailable(
                    f"{letter.origin_topic} did not confirm {letter.reference} ({type(failure).__name__}); "
                    f"{len(done)} of {len(letters)} are certain. Sending again is safe: the ce_id stays the same"
                ) from None
            done.append(letter)
    return done

"""Records nobody can handle, written onto topics past the door: each must end in a dead letter, with a reason."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from confluent_kafka import KafkaError, Message, Producer

from shared.events.topics import RECEIVED, department_updates_topic
from shared.streaming.kafka.key_partition import partition_of_key
from tests.torture.load.ledger import Kind, Ledger, Outcome, sha256

TIMEOUT_MS = 20_000
UPDATES_SHARE = 0.5

RecordHeaders = list[tuple[str, str | bytes | None]]

_HEADERS: RecordHeaders = [
    ("ce_specversion", b"1.0"),
    ("ce_source", b"/torture"),
    ("ce_time", b"2026-01-01T00:00:00.000Z"),
    ("content-type", b"application/json; charset=utf-8"),
]


class Poisoner:
    """Writes poison and notes it in the ledger."""

    def __init__(self, bootstrap: str, departments: Sequence[str], ledger: Ledger) -> None:
        self._departments = list(departments)
        self._ledger = ledger
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "delivery.timeout.ms": TIMEOUT_MS,
                "log_level": 0,
            }
        )

    def write(self, chance: random.Random) -> None:
        """One poisoned record; returns when its fate is known."""
        self._write(chance, self._topic(chance))

    def write_stamped(self, topic: str, timestamp_ms: int) -> None:
        """One poisoned record that says of itself when it was written, wrongly."""
        self._write(random.Random(topic), topic, timestamp_ms)

    def _write(self, chance: random.Random, topic: str, timestamp_ms: int = 0) -> None:
        key = str(UUID(int=chance.getrandbits(128)))
        event_type = "assignment.updated.v1" if topic != RECEIVED else "complaint.submitted.v1"
        value, headers = poison(chance, key, event_type)
        number = self._ledger.invoke(
            Kind.POISON, key=key, channel="kafka", topic=topic, body_sha256=sha256(value), submission={}
        )
        outcome, place = self._produce(topic, key, value, headers, timestamp_ms)
        self._ledger.answer(number, Kind.POISON, outcome, **place)

    def _topic(self, chance: random.Random) -> str:
        if chance.random() < UPDATES_SHARE:
            return department_updates_topic(chance.choice(self._departments))
        return RECEIVED

    def _produce(
        self, topic: str, key: str, value: bytes, headers: RecordHeaders, timestamp_ms: int
    ) -> tuple[Outcome, dict[str, Any]]:
        reported = threading.Event()
        reports: list[tuple[KafkaError | None, Message]] = []

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            reports.append((error, message))
            reported.set()

        place = partition_of_key(key.encode())  # while a run goes on, a topic may have one more
        self._producer.produce(
            topic, value, key, place, headers=headers, timestamp=timestamp_ms, on_delivery=on_delivery
        )
        for _ in range(2 * TIMEOUT_MS // 100):
            self._producer.poll(0.1)
            if reported.is_set():
                break
        if not reports or reports[0][0] is not None:
            return Outcome.INFO, {}
        message = reports[0][1]
        return Outcome.OK, {"topic": topic, "partition": message.partition(), "offset": message.offset()}


def poison(chance: random.Random, key: str, event_type: str) -> tuple[bytes, RecordHeaders]:
    """Value and headers of a record that is wrong in one of several ways."""
    headers: RecordHeaders = [*_HEADERS, ("ce_id", key.encode()), ("ce_subject", key.encode())]
    named: RecordHeaders = [*headers, ("ce_type", event_type.encode())]
    return chance.choice(
        [
            (b"\x00\xff not JSON " + chance.randbytes(8), named),
            (b"{}", named),
            (b'{"complaint": {"complaint_id": 7}, "action": 7}', named),
            (b"{}", headers),
            (b"{}", []),
            (b"{}", [*headers, ("ce_type", b"complaint.from_the_future.v9")]),
        ]
    )

"""Dead letters as operators find them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from services.cli.bus.dead_letter_record import DeadLetter, read_dead_letter
from shared.processing import Refusal
from shared.streaming.dead_letters import dead_letter
from shared.streaming.records import ConsumerRecord

NOW = datetime(2026, 3, 2, tzinfo=UTC)
_offsets = count()


def letter_record(
    origin: str = "complaints.received.v1",
    *,
    of: str = "router.dead-letters.v1",
    at: tuple[int, int] | None = None,
    key: bytes | None = b"k",
    headers: Any = (("ce_id", b"e-1"),),
) -> ConsumerRecord:
    """A dead letter on the topic ``of``; ``at``: partition and offset of the original, else a place of its own."""
    offset = next(_offsets)
    partition, origin_offset = at or (7, offset)
    original = ConsumerRecord(origin, partition, origin_offset, key, b"v", list(headers), 0)
    letter = dead_letter(original, of, Refusal("schema", "x"), of.split(".")[0], NOW)
    return ConsumerRecord(of, 3, offset, letter.key, letter.value, list(letter.headers), 0)


def letter(origin: str = "complaints.received.v1", **more: Any) -> DeadLetter:
    """The same, read."""
    return read_dead_letter(letter_record(origin, **more))

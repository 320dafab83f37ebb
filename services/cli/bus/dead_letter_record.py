"""A dead letter as operators handle it: where it is, where it came from, why, and how it goes back.

The headers are those of ``shared.streaming.dead_letters``: the original ones unchanged, plus ``dlq_…``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from services.cli.bus.header_text import header_text, header_texts
from shared.errors import InvalidEvent
from shared.events.envelope import Headers
from shared.events.topics import is_written_by_outsiders
from shared.streaming.dead_letters import REPLAYED_FROM, is_complete
from shared.streaming.records import ConsumerRecord, ProducerRecord

_REFERENCE = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)[\[/](?P<partition>\d+)\]?[@/](?P<offset>\d+)")


@dataclass(frozen=True, slots=True)
class DeadLetterReference:
    """Where a dead letter is: ``topic/partition/offset``."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. ``record`` is as it lies in the dead-letter topic."""

    record: ConsumerRecord
    reason: str
    detail: str
    origin_topic: str
    origin_partition: int
    origin_offset: int
    service: str
    at: str

    @property
    def reference(self) -> DeadLetterReference:
        """Where it is."""
        return DeadLetterReference(self.record.topic, self.record.partition, self.record.offset)

    @property
    def original_headers(self) -> Headers:
        """The headers the record had when it was refused."""
        return [(name, value) for name, value in self.record.headers if not name.startswith("dlq_")]

    @property
    def is_complete(self) -> bool:
        """False when the record was too large to be put aside whole; only its origin still has it."""
        return is_complete(self.record.headers)

    def header(self, name: str) -> str | None:
        """One original header as text; None when it is absent or has no value."""
        return next((header_text(value) for found, value in self.original_headers if found == name), None)

    @property
    def goes_by_key(self) -> bool:
        """Whether its key says where it belongs: a department may have written into a wrong partition."""
        return is_written_by_outsiders(self.origin_topic) and self.record.key is not None

    @property
    def null_headers(self) -> list[str]:
        """Names of original headers without a value: Kafka allows them, this client cannot write them."""
        return [name for name, value in self.original_headers if header_text(value) is None]

    def replay(self) -> ProducerRecord:
        """The record as it goes back to its origin: same key, value, headers and ``ce_id``, and a note where from.

        Into its partition, except for a department's report: one that lay in a wrong one would be refused for ever.
        InvalidEvent: the letter holds only a part of the record.
        """
        if not self.is_complete:
            origin = f"{self.origin_topic}[{self.origin_partition}]@{self.origin_offset}"
            raise InvalidEvent(
                "incomplete", f"{self.reference} was too large to be kept whole; look for it at {origin}"
            )
        headers = [(name, value) for name, value in self.original_headers if name != REPLAYED_FROM]
        headers.append((REPLAYED_FROM, str(self.reference).encode()))
        partition = None if self.goes_by_key else self.origin_partition
        return ProducerRecord(self.origin_topic, self.record.key, self.record.value, headers, partition)

    def as_json(self) -> dict[str, Any]:
        """Everything but the value, which may hold personal data."""
        return {
            "reference": str(self.reference),
            "reason": self.reason,
            "detail": self.detail,
            "service": self.service,
            "at": self.at,
            "origin": {"topic": self.origin_topic, "partition": self.origin_partition, "offset": self.origin_offset},
            "key": self.record.key.decode(errors="replace") if self.record.key is not None else None,
            "value_bytes": len(self.record.value) if self.record.value is not None else None,
            "complete": self.is_complete,
            "headers": {name: header_text(value) for name, value in self.original_headers},
        }


def parse_reference(text: str) -> DeadLetterReference | None:
    """``topic/partition/offset`` or ``topic[partition]@offset``; None if it is neither."""
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        return None
    return DeadLetterReference(found["topic"], int(found["partition"]), int(found["offset"]))


def read_dead_letter(record: ConsumerRecord) -> DeadLetter:
    """Read the ``dlq_…`` headers; raises InvalidEvent when the record has none (something else wrote it)."""
    headers = header_texts(record.headers)
    try:
        return DeadLetter(
            record=record,
            reason=headers["dlq_reason"],
            detail=headers["dlq_detail"],
            origin_topic=headers["dlq_topic"],
            origin_partition=int(headers["dlq_partition"]),
            origin_offset=int(headers["dlq_offset"]),
            service=headers["dlq_service"],
            at=headers["dlq_at"],
        )
    except (KeyError, ValueError):
        raise InvalidEvent("not_a_dead_letter", f"{record.origin} has no complete set of dlq_ headers") from None

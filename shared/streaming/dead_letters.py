"""Dead letters: the record byte for byte, with why, where from and by whom; and the limit that stops a bad deploy."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from shared.errors import DeadLetterLimit
from shared.events.envelope import format_instant
from shared.streaming.processor import Refusal
from shared.streaming.records import ConsumerRecord, ProducerRecord

REPLAYED_FROM = "replayed-from"
"""Header of a record an operator sent back from the dead letters: ``topic/partition/offset`` of its dead letter."""
_LONGEST_DETAIL = 500  # it may quote the record, and the letter must not become too large to be written
_MINIMUM_RECORDS = 100
"""Below this many records a share says nothing."""


def dead_letter(record: ConsumerRecord, topic: str, refusal: Refusal, service: str, now: datetime) -> ProducerRecord:
    """The dead letter of ``record``: its key, value and headers unchanged, plus ``dlq_…`` headers."""
    headers = [
        *record.headers,
        ("dlq_reason", refusal.reason.encode()),
        ("dlq_detail", refusal.detail[:_LONGEST_DETAIL].encode()),
        ("dlq_topic", record.topic.encode()),
        ("dlq_partition", str(record.partition).encode()),
        ("dlq_offset", str(record.offset).encode()),
        ("dlq_service", service.encode()),
        ("dlq_at", format_instant(now)),
    ]
    return ProducerRecord(topic, record.key, record.value, headers)


class DeadLetterMeter:
    """Share of undecodable records among the last ``window``; too many means the deploy is bad, not the data.

    Domain refusals do not count, nor do records of writers outside the bus: see ``reducing``.
    """

    def __init__(self, max_share: float, window: int = 1000) -> None:
        self._max_share = max_share
        self._outcomes: deque[bool] = deque(maxlen=window)
        self._bad = 0

    def record(self, *, bad: bool) -> None:
        """Note one handled record; raise DeadLetterLimit when the share is exceeded."""
        if len(self._outcomes) == self._outcomes.maxlen:
            self._bad -= self._outcomes[0]
        self._outcomes.append(bad)
        self._bad += bad
        if bad and len(self._outcomes) >= _MINIMUM_RECORDS and self._bad > self._max_share * len(self._outcomes):
            raise DeadLetterLimit(
                f"{self._bad} of the last {len(self._outcomes)} records could not be handled (limit "
                f"{self._max_share:.0%}); is the code older than the writers? Stopping; this batch is not committed"
            )

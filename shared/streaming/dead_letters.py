"""Dead letters: the record byte for byte, with why, where from and by whom; and the limit that stops a bad deploy.

Only one that is too large to be written is cut down; it says so, and where the whole of it is.
"""

from __future__ import annotations

import hashlib
from collections import deque
from datetime import datetime

from shared.errors import DeadLetterLimit
from shared.events.envelope import Headers, format_instant
from shared.events.topics import LARGEST_DEAD_LETTER_BYTES
from shared.events.unreadable import LONGEST_DETAIL
from shared.processing import Refusal
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

REPLAYED_FROM = "replayed-from"
"""Header of a record an operator sent back from the dead letters: ``topic/partition/offset`` of its dead letter."""
_AROUND_A_RECORD_BYTES = 1_000
_AROUND_A_HEADER_BYTES = 10  # two lengths
_LOST_VALUE, _LOST_HEADERS, _LOST_KEY = "dlq_value_bytes", "dlq_headers_bytes", "dlq_key_bytes"
GONE_UNREAD = "gone_unread"
"""Reason of a letter about records nobody can read any more; it has neither key nor value."""
GONE_UNTIL = "dlq_gone_until"
"""Header of such a letter: the first offset that is left."""
_LOSSES = frozenset({_LOST_VALUE, _LOST_HEADERS, _LOST_KEY, GONE_UNTIL})
_MINIMUM_RECORDS = 100
"""Below this many records a share says nothing."""


def dead_letter(record: ConsumerRecord, topic: str, refusal: Refusal, service: str, now: datetime) -> ProducerRecord:
    """The dead letter of ``record``: its key, value and headers unchanged, plus ``dlq_…`` headers.

    One too large for the topic loses its value, then its own headers, then its key, until it fits; the size of each,
    and a digest of the value, say so. What it lost is still at its origin, as long as that topic keeps it.
    """
    place = TopicPartition(record.topic, record.partition)
    origin = _origin(refusal, place, record.offset, service, now)
    letter = ProducerRecord(topic, record.key, record.value, [*record.headers, *origin])
    return letter if _fits(letter) else _shortened(letter, origin)


def gap_letter(
    partition: TopicPartition, offsets: tuple[int, int], topic: str, detail: str, service: str, now: datetime
) -> ProducerRecord:
    """The letter that stands for all records from the first of ``offsets`` on, up to the second: they are gone."""
    first, resumes_at = offsets
    origin = _origin(Refusal(GONE_UNREAD, detail), partition, first, service, now)
    until = (GONE_UNTIL, b"%d" % resumes_at)
    return ProducerRecord(topic, None, None, [*origin, until], partition.partition)


def _origin(refusal: Refusal, place: TopicPartition, offset: int, service: str, now: datetime) -> Headers:
    return [
        ("dlq_reason", refusal.reason.encode()),
        ("dlq_detail", refusal.detail[:LONGEST_DETAIL].encode()),
        ("dlq_topic", place.topic.encode()),
        ("dlq_partition", str(place.partition).encode()),
        ("dlq_offset", str(offset).encode()),
        ("dlq_service", service.encode()),
        ("dlq_at", format_instant(now)),
    ]


def is_complete(headers: Headers) -> bool:
    """False for a dead letter that was too large to be kept whole."""
    return not any(name in _LOSSES for name, _ in headers)


def _shortened(letter: ProducerRecord, origin: Headers) -> ProducerRecord:
    value = letter.value or b""
    digest = hashlib.sha256(value).hexdigest().encode()
    lost = [(_LOST_VALUE, b"%d" % len(value)), ("dlq_value_sha256", digest)]
    letter = letter._replace(value=None, headers=[*letter.headers, *lost])
    if not _fits(letter):
        own = letter.headers[: -len(origin) - len(lost)]
        lost.append((_LOST_HEADERS, b"%d" % _headers_bytes(own)))
        letter = letter._replace(headers=[*origin, *lost])
    if not _fits(letter):
        letter = letter._replace(key=None, headers=[*letter.headers, (_LOST_KEY, b"%d" % len(letter.key or b""))])
    return letter


def _fits(letter: ProducerRecord) -> bool:
    """Uncompressed, as librdkafka counts before it sends; the broker counts what is left after compression."""
    size = len(letter.key or b"") + len(letter.value or b"") + _headers_bytes(letter.headers)
    return size + _AROUND_A_RECORD_BYTES <= LARGEST_DEAD_LETTER_BYTES


def _headers_bytes(headers: Headers) -> int:
    """At most so much; Kafka allows a header without a value."""
    return sum(len(name.encode()) + len(value or b"") + _AROUND_A_HEADER_BYTES for name, value in headers)


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

"""Looks at the time stamps others give their records: by them the broker decides what may be deleted.

A stamp in seconds where milliseconds belong says 1970, and the record goes with the next clean-up, read or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from shared.events.topics import OUTSIDERS_KEPT_FOR
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.streaming.records import ConsumerRecord, TopicPartition

_LOG = get_logger()
_OLDEST_MS: Final = OUTSIDERS_KEPT_FOR.total_seconds() * 1000


class StampWatch:
    """Counts records stamped longer ago than they are kept, and says so once per partition."""

    def __init__(
        self, service: str, is_outsiders: Callable[[str], bool], wall_seconds: Callable[[], float] = time.time
    ) -> None:
        """``wall_seconds``: epoch seconds of the machine, by which records are kept."""
        self._service = service
        self._is_outsiders = is_outsiders
        self._wall_seconds = wall_seconds
        self._said: set[TopicPartition] = set()

    def look(self, records: Iterable[ConsumerRecord]) -> None:
        """At records just read."""
        oldest_ms = self._wall_seconds() * 1000 - _OLDEST_MS
        for record in records:
            if record.timestamp_ms < oldest_ms and self._is_outsiders(record.topic):
                self._tell(record)

    def _tell(self, record: ConsumerRecord) -> None:
        metrics.OLD_STAMPS_TOTAL.labels(self._service, record.topic).inc()
        place = TopicPartition(record.topic, record.partition)
        if place not in self._said:
            self._said.add(place)
            _LOG.error(
                "record_stamped_too_old",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=(
                    f"its timestamp is {record.timestamp_ms} ms after 1970; given in seconds? The broker may "
                    "delete it unread. Set message.timestamp.type=LogAppendTime on the topic, as deploy.topics does"
                ),
            )

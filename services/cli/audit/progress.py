"""How far the auditor has read, against where the bus ended when the question was asked.

Against a fixed place, and not against the end of the moment: on a bus with traffic there is always a record that came
just now, and the auditor would never have read everything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from services.auditor.processor import AuditProcessor
from services.cli.audit.topics import is_surplus
from services.cli.bus.kafka_access import CONNECT_TIMEOUT_MS, all_partitions, bus_topics_of, open_reader, scan, to_kafka
from services.cli.bus.kafka_rights import expected_topics, require_visible
from shared.events.journey import department_of_queue, tells_of_complaints
from shared.settings import KafkaSettings
from shared.streaming.records import ConsumerRecord, TopicPartition

Answer = TypeVar("Answer")
LOOK_AGAIN_SECONDS = 0.5
_MOST_COUNTED = 500


def audited_ends(settings: KafkaSettings) -> dict[TopicPartition, int]:
    """Where the partitions the auditor reads end right now. BrokerUnavailable: no broker answers."""
    with closing(open_reader(settings)) as reader:
        expected = [name for name in expected_topics() if tells_of_complaints(name) and _is_audited(name)]
        require_visible(settings, expected, reader.topics())  # what is not seen would count as read
        names = [name for name in bus_topics_of(reader) if _is_audited(name)]
        places = {place: to_kafka(place) for place in all_partitions(reader, names) if not is_surplus(place)}
        ends = reader.end_offsets(list(places.values()))
        return {partition: ends[place] for partition, place in places.items()}


def wait_until_read(settings: KafkaSettings, ends: Mapping[TopicPartition, int], within_seconds: float) -> int:
    """Records before ``ends`` that the auditor has not come to, asked until there are none or the time is over."""
    return ask_until(lambda: count_unread(settings, ends), lambda unread: unread == 0, within_seconds)


def ask_until(ask: Callable[[], Answer], is_final: Callable[[Answer], bool], within_seconds: float) -> Answer:
    """The first answer that waiting would not change, or the last one when the time is over."""
    deadline = time.monotonic() + within_seconds
    pause = threading.Event()
    while not is_final(answer := ask()) and time.monotonic() < deadline:
        pause.wait(LOOK_AGAIN_SECONDS)
    return answer


def count_unread(settings: KafkaSettings, ends: Mapping[TopicPartition, int]) -> int:
    """Records before ``ends`` that the auditor has not come to, counted up to 500; the ledger does not know them."""
    with closing(open_reader(settings, AuditProcessor.name)) as reader:
        behind = _behind(reader, ends)
        unread = (record for record in scan(reader, list(behind), behind) if _is_before(record, ends))
        return sum(1 for _ in islice(unread, _MOST_COUNTED))


def _behind(reader: Any, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """The auditor's offset in each partition in which it lies before ``ends``; markers alone may lie between."""
    offsets = {
        partition: reader.committed(to_kafka(partition), timeout_ms=CONNECT_TIMEOUT_MS) or 0 for partition in ends
    }
    return {partition: offset for partition, offset in offsets.items() if offset < ends[partition]}


def _is_before(record: ConsumerRecord, ends: Mapping[TopicPartition, int]) -> bool:
    return record.offset < ends[TopicPartition(record.topic, record.partition)]


def _is_audited(topic: str) -> bool:
    """The journey, departments' queues, what readers of these refused; not what departments write or are refused."""
    if topic.startswith("departments."):
        return department_of_queue(topic) is not None
    return not topic.startswith(("auditor.", "audit.", "insight.", "intake."))

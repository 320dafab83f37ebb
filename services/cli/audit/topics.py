"""What ``cbus audit`` finds on the topics themselves: records that nobody reads, and records that went unread.

No ledger of complaints can know of either: the one is where no service looks, the other is not there any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from services.cli.bus.header_text import header_texts
from services.cli.bus.kafka_access import all_partitions, bus_topics_of, open_reader, scan, to_kafka
from shared.events.journey import is_dead_letter_topic
from shared.events.topics import is_written_by_outsiders, recorded_partitions
from shared.settings import KafkaSettings
from shared.streaming.dead_letters import GONE_UNREAD, GONE_UNTIL
from shared.streaming.records import ConsumerRecord, TopicPartition


class TopicFindings(NamedTuple):
    """``surplus``: topic, partition and number of records there; ``gone``: topic, partition, the offsets and when."""

    surplus: Sequence[Mapping[str, Any]] = ()
    gone: Sequence[Mapping[str, Any]] = ()

    @property
    def is_something_of_ours_unread(self) -> bool:
        """Records of the bus's own lie where nobody reads them; a department's misplaced report is its own to mend."""
        return any(not is_written_by_outsiders(found["topic"]) for found in self.surplus)

    def lines(self) -> list[str]:
        """For people, one sentence each."""
        return [*map(_surplus_line, self.surplus), *map(_gone_line, self.gone)]


NOTHING_FOUND = TopicFindings()


def look_at_topics(settings: KafkaSettings) -> TopicFindings:
    """Both, as of now. BrokerUnavailable: no broker answers."""
    with closing(open_reader(settings)) as reader:
        names = bus_topics_of(reader)
        letters = [name for name in names if name.startswith("departments.") and is_dead_letter_topic(name)]
        return TopicFindings(_surplus(reader, names), gone_records(scan(reader, all_partitions(reader, letters))))


def is_surplus(partition: TopicPartition) -> bool:
    """Whether the bus does not reckon with this partition."""
    count = recorded_partitions(partition.topic)
    return count is not None and partition.partition >= count


def gone_records(letters: Iterable[ConsumerRecord]) -> list[dict[str, Any]]:
    """What departments' dead letters say was deleted before it was read."""
    told = (header_texts(letter.headers) for letter in letters)
    return [
        {
            "topic": headers["dlq_topic"],
            "partition": int(headers["dlq_partition"]),
            "first": int(headers["dlq_offset"]),
            "resumed_at": int(headers[GONE_UNTIL]),
            "at": headers["dlq_at"],
        }
        for headers in told
        if headers.get("dlq_reason") == GONE_UNREAD and GONE_UNTIL in headers
    ]


def _surplus_line(found: Mapping[str, Any]) -> str:
    place = f"{found['topic']}[{found['partition']}]"
    return f"surplus 多余分区: {place} holds {found['records']} records that nobody reads"


def _gone_line(found: Mapping[str, Any]) -> str:
    place = f"{found['topic']}[{found['partition']}]"
    return f"gone unread 未读即删: {place} from {found['first']} to {found['resumed_at']}, found at {found['at']}"


def _surplus(reader: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    places = {place: to_kafka(place) for place in all_partitions(reader, names) if is_surplus(place)}
    if not places:
        return []
    starts, ends = (ask(list(places.values())) for ask in (reader.beginning_offsets, reader.end_offsets))
    held = {place: ends[each] - starts[each] for place, each in places.items()}
    return [{**place._asdict(), "records": count} for place, count in held.items() if count]

"""Reads every topic from offset 0 on every partition, in no group: committed records, then the aborted ones too."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from shared.events.topics import PARTITIONS
from tests.torture.check.history import Aborted, History, HistoryBuilder, PartitionEnd

SILENCE_SECONDS = 120.0
"""Nothing new for this long while partitions are unread: the brokers will not give it. A long run is long to read."""
ADMIN_TIMEOUT_SECONDS = 30.0
RETRY_SECONDS = 0.5
_BATCH = 10_000

_Ends = dict[tuple[str, int], int]


def read_bus(history: History) -> History:
    """Fill ``history`` from the brokers: records, aborted records, partition ends and groups' offsets."""
    admin = AdminClient({"bootstrap.servers": history.run.bootstrap})
    everything = _partitions(admin, history.run.topics)
    partitions = [place for place in everything if not _is_surplus(place)]
    history.ends = _ends(admin, partitions)
    surplus = [place for place in everything if _is_surplus(place)]
    history.surplus = {(end.topic, end.partition): end.end for end in _ends(admin, surplus)} if surplus else {}
    committed = _read_committed(history, partitions)
    _read_aborted(history, partitions, committed)
    history.committed = _group_offsets(admin)
    return history


def _partitions(admin: AdminClient, topics: Sequence[str]) -> list[tuple[str, int]]:
    known = admin.list_topics(timeout=ADMIN_TIMEOUT_SECONDS).topics
    missing = [topic for topic in topics if topic not in known]
    if missing:
        raise LookupError(f"topics of run.json that the brokers do not have: {', '.join(missing)}")
    return [(topic, number) for topic in topics for number in sorted(known[topic].partitions)]


def _is_surplus(place: tuple[str, int]) -> bool:
    """A partition nobody of the bus uses: what is in it is somebody else's, and anything of ours in it is lost."""
    return place[1] >= PARTITIONS


def _ends(admin: AdminClient, partitions: Sequence[tuple[str, int]]) -> list[PartitionEnd]:
    def ask(isolation: IsolationLevel) -> _Ends:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, number): latest for topic, number in partitions}
        answers = admin.list_offsets(wanted, isolation_level=isolation, request_timeout=ADMIN_TIMEOUT_SECONDS)
        return {(place.topic, place.partition): answer.result().offset for place, answer in answers.items()}

    stable, ends = _patiently(ask, IsolationLevel.READ_COMMITTED), _patiently(ask, IsolationLevel.READ_UNCOMMITTED)
    return [PartitionEnd(topic, number, stable[topic, number], ends[topic, number]) for topic, number in partitions]


def _patiently(ask: Callable[[IsolationLevel], _Ends], isolation: IsolationLevel) -> _Ends:
    """Ask again while leaderships settle after a broker's start."""
    deadline = time.monotonic() + ADMIN_TIMEOUT_SECONDS
    while True:
        try:
            return ask(isolation)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _read_committed(history: History, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], array[int]]:
    """Every committed record into the history; the offsets of each partition, ascending."""
    offsets: dict[tuple[str, int], array[int]] = {place: array("q") for place in partitions}
    builder = HistoryBuilder(history)

    def take(message: Any) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        offsets[topic, partition].append(offset)
        headers, written_at = message.headers() or (), message.timestamp()[1]
        builder.add(topic, partition, offset, written_at, message.key(), headers, message.value())

    _read(history.run.bootstrap, partitions, "read_committed", take)
    builder.finish()
    return offsets


def _read_aborted(
    history: History, partitions: Sequence[tuple[str, int]], committed: Mapping[tuple[str, int], array[int]]
) -> None:
    """Records that are in the log without having been committed: proof that transactions were cut short."""
    places: dict[tuple[str, int], Iterator[int]] = {place: iter(offsets) for place, offsets in committed.items()}
    ahead = {place: next(offsets, -1) for place, offsets in places.items()}

    def take(message: Any) -> None:
        place, offset = (message.topic(), message.partition()), message.offset()
        while -1 < ahead[place] < offset:  # a compacted topic may have lost records since
            ahead[place] = next(places[place], -1)
        if ahead[place] == offset:
            ahead[place] = next(places[place], -1)
            return
        headers = dict(message.headers() or ())
        event_type = (headers.get("ce_type") or b"").decode(errors="replace")
        key = (message.key() or b"").decode(errors="replace")
        history.aborted.append(Aborted(*place, offset, key, event_type))

    _read(history.run.bootstrap, partitions, "read_uncommitted", take)


def _read(bootstrap: str, partitions: Sequence[tuple[str, int]], isolation: str, take: Callable[[Any], None]) -> None:
    """Every record up to the end of each partition, in the order of each."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "torture-check",  # the client asks for one; nothing is ever committed under it
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "check.crcs": True,
            "fetch.message.max.bytes": 4_194_304,
            "queued.max.messages.kbytes": 65_536,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for topic, number in partitions])
        unfinished = set(partitions)
        heard_at = time.monotonic()
        while unfinished:
            messages = consumer.consume(_BATCH, timeout=1.0)
            if not messages and time.monotonic() - heard_at > SILENCE_SECONDS:
                raise TimeoutError(f"{isolation}: {len(unfinished)} partitions were not read to their end")
            heard_at = time.monotonic() if messages else heard_at
            for message in messages:
                error = message.error()
                if error is None:
                    take(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    unfinished.discard((message.topic(), message.partition()))
                elif not error.retriable() and error.code() not in _PASSING:
                    raise KafkaException(error)
    finally:
        consumer.close()


_PASSING = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)
"""The client goes on by itself after these."""


def _group_offsets(admin: AdminClient) -> dict[tuple[str, str, int], int]:
    groups = _result(admin.list_consumer_groups(request_timeout=ADMIN_TIMEOUT_SECONDS)).valid
    found: dict[tuple[str, str, int], int] = {}
    for group in groups:
        wanted = [ConsumerGroupTopicPartitions(group.group_id)]
        answers = admin.list_consumer_group_offsets(wanted, request_timeout=ADMIN_TIMEOUT_SECONDS)
        for place in _result(answers[group.group_id]).topic_partitions:
            found[group.group_id, place.topic, place.partition] = place.offset
    return found


def _result(answer: Future[Any]) -> Any:
    return answer.result()

"""The live reader: what it takes out of a record, and on a real broker that it sees what is committed, to its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from deploy.local.polling import wait_until
from tests.torture.load.json_lines import read_lines
from tests.torture.run.live_reader import LiveReader, sequence_in


def value(sequence: int, text: str = "") -> bytes:
    """An entry of the case log, as far as the reader looks."""
    return json.dumps({"complaint_id": "c", "sequence": sequence, "complaint": {"text": text}}).encode()


@pytest.mark.parametrize(
    ("written", "sequence"),
    [
        (value(17), 17),
        (b'{"sequence":3}', 3),
        (b'{"complaint":{"text":' + json.dumps('he wrote "sequence": 9').encode() + b'},"sequence":4}', 4),
        (b"{}", None),
        (b"", None),
        (None, None),
    ],
)
def test_the_number_of_an_entry_is_found_without_reading_it_all(written: bytes | None, sequence: int | None) -> None:
    assert sequence_in(written) == sequence


@pytest.mark.kafka
def test_committed_entries_are_seen_in_order_while_they_come_and_to_the_end(
    kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    topic, file = f"{topic_prefix}.log", tmp_path / "live.jsonl"
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.create_topics([NewTopic(topic, 2)])[topic].result(30)
    producer = Producer({"bootstrap.servers": kafka_bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    reader = LiveReader(kafka_bootstrap, file, topic, partitions=2)
    reader.start()
    write(producer, topic, 0, 1, 2)
    producer.commit_transaction(30)
    wait_until(lambda: len(seen(file)) == 2, "what was committed to be seen at once", timeout_seconds=15)
    write(producer, topic, 0, 3)
    producer.abort_transaction(30)
    write(producer, topic, 1, 1)
    write_more = range(3, 2_000)
    for sequence in write_more:
        producer.produce(topic, value(sequence), "a", partition=0)
        producer.poll(0)
    producer.commit_transaction(30)
    assert reader.stop() is None
    assert seen(file, "a") == [1, 2, *write_more]
    assert seen(file, "b") == [1]


def write(producer: Producer, topic: str, partition: int, *sequences: int) -> None:
    """Begin a transaction with these entries of the complaint of that partition."""
    producer.begin_transaction()
    for sequence in sequences:
        producer.produce(topic, value(sequence), "ab"[partition], partition=partition)
    producer.flush(30)


def seen(file: Path, complaint_id: str | None = None) -> list[int]:
    """Numbers in the file, in order."""
    return [line["sequence"] for line in read_lines(file) if complaint_id in (None, line["complaint_id"])]

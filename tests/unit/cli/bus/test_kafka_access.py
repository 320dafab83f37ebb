"""Keys are placed as Kafka's own clients place them."""

from __future__ import annotations

import ssl
import time
from types import SimpleNamespace
from typing import Any

import pytest

from services.cli.bus import kafka_access
from services.cli.bus.kafka_access import connection_options, partition_of, scan, to_kafka
from shared.errors import BrokerUnavailable
from shared.settings import KafkaSettings
from shared.streaming.records import TopicPartition


@pytest.mark.parametrize(("key", "murmur2"), [(b"21", -973932308), (b"foobar", -790332482), (b"", 275646681)])
def test_a_key_goes_where_the_java_client_puts_it(key: bytes, murmur2: int) -> None:
    """The hashes are the test vectors of Kafka's Java client."""
    assert partition_of(key, 12) == (murmur2 & 0x7FFFFFFF) % 12


def test_security_settings_reach_the_client() -> None:
    settings = KafkaSettings.model_validate(
        {
            "bootstrap_servers": "a:1,b:2",
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "quality",
            "sasl_password": "development only",
        }
    )
    options = connection_options(settings)
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["sasl_plain_username"] == "quality"
    assert options["sasl_plain_password"] == "development only"
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert options["ssl_context"].check_hostname


PLACE = TopicPartition("complaints.received.v1", 0)


class Log:
    """A reader of one partition with offsets 3 … 9 whose broker goes away at ``gone_at``."""

    def __init__(self, gone_at: int = 10) -> None:
        self._at: int | None = None
        self._gone_at = gone_at

    def assign(self, places: list[Any]) -> None:
        assert places == [to_kafka(PLACE)]

    def seek_to_beginning(self, place: Any) -> None:
        self._at = 3

    def seek(self, place: Any, offset: int) -> None:
        assert 3 <= offset <= 10, "beyond the log Kafka begins at the start again"
        self._at = offset

    def beginning_offsets(self, places: list[Any]) -> dict[Any, int]:
        return {to_kafka(PLACE): 3}

    def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return {to_kafka(PLACE): 10}

    def position(self, place: Any, timeout_ms: int) -> int | None:
        return self._at

    def poll(self, timeout_ms: int) -> dict[Any, list[Any]]:
        assert self._at is not None
        if self._at >= self._gone_at:
            return {}
        read = SimpleNamespace(**{**vars_of_a_record(), "offset": self._at})
        self._at += 1
        return {to_kafka(PLACE): [read]}


def vars_of_a_record() -> dict[str, Any]:
    return {"topic": PLACE.topic, "partition": 0, "key": b"k", "value": b"v", "headers": [], "timestamp": 0}


@pytest.mark.parametrize(
    ("start", "offsets"),
    [({}, range(3, 10)), ({PLACE: 7}, range(7, 10)), ({PLACE: 1}, range(3, 10)), ({PLACE: 99}, ())],
)
def test_a_scan_reads_from_where_it_is_asked_to_the_end(start: dict[TopicPartition, int], offsets: range) -> None:
    assert [record.offset for record in scan(Log(), [PLACE], start)] == list(offsets)


def test_a_broker_that_goes_away_ends_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_access, "SILENCE_SECONDS", 0.05)
    found: list[int] = []
    with pytest.raises(BrokerUnavailable, match=r"complaints\.received\.v1\[0\]"):
        found.extend(record.offset for record in scan(Log(gone_at=5), [PLACE]))


def test_who_takes_long_over_a_record_is_not_taken_for_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_access, "SILENCE_SECONDS", 0.05)
    scanned = scan(Log(), [PLACE])
    next(scanned)
    time.sleep(0.1)
    assert len(list(scanned)) == 6

"""Topics are told apart by name, keys are placed as Kafka's own clients place them."""

from __future__ import annotations

import pytest

from services.cli.kafka_access import (
    connection_options,
    department_of_topic,
    is_bus_topic,
    is_dead_letter_topic,
    partition_of,
    stage_of,
)
from shared.events.topics import bus_topics
from shared.settings import KafkaSettings


@pytest.mark.parametrize(
    ("topic", "department"),
    [
        ("departments.quality.v1", "quality"),
        ("departments.quality.updates.v1", None),
        ("departments.quality.dead-letters.v1", None),
        ("complaints.lifecycle.v1", None),
    ],
)
def test_a_queue_names_its_department(topic: str, department: str | None) -> None:
    assert department_of_topic(topic) == department


def test_every_topic_but_state_is_read() -> None:
    names = {topic.name for topic in bus_topics(["quality"])}
    assert {name for name in names if not is_bus_topic(name)} == {
        "router.state.v1",
        "sla.state.v1",
        "notifier.state.v1",
        "auditor.state.v1",
    }
    assert not is_bus_topic("__consumer_offsets")


def test_dead_letters_of_services_and_departments_are_both_seen() -> None:
    assert is_dead_letter_topic("router.dead-letters.v1")
    assert is_dead_letter_topic("departments.quality.dead-letters.v1")
    assert not is_dead_letter_topic("departments.quality.v1")


def test_the_journey_has_an_order() -> None:
    journey = [
        "complaints.received.v1",
        "complaints.lifecycle.v1",
        "departments.quality.v1",
        "departments.quality.updates.v1",
        "sla.events.v1",
        "notifications.requests.v1",
        "notifications.events.v1",
    ]
    assert sorted(journey, key=stage_of) == journey


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
            "ssl_ca_location": "/ca.pem",
        }
    )
    options = connection_options(settings)
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["sasl_plain_username"] == "quality"
    assert options["sasl_plain_password"] == "development only"
    assert options["ssl_cafile"] == "/ca.pem"

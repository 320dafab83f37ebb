"""What a declared topic means in Kafka's settings, and how an existing one may differ from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.topics.departments import department_ids
from deploy.topics.provision import Difference, compare, copies_for, topic_settings
from shared.errors import ConfigurationError
from shared.events.topics import Topic, bus_topics


def topic(**changes: object) -> Topic:
    return Topic("events.v1", "Sample.", (), "writer", ("reader",), **changes)  # type: ignore[arg-type]


def test_retention_is_in_milliseconds_and_none_means_for_ever() -> None:
    assert topic_settings(topic(retention_ms=1000)) == {"cleanup.policy": "delete", "retention.ms": "1000"}
    assert topic_settings(topic())["retention.ms"] == "-1"


def test_a_compacted_topic_has_no_retention_time() -> None:
    settings = topic_settings(topic(cleanup_policy="compact", config={"segment.bytes": "100"}))
    assert settings == {"cleanup.policy": "compact", "segment.bytes": "100"}


def test_a_topic_as_declared_has_no_differences_and_other_settings_are_not_its_business() -> None:
    declared = topic(retention_ms=1000)
    assert compare(declared, 12, {**topic_settings(declared), "min.insync.replicas": "2"}) == []


def test_every_difference_is_named_with_both_values() -> None:
    actual = {"cleanup.policy": "delete", "retention.ms": "5"}
    assert compare(topic(retention_ms=1000), 6, actual) == [
        Difference("events.v1", "partitions", "12", "6"),
        Difference("events.v1", "retention.ms", "1000", "5"),
    ]


def test_a_topic_outsiders_write_is_stamped_by_the_broker_and_the_mending_command_is_given() -> None:
    updates = next(each for each in bus_topics(["logistics"]) if each.name == "departments.logistics.updates.v1")
    [difference] = compare(updates, 12, {**topic_settings(updates), "message.timestamp.type": "CreateTime"})
    assert str(difference) == (
        "departments.logistics.updates.v1: message.timestamp.type is CreateTime, the registry says LogAppendTime; mend "
        "it: kafka-configs.sh --alter --topic departments.logistics.updates.v1 --add-config "
        "message.timestamp.type=LogAppendTime"
    )


def test_our_own_topics_keep_the_time_their_writers_give() -> None:
    stamped = [each.name for each in bus_topics(["logistics"]) if "message.timestamp.type" in each.config]
    assert stamped == ["departments.logistics.updates.v1"]


def test_department_ids_are_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "departments.yaml"
    file.write_text("departments:\n  - id: quality\n    name: Quality\n  - id: logistics\n")
    assert department_ids(file) == ["quality", "logistics"]


@pytest.mark.parametrize("text", ["", "departments: 3", "departments: [{name: x}]", "a: [", "departments: [x]"])
def test_a_malformed_departments_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "departments.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"departments\.yaml"):
        department_ids(file)


def test_a_missing_departments_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run from the project root or name --department"):
        department_ids(tmp_path / "departments.yaml")


@pytest.mark.parametrize(
    ("brokers", "existing_copies", "copies"),
    [(1, 0, 1), (1, 1, 1), (2, 0, 2), (3, 0, 3), (5, 0, 3), (2, 3, 3), (1, 3, 3), (5, 1, 3), (3, 5, 3), (0, 0, 1)],
)
def test_copies_follow_the_brokers_up_to_three_and_are_never_fewer_than_the_other_topics_have(
    brokers: int, existing_copies: int, copies: int
) -> None:
    assert copies_for(brokers, existing_copies) == copies

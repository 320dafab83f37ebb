"""Which topics take records that one broker's death would lose."""

from __future__ import annotations

from shared.events import topics
from shared.streaming.kafka.replication import unsafe_topics


def test_fewer_than_two_copies_in_sync_are_unsafe() -> None:
    assert unsafe_topics({"a": 2, "c": 1, "b": 0, "d": 3}) == ["b", "c"]


def test_what_belongs_to_a_bus() -> None:
    every = topics.bus_topics(["service", "legal"])
    assert all(topics.belongs_to_bus(topic.name) for topic in every)
    assert not topics.belongs_to_bus("__consumer_offsets")
    assert not topics.belongs_to_bus("another.teams.topic")

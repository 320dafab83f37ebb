"""Topics are told apart by name, and stand in the order in which a complaint comes to them."""

from __future__ import annotations

import pytest

from shared.events.journey import (
    department_of_queue,
    department_of_updates,
    is_dead_letter_topic,
    stage_of,
    tells_of_complaints,
)
from shared.events.topics import bus_topics


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
    assert department_of_queue(topic) == department


def test_every_topic_but_state_is_read() -> None:
    names = {topic.name for topic in bus_topics(["quality"])}
    assert {name for name in names if not tells_of_complaints(name)} == {
        "router.state.v1",
        "sla.state.v1",
        "notifier.state.v1",
        "auditor.state.v1",
    }
    assert not tells_of_complaints("__consumer_offsets")


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


def test_a_report_names_the_department_that_made_it() -> None:
    assert department_of_updates("departments.quality.updates.v1") == "quality"
    assert department_of_updates("departments.quality.v1") is None
    assert department_of_updates("complaints.updates.v1") is None

"""The guide for departments leaves nothing out that costs a day: topics, headers, fields, settings, reasons."""

from __future__ import annotations

import re

import pytest

from deploy.documents.departments import ALSO_NEEDED, OF_CONSUMERS, PAGE, action_row
from services.cli.bus.kafka_access import partition_of
from services.router.domain.refusals import EXPLANATIONS, Reason
from services.router.domain.transitions import REQUIREMENTS
from shared.events import document
from shared.events.departments import Action, DepartmentUpdate
from shared.events.topics import PARTITIONS, bus_topics

TEXT = PAGE.read_text(encoding="utf-8")
DEPARTMENT_TOPICS = [topic for topic in bus_topics(["DEPT"]) if topic.name.startswith("departments.")]


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_in_the_table_as_the_router_judges_it(action: Action) -> None:
    assert action_row(action) in TEXT


def test_every_requirement_has_words() -> None:
    assert {reason for needs in REQUIREMENTS.values() for _, reason in needs} <= ALSO_NEEDED.keys()


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in OF_CONSUMERS])
def test_every_reason_a_department_can_get_is_explained_in_both_languages(reason: Reason) -> None:
    assert f"| `{reason}` | {' | '.join(EXPLANATIONS[reason])} |" in TEXT


def test_every_header_and_field_is_named() -> None:
    messages = document.asyncapi(DEPARTMENT_TOPICS)["components"]["messages"]
    required = messages[DepartmentUpdate.event_type]["headers"]["required"]
    for name in (*required, *document.DEAD_LETTER_HEADERS, *DepartmentUpdate.model_fields):
        assert f"`{name}`" in TEXT, name


def test_every_topic_of_a_department_and_every_event_on_it_is_named() -> None:
    for topic in DEPARTMENT_TOPICS:
        assert f"`{topic.name}`" in TEXT
        assert all(f"`{event.event_type}`" in TEXT for event in topic.events)


@pytest.mark.parametrize(
    "setting",
    ["isolation.level=read_committed", 'isolation_level="read_committed"', "partitioner=murmur2_random", "acks=all"],
)
def test_settings_are_given_as_they_are_typed(setting: str) -> None:
    assert setting in TEXT


def test_the_key_to_check_a_partitioner_with_is_right() -> None:
    found = re.search(r"`([0-9a-f-]{36})` belongs into partition (\d+) of (\d+)", TEXT)
    assert found is not None
    assert (partition_of(found[1].encode(), PARTITIONS), PARTITIONS) == (int(found[2]), int(found[3]))

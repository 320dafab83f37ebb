"""Contracts: examples decode, generated files are current, nothing breaks readers of released schemas."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from deploy.documents.__main__ import generated
from shared.errors import InvalidEvent
from shared.events import document, registry
from shared.events.base import Event
from shared.events.compatibility import breaking_changes
from shared.events.departments import Action
from shared.events.document_topics import topics_page
from shared.events.envelope import Envelope
from shared.events.topics import Topic, bus_topics
from shared.processing import Refusal
from shared.streaming.dead_letters import dead_letter
from shared.streaming.records import ConsumerRecord

REPOSITORY = Path(__file__).parents[2]
RELEASED = sorted((Path(__file__).parent / "released").glob("*/*.json"))
MODELS = sorted(registry.EVENT_MODELS.items())
NOW = datetime(2026, 3, 2, 9, 30, 15, 123_000, tzinfo=UTC)


def example(model: type[Event]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(document.example_file(model).read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_the_example_survives_the_round_trip_through_a_record(name: str, model: type[Event]) -> None:
    event = model.model_validate(example(model))
    value, headers = registry.encode(event, event_id="id", source="/test", subject="case", time=NOW, traceparent=None)
    envelope, decoded = registry.decode(headers, value)
    assert decoded == event
    assert envelope == Envelope("id", name, "/test", "case", NOW, None)


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_the_example_is_valid_by_the_published_schema(name: str, model: type[Event]) -> None:
    schema = json.loads((document.SCHEMA_DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(example(model))


@pytest.mark.parametrize("path", sorted(generated()), ids=lambda path: path.name)
def test_generated_files_are_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "stale: run 'make docs'"


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_released_schemas_are_not_broken(released: Path) -> None:
    old = json.loads(released.read_text(encoding="utf-8"))
    current = registry.EVENT_MODELS.get(released.stem)
    assert current is not None, "a released event type may not disappear"
    assert breaking_changes(old, document.schema(current)) == [], "only optional fields may be added; else a new .v2"


Edit = Callable[[dict[str, Any]], object]
BREAKING_EDITS: dict[str, Edit] = {
    "removed": lambda schema: schema["properties"].pop("cycle"),
    "retyped": lambda schema: schema["properties"]["cycle"].update(type="string"),
    "newly required": lambda schema: schema["required"].append("department"),
    "no longer required": lambda schema: schema["required"].remove("cycle"),
    "narrowed": lambda schema: schema["properties"]["cycle"].update(maximum=3),
}


@pytest.mark.parametrize("edit", BREAKING_EDITS.values(), ids=BREAKING_EDITS.keys())
def test_the_compatibility_check_sees_a_breaking_change(edit: Edit) -> None:
    old = document.schema(registry.EVENT_MODELS["sla.breached.v1"])
    new = copy.deepcopy(old)
    edit(new)
    assert breaking_changes(old, new) != []


def test_the_compatibility_check_sees_a_change_in_a_nested_model() -> None:
    old = document.schema(registry.EVENT_MODELS["complaint.submitted.v1"])
    new = copy.deepcopy(old)
    del new["$defs"]["Complainant"]["properties"]["email"]
    assert breaking_changes(old, new) == ["complaint.complainant.email: removed"]


def test_values_where_all_others_were_refused_may_be_named_and_may_grow() -> None:
    new = document.schema(registry.EVENT_MODELS["assignment.updated.v1"])
    old = copy.deepcopy(new)
    for keyword in ("enum", "x-refused-otherwise"):
        del old["properties"]["action"][keyword]
    assert breaking_changes(old, new) == []
    grown, shrunk, unmarked = copy.deepcopy(new), copy.deepcopy(new), copy.deepcopy(new)
    grown["properties"]["action"]["enum"].append("one_more")
    shrunk["properties"]["action"]["enum"].pop()
    del unmarked["properties"]["action"]["x-refused-otherwise"]
    assert breaking_changes(new, grown) == []
    assert breaking_changes(new, shrunk) != []
    assert breaking_changes(old, unmarked) != [], "a list of values nobody enforced breaks what is written"


def test_actions_are_listed_in_the_schema() -> None:
    field = document.schema(registry.EVENT_MODELS["assignment.updated.v1"])["properties"]["action"]
    assert field["enum"] == [action.value for action in Action]


def test_a_dead_letter_has_the_headers_that_are_documented() -> None:
    record = ConsumerRecord("t", 0, 0, b"k", b"v", [("ce_id", b"1")], 0)
    letter = dead_letter(record, "d", Refusal("reason", "detail"), "router", NOW)
    added = [name for name, _ in letter.headers if name != "ce_id"]
    assert added == list(document.DEAD_LETTER_HEADERS)
    assert all(f"`{name}`" in topics_page() for name in added)
    large = record._replace(value=b"v" * 2_000_000, key=b"k" * 2_000_000, headers=[("h", b"h" * 2_000_000)])
    lost = {name for name, _ in dead_letter(large, "d", Refusal("reason", "detail"), "router", NOW).headers}
    assert lost - set(document.DEAD_LETTER_HEADERS) == set(document.DEAD_LETTER_LOSSES)


def test_every_dead_letter_topic_says_what_is_on_it() -> None:
    channels = document.asyncapi(bus_topics(["DEPARTMENT"]))["channels"]
    letters = {name: channel for name, channel in channels.items() if name.endswith(".dead-letters.v1")}
    assert len(letters) == 6
    assert all(list(channel["messages"]) == ["dead-letter"] for channel in letters.values())


def test_adding_an_optional_field_is_compatible() -> None:
    old = document.schema(registry.EVENT_MODELS["sla.breached.v1"])
    new = copy.deepcopy(old)
    new["properties"]["remark"] = {"type": "string", "default": ""}
    assert breaking_changes(old, new) == []


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_fields_of_a_newer_writer_are_tolerated(name: str, model: type[Event]) -> None:
    newer = example(model) | {"added_in_a_later_version": {"deep": [1, 2]}}
    assert registry.parse(model, json.dumps(newer).encode()).event_type == name


def test_unknown_fields_of_a_complaint_are_passed_on() -> None:
    model = registry.EVENT_MODELS["complaint.submitted.v1"]
    newer = example(model)
    newer["complaint"]["loyalty_tier"] = "gold"
    event = registry.parse(model, json.dumps(newer).encode())
    assert json.loads(event.model_dump_json())["complaint"]["loyalty_tier"] == "gold"


def _fields(model: type[BaseModel], seen: set[type[BaseModel]]) -> list[str]:
    if model in seen:
        return []
    seen.add(model)
    missing = [f"{model.__name__}.{name}" for name, field in model.model_fields.items() if not field.description]
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                missing += _fields(part, seen)
    return missing


def test_every_contract_field_has_a_description() -> None:
    seen: set[type[BaseModel]] = set()
    assert [name for _, model in MODELS for name in _fields(model, seen)] == []
    assert len(seen) > len(MODELS)


def test_every_event_type_is_on_a_topic() -> None:
    on_topics = {event.event_type for topic in bus_topics(["dept"]) for event in topic.events}
    assert on_topics == set(registry.EVENT_MODELS)


def test_every_topic_has_one_writer_and_names_are_unique() -> None:
    topics = bus_topics(["a", "b"])
    assert len({topic.name for topic in topics}) == len(topics)
    assert all(topic.writer and (topic.readers or topic.planned_readers) for topic in topics)


def services() -> dict[str, str]:
    """The source of every service there is, by its name."""
    packages = [path for path in (REPOSITORY / "services").iterdir() if (path / "bootstrap.py").exists()]
    return {path.name: "\n".join(file.read_text(encoding="utf-8") for file in path.rglob("*.py")) for path in packages}


def test_who_writes_and_reads_exists_and_who_is_planned_does_not_write() -> None:
    """A service that is built later is moved from planned to real here, or this fails."""
    there = {*services(), "dept", "operators"}
    for topic in bus_topics(["dept"]):
        assert {*topic.readers, topic.copied_by or "operators"} <= there, topic.name
        assert topic.is_written == (topic.writer in there), topic.name


@pytest.mark.parametrize("topic", [t for t in bus_topics(["dept"]) if t.writer != "dept"], ids=lambda topic: topic.name)
def test_the_writer_knows_its_events_and_none_that_are_reserved(topic: Topic) -> None:
    source = services().get(topic.writer, "")
    named = {event for event in topic.events if re.search(rf"\b{event.__name__}\b", source)}
    assert named == set(topic.events) - set(topic.reserved)


def test_asyncapi_says_what_is_planned_and_reserved() -> None:
    described = document.asyncapi(bus_topics(["dept"]))
    planned = {name for name, operation in described["operations"].items() if "tags" in operation}
    assert "insight.send.insight.alerts.v1" in planned
    assert "router.receive.sla.events.v1" in planned
    assert not {"router.send.complaints.lifecycle.v1", "auditor.send.complaints.received.v1"} & planned
    assert described["operations"]["auditor.send.complaints.received.v1"]["action"] == "send"
    reserved = {name for name, message in described["components"]["messages"].items() if "tags" in message}
    assert reserved == {"complaint.rejected.v1", "sla.escalated.v1", "insight.alert_raised.v1"}


SECRET = "王小明13800000001"  # stands for personal data


@pytest.mark.parametrize(
    ("headers", "value", "reason"),
    [
        ([], b"{}", "missing_header"),
        ("known", None, "empty_value"),
        ("known", b"{", "schema"),
        ("known", f'{{"complaint_id": "{SECRET}"}}'.encode(), "schema"),
        ("known", f'"{SECRET}"'.encode(), "schema"),
        ("unknown", b"{}", "unknown_type"),
        ("bad time", b"{}", "bad_header"),
    ],
)
def test_unreadable_records_are_refused_without_repeating_their_content(
    headers: Any, value: bytes | None, reason: str
) -> None:
    known = Envelope("id", "complaint.urged.v1", "/test", "case", NOW).to_headers()
    by_name = {
        "known": known,
        "unknown": Envelope("id", "complaint.urged.v9", "/test", "case", NOW).to_headers(),
        "bad time": [(k, b"\xff" if k == "ce_time" else v) for k, v in known],
    }
    with pytest.raises(InvalidEvent) as refused:
        registry.decode(by_name[headers] if isinstance(headers, str) else headers, value)
    assert refused.value.reason == reason
    assert SECRET not in str(refused.value)

"""JSON Schemas and the AsyncAPI 3.0 document, made from the models and the topic registry so that they cannot drift."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared.events.base import Event
from shared.events.registry import EVENT_MODELS
from shared.events.topics import Topic, bus_topics

SCHEMA_DIRECTORY = Path(__file__).parent / "schemas"
EXAMPLE_DIRECTORY = Path(__file__).parent / "examples"
ASYNCAPI_FILE = Path(__file__).parent / "schemas" / "asyncapi.json"
DEAD_LETTER = "dead-letter"
"""Name of the message on every dead-letter topic: no event of its own but a record that was refused."""
DEAD_LETTERS_END = ".dead-letters.v1"
DEPARTMENT_PLACEHOLDER = "DEPARTMENT"
"""Stands for every department id in the document's department channels."""


def documents() -> dict[Path, str]:
    """Every generated file of the contracts and its text."""
    schemas = {SCHEMA_DIRECTORY / f"{name}.json": _json(schema(model)) for name, model in sorted(EVENT_MODELS.items())}
    return schemas | {ASYNCAPI_FILE: _json(asyncapi(bus_topics([DEPARTMENT_PLACEHOLDER])))}


def schema(model: type[Event]) -> dict[str, Any]:
    """JSON Schema 2020-12 of one event's value."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:complaintbus:schema:{model.event_type}",
        **model.model_json_schema(mode="serialization"),
    }


def asyncapi(topics: Iterable[Topic]) -> dict[str, Any]:
    """The AsyncAPI 3.0 document: channels are topics, messages are events, operations are who writes and reads."""
    topics = list(topics)
    reserved = {event for topic in topics for event in topic.reserved}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Complaint Bus",
            "version": "1",
            "description": "Topics and events of the bus. Keys are complaint ids; envelopes are CloudEvents 1.0 in "
            "Kafka binary mode. Readers ignore unknown fields; only optional fields are ever added.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": dict(operation for topic in topics for operation in _operations(topic)),
        "components": {
            "messages": {
                name: _message(model) | (_RESERVED if model in reserved else {})
                for name, model in sorted(EVENT_MODELS.items())
            }
            | {DEAD_LETTER: _DEAD_LETTER_MESSAGE}
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages_on(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup_policy],
                    **({"retention.ms": topic.retention_ms} if topic.retention_ms is not None else {}),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _messages_on(topic: Topic) -> list[str]:
    if topic.name.endswith(DEAD_LETTERS_END):
        return [DEAD_LETTER]
    return [event.event_type for event in topic.events]


def _operations(topic: Topic) -> list[tuple[str, dict[str, Any]]]:
    copying = [(topic.copied_by, "send", True)] if topic.copied_by else []
    reading = [(reader, "receive", True) for reader in topic.readers]
    planned = [(reader, "receive", False) for reader in topic.planned_readers]
    parties = [(topic.writer, "send", topic.is_written), *copying, *reading, *planned]
    channel = {"$ref": f"#/channels/{topic.name}"}
    return [
        (f"{party}.{action}.{topic.name}", {"action": action, "channel": channel} | ({} if exists else _PLANNED))
        for party, action, exists in parties
    ]


def _message(model: type[Event]) -> dict[str, Any]:
    summary = (model.__doc__ or "").strip().splitlines()[0]
    return {
        "name": model.event_type,
        "summary": summary,
        "contentType": "application/json",
        "headers": _ENVELOPE_SCHEMA,
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema(model)},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": "story", "payload": json.loads(example_file(model).read_text(encoding="utf-8"))}],
    }


def example_file(model: type[Event]) -> Path:
    """Where the hand-written example of ``model`` is."""
    return EXAMPLE_DIRECTORY / f"{model.event_type}.json"


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


_PLANNED = {"tags": [{"name": "planned", "description": "By the design, but not yet."}]}
_RESERVED = {"tags": [{"name": "reserved", "description": "Nobody writes it yet."}]}

_ENVELOPE_SCHEMA = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "Deterministic: any repeat of the same fact has the same id."},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_subject": {"type": "string", "description": "The complaint_id; equals the record key."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_dataschema": {"type": "string"},
        "content-type": {"type": "string"},
        "traceparent": {"type": "string", "description": "W3C trace context of the journey."},
    },
}

DEAD_LETTER_HEADERS = {
    "dlq_reason": "Reason code, e.g. already_accepted. Those of the router: docs/departments.md.",
    "dlq_detail": "What is wrong and what to do, in English and Chinese; never content of the record.",
    "dlq_topic": "Topic the record was read from.",
    "dlq_partition": "Its partition there.",
    "dlq_offset": "Its offset there.",
    "dlq_service": "Service that refused it.",
    "dlq_at": "When, RFC 3339.",
}
"""Headers a dead letter has beside those the record had; all of them, always."""

DEAD_LETTER_LOSSES = {
    "dlq_value_bytes": "Size of the value, where it was too large to be kept; the record at its origin still has it.",
    "dlq_value_sha256": "SHA-256 of that value.",
    "dlq_headers_bytes": "Size of the record's own headers, where they were too large to be kept.",
    "dlq_key_bytes": "Size of the key, where it was too large to be kept.",
}
"""Headers of one that was too large for the topic."""

DEAD_LETTER_GAP = {
    "dlq_gone_until": "Where reading went on, of a letter about records deleted unread; it has no key or value.",
}
"""Header of one whose records are gone from the topic."""

ANY_DEAD_LETTER_HEADERS = DEAD_LETTER_HEADERS | DEAD_LETTER_LOSSES | DEAD_LETTER_GAP

_DEAD_LETTER_MESSAGE = {
    "name": DEAD_LETTER,
    "summary": "A record that was refused: key, value and headers as they were, and why it was.",
    "headers": {
        "type": "object",
        "required": list(DEAD_LETTER_HEADERS),
        "properties": {name: {"type": "string", "description": text} for name, text in ANY_DEAD_LETTER_HEADERS.items()},
    },
    "payload": {"description": "The bytes that were refused, whatever they are; absent where they were too large."},
}

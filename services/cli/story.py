"""The story of one complaint: its records in every topic, in time order, each with the facts worth reading.

Which facts, and how personal data is masked: ``story_facts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.cli.header_text import header_texts
from services.cli.kafka_access import department_of_topic, is_dead_letter_topic, stage_of
from services.cli.story_facts import visible_facts
from shared.clock import from_epoch_ms
from shared.streaming.records import ConsumerRecord

_TELLING_NO = ("solved", "mandatory")


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One record in a complaint's story. ``time`` is the event's own, ``written_at`` the record's on Kafka."""

    time: str
    written_at: datetime
    topic: str
    partition: int
    offset: int
    event_type: str
    event_id: str
    who: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "time": self.time,
            "written_at": self.written_at.isoformat(),
            "who": self.who,
            "type": self.event_type,
            "facts": dict(self.facts),
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "event_id": self.event_id,
        }

    def facts_text(self) -> str:
        """``name=value`` pairs on one line; what is merely not the case is left out."""
        shown = {name: value for name, value in self.facts.items() if value is not False or name in _TELLING_NO}
        return "  ".join(f"{name}={_plain(value)}" for name, value in shown.items())


def tell_story(records: Iterable[ConsumerRecord]) -> list[StoryStep]:
    """The steps in the order they were written; what was written at the same instant, in the order of the journey."""
    ordered = sorted(records, key=lambda record: (record.timestamp_ms, stage_of(record.topic), record.offset))
    return [_step(record) for record in ordered]


def _step(record: ConsumerRecord) -> StoryStep:
    headers = header_texts(record.headers)
    event_type = headers.get("ce_type", "(no ce_type)")
    facts = visible_facts(event_type, record.value)
    if is_dead_letter_topic(record.topic):
        facts |= {"refused": headers.get("dlq_reason"), "from": headers.get("dlq_topic")}
    return StoryStep(
        time=headers.get("ce_time", ""),
        written_at=from_epoch_ms(record.timestamp_ms),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        event_type=event_type,
        event_id=headers.get("ce_id", ""),
        who=_who(record.topic, headers),
        facts=facts,
    )


def _who(topic: str, headers: Mapping[str, str]) -> str:
    """Who wrote it; for a queue, for whom."""
    department = department_of_topic(topic)
    if department is not None:
        return f"→ {department}"
    return headers.get("dlq_service") or headers.get("ce_source", "").rpartition("/")[2]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{_plain(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)

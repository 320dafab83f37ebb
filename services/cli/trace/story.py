"""The story of one complaint: its records in every topic, in order, each with the facts worth reading.

Which facts, and how personal data is masked: ``facts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.cli.trace.facts import visible_facts
from services.cli.trace.order import PlacedRecord, in_order, time_borne, written_at
from shared.events.journey import department_of_queue, is_dead_letter_topic
from shared.streaming.records import ConsumerRecord

_TELLING_NO = ("solved", "mandatory")


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One record in a complaint's story. ``time`` is the event's own, ``written_at`` the record's on Kafka.

    ``note`` says why it stands where its time does not; None where it does.
    """

    time: str
    written_at: datetime
    topic: str
    partition: int
    offset: int
    event_type: str
    event_id: str
    who: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None

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
        } | ({"note": self.note} if self.note else {})

    def facts_text(self) -> str:
        """``name=value`` pairs on one line, and the note; what is merely not the case is left out."""
        shown = {name: value for name, value in self.facts.items() if value is not False or name in _TELLING_NO}
        parts = [f"{name}={_plain(value)}" for name, value in shown.items()]
        return "  ".join([*parts, f"({self.note})"] if self.note else parts)


def tell_story(records: Iterable[ConsumerRecord]) -> list[StoryStep]:
    """The steps as they followed one another; see ``order``."""
    return [_step(placed) for placed in in_order(records)]


def _step(placed: PlacedRecord) -> StoryStep:
    record, headers = placed.record, placed.headers
    event_type = placed.event_type or "(no ce_type)"
    facts = visible_facts(event_type, record.value)
    if is_dead_letter_topic(record.topic):
        facts |= {"refused": headers.get("dlq_reason"), "from": headers.get("dlq_topic")}
    return StoryStep(
        time=time_borne(record.topic, headers),
        written_at=written_at(record),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        event_type=event_type,
        event_id=headers.get("ce_id", ""),
        who=_who(record.topic, headers),
        facts=facts,
        note=placed.note,
    )


def _who(topic: str, headers: Mapping[str, str]) -> str:
    """Who wrote it; for a queue, for whom."""
    department = department_of_queue(topic)
    if department is not None:
        return f"→ {department}"
    return headers.get("dlq_service") or headers.get("ce_source", "").rpartition("/")[2]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{_plain(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)

"""The order of a story: what followed what stays so, and everything else goes by the clocks of who wrote it.

Sure of are: the offsets within a topic; that nothing of a case comes before its submission, nothing but the case log
before its registration; that a department writes after it was asked; that an entry of the case log follows the record
its id is made of; that a dead letter follows its record. Clocks only order the rest, for they differ between machines,
and a department's may be hours off. A row whose time is not in step with the rows around it says why it stands there.
"""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.cli.bus.header_text import header_texts
from shared.clock import from_epoch_ms
from shared.events import ids, topics
from shared.events.journey import department_of_queue, department_of_updates, is_dead_letter_topic, stage_of
from shared.events.lifecycle import ComplaintRegistered
from shared.events.received import ComplaintSubmitted
from shared.streaming.records import ConsumerRecord

Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(slots=True)
class PlacedRecord:
    """A record in the story. ``at`` is the time it bears; ``note`` says why it stands where that time does not."""

    record: ConsumerRecord
    headers: Mapping[str, str]
    at: datetime
    note: str | None = None
    follows: list[PlacedRecord] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.record.topic, self.record.partition, self.record.offset

    @property
    def event_type(self) -> str:
        """Its ``ce_type``, empty without one."""
        return self.headers.get("ce_type", "")


def in_order(records: Iterable[ConsumerRecord]) -> list[PlacedRecord]:
    """The records of one complaint as they followed one another; equal times in the order of the journey."""
    story = sorted(map(_placed, records), key=lambda each: each.place)
    _link(story)
    _set_foreign_clocks(story)
    told: list[PlacedRecord] = []
    waiting = {each.place: len(each.follows) for each in story}
    followers = defaultdict(list)
    for each in story:
        for before in each.follows:
            followers[before.place].append(each)
    free = [(_rank(each), each.place, each) for each in story if not each.follows]
    heapq.heapify(free)
    while free:
        each = heapq.heappop(free)[2]
        told.append(each)
        for follower in followers[each.place]:
            waiting[follower.place] -= 1
            if not waiting[follower.place]:
                heapq.heappush(free, (_rank(follower), follower.place, follower))
    seen = {each.place for each in told}
    told += sorted((each for each in story if each.place not in seen), key=_rank)  # headers that contradict each other
    _annotate(told)
    return told


def _placed(record: ConsumerRecord) -> PlacedRecord:
    headers = header_texts(record.headers)
    return PlacedRecord(record, headers, _instant(time_borne(record.topic, headers)) or written_at(record))


def time_borne(topic: str, headers: Mapping[str, str]) -> str:
    """The time a record bears, as text: of a dead letter when it was put aside, else the event's own."""
    return (headers.get("dlq_at") if is_dead_letter_topic(topic) else None) or headers.get("ce_time", "")


def written_at(record: ConsumerRecord) -> datetime:
    """The record's timestamp on Kafka; the epoch where a writer set one that no calendar has."""
    try:
        return from_epoch_ms(record.timestamp_ms)
    except (ValueError, OverflowError, OSError):
        return from_epoch_ms(0)


def _instant(text: str | None) -> datetime | None:
    """None where the header is absent, no instant, or one without an offset: whose time it is cannot be said."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _rank(each: PlacedRecord) -> tuple[datetime, int]:
    return each.at, stage_of(each.record.topic)


def _link(story: Sequence[PlacedRecord]) -> None:
    """Note for each record those it surely follows."""
    by_place = {each.place: each for each in story}
    submitted = _first(story, topics.RECEIVED, ComplaintSubmitted.event_type)
    registered = _first(story, topics.LIFECYCLE, ComplaintRegistered.event_type)
    asked = {department_of_queue(each.record.topic): each for each in reversed(story)}
    caused_by = _causes(story)
    last: dict[tuple[str, int], PlacedRecord] = {}
    for each in story:
        topic, partition, _ = each.place
        before = [last.get((topic, partition)), caused_by.get(each.place), by_place.get(_origin(each))]
        before.append(submitted if topic != topics.RECEIVED else None)
        before.append(registered if topic not in (topics.RECEIVED, topics.LIFECYCLE) else None)
        reporting = department_of_updates(topic)
        before.append(asked.get(reporting) if reporting else None)
        each.follows = list({one.place: one for one in before if one is not None and one is not each}.values())
        last[topic, partition] = each


def _first(story: Sequence[PlacedRecord], topic: str, event_type: str) -> PlacedRecord | None:
    return next((each for each in story if each.record.topic == topic and each.event_type == event_type), None)


def _origin(each: PlacedRecord) -> Place:
    """The record a dead letter is of; a place that is none for any other record."""
    numbers = [each.headers.get(name, "") for name in ("dlq_partition", "dlq_offset")]
    if not is_dead_letter_topic(each.record.topic) or not all(map(str.isdecimal, numbers)):
        return "", 0, 0
    return each.headers.get("dlq_topic", ""), int(numbers[0]), int(numbers[1])


def _causes(story: Sequence[PlacedRecord]) -> dict[Place, PlacedRecord]:
    """What each entry of the case log was written because of: its id is made of that record's."""
    given = {each.headers["ce_id"]: each for each in reversed(story) if "ce_id" in each.headers}
    causes = {}
    for entry in story:
        if entry.record.topic == topics.LIFECYCLE:
            case, sequence = _case_and_sequence(entry.record.value)
            made = {ids.event_id(cause, entry.event_type, f"{case}/{sequence}"): given[cause] for cause in given}
            causes[entry.place] = made.get(entry.headers.get("ce_id", ""))
    return {place: cause for place, cause in causes.items() if cause is not None}


def _case_and_sequence(value: bytes | None) -> tuple[Any, Any]:
    try:
        data = json.loads(value or b"null")
    except (ValueError, RecursionError):
        return None, None
    return (data.get("complaint_id"), data.get("sequence")) if isinstance(data, dict) else (None, None)


def _set_foreign_clocks(story: Sequence[PlacedRecord]) -> None:
    """A department's report was there before what the router made of it, whatever the department's clock says."""
    for answer in story:
        for report in answer.follows:
            if _answers(answer, report) and report.at > answer.at:
                report.note = (
                    f"its clock is ahead: {_apart(report.at, answer.at)} later than what the router made of it"
                )
                report.at = answer.at


def _answers(answer: PlacedRecord, report: PlacedRecord) -> bool:
    is_answer = answer.record.topic == topics.LIFECYCLE or is_dead_letter_topic(answer.record.topic)
    return is_answer and department_of_updates(report.record.topic) is not None


def _annotate(told: Sequence[PlacedRecord]) -> None:
    """Say of each row that bears an earlier time than one above why it stands below it."""
    latest: PlacedRecord | None = None
    for each in told:
        if latest is not None and each.at < latest.at:
            before = max(each.follows, key=lambda one: one.at, default=latest)
            cause = before if before.at > each.at else latest
            why = "lies behind it in this topic" if cause.record.topic == each.record.topic else "follows it"
            each.note = each.note or f"{_apart(cause.at, each.at)} earlier than {cause.event_type}, but {why}"
        else:
            latest = each


def _apart(later: datetime, earlier: datetime) -> str:
    return f"{(later - earlier).total_seconds():g} s"

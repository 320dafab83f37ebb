"""Makes ``docs/topics.md`` from the topic registry: what flows where, for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from shared.events.base import Event
from shared.events.topics import Topic, bus_topics

PAGE = Path(__file__).parents[2] / "docs" / "topics.md"
_DEPARTMENT = "DEPARTMENT"
_DAY_MS = 86_400_000

_INTRODUCTION = """\
# Topics

Every record is keyed by its `complaint_id`, and all topics have the same number of partitions, so partition *i* of
each belongs to one owner. The envelope is CloudEvents 1.0 in Kafka binary mode; values are JSON
(`shared/events/schemas/`, with `asyncapi.json` for tools). A topic has one writing service; `DEPARTMENT` stands for
each department of `deploy/config/departments.yaml`. Made from `shared/events/topics.py` by `make docs`;
`python -m deploy.topics` creates the topics.
"""


def documents() -> dict[Path, str]:
    """The generated page and its text."""
    return {PAGE: topics_page()}


def topics_page() -> str:
    """The reference page as Markdown: a table of all topics, then the events on each."""
    topics = bus_topics([_DEPARTMENT])
    rows = ["| topic | written by | read by | partitions | kept |", "|---|---|---|---|---|", *map(_row, topics)]
    sections = [section for topic in topics for section in _section(topic)]
    return "\n".join([_INTRODUCTION, *rows, "", *sections])


def _row(topic: Topic) -> str:
    readers = ", ".join(map(_party, topic.readers))
    return f"| `{topic.name}` | {_party(topic.writer)} | {readers} | {topic.partitions} | {_kept(topic)} |"


def _party(name: str) -> str:
    return "the department" if name == _DEPARTMENT else name


def _kept(topic: Topic) -> str:
    if topic.cleanup_policy == "compact":
        return "latest per key (compacted)"
    return "for ever" if topic.retention_ms is None else f"{topic.retention_ms // _DAY_MS} days"


def _section(topic: Topic) -> Iterable[str]:
    yield f"## `{topic.name}`"
    yield ""
    yield topic.description
    yield ""
    if topic.events:
        yield from (f"- `{event.event_type}`: {_summary(event)}" for event in topic.events)
        yield ""


def _summary(event: type[Event]) -> str:
    return (event.__doc__ or "").strip().splitlines()[0]

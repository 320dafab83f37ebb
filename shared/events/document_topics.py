"""Makes ``docs/topics.md`` from the topic registry: what flows where, for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from shared.events.base import Event
from shared.events.document import ANY_DEAD_LETTER_HEADERS, DEAD_LETTERS_END
from shared.events.topics import Topic, bus_topics

PAGE = Path(__file__).parents[2] / "docs" / "topics.md"
_DEPARTMENT = "DEPARTMENT"
_DAY_MS = 86_400_000

_INTRODUCTION = """\
# Topics

Every record is keyed by its `complaint_id`, and all topics have the same number of partitions, so partition *i* of
each belongs to one owner. The envelope is CloudEvents 1.0 in Kafka binary mode; values are JSON
(`shared/events/schemas/`, with `asyncapi.json` for tools). A topic has one writing service; besides it, *copies* are
put back byte for byte under the same id: of submissions by the auditor (decision 0008), of any dead letter by an
operator's `cbus dlq replay`. *Planned* is who writes or reads it by the design but not yet, *reserved* an event nobody
writes yet. `DEPARTMENT` stands for each department of `deploy/config/departments.yaml`. Made from
`shared/events/topics.py` by `make docs`; `python -m deploy.topics` creates the topics.
"""


def documents() -> dict[Path, str]:
    """The generated page and its text."""
    return {PAGE: topics_page()}


def topics_page() -> str:
    """The reference page as Markdown: a table of all topics, then the events on each."""
    topics = bus_topics([_DEPARTMENT])
    rows = ["| topic | written by | read by | partitions | kept |", "|---|---|---|---|---|", *map(_row, topics)]
    sections = [section for topic in topics for section in _section(topic)]
    return "\n".join([_INTRODUCTION, *rows, "", *sections, *_dead_letter_headers()])


def _row(topic: Topic) -> str:
    cells = (f"`{topic.name}`", _writers(topic), _readers(topic), str(topic.partitions), _kept(topic))
    return f"| {' | '.join(cells)} |"


def _writers(topic: Topic) -> str:
    writer = _party(topic.writer) if topic.is_written else f"planned: {_party(topic.writer)}"
    return f"{writer}; copies: {topic.copied_by}" if topic.copied_by else writer


def _readers(topic: Topic) -> str:
    planned = ", ".join(map(_party, topic.planned_readers))
    parts = (", ".join(map(_party, topic.readers)), f"planned: {planned}" if planned else "")
    return "; ".join(part for part in parts if part)


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
        yield from (f"- `{event.event_type}`: {_summary(event)}{_reserved(topic, event)}" for event in topic.events)
        yield ""
    if topic.name.endswith(DEAD_LETTERS_END):
        yield from ("Headers: [of a dead letter](#headers-of-a-dead-letter).", "")


def _dead_letter_headers() -> Iterable[str]:
    yield "## Headers of a dead letter"
    yield ""
    yield "Key, value and headers are those of the record. Beside them are always the first seven; the others where the"
    yield "record was too large for the topic, or gone from it. `cbus dept DEPT refused` and `cbus dlq ls` show them."
    yield ""
    yield "| header | says |"
    yield "|---|---|"
    yield from (f"| `{name}` | {text} |" for name, text in ANY_DEAD_LETTER_HEADERS.items())
    yield ""


def _summary(event: type[Event]) -> str:
    return (event.__doc__ or "").strip().splitlines()[0]


def _reserved(topic: Topic, event: type[Event]) -> str:
    return " *Reserved.*" if event in topic.reserved else ""

"""A state as it is kept: JSON, and beside it what an index finds again, its timer and how it is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.clock import to_epoch_ms
from shared.events.envelope import Headers
from shared.events.topics import state_topic
from shared.processing import Processor, StateT
from shared.state.sqlite import Row
from shared.streaming.census import text_of
from shared.streaming.records import ProducerRecord

_NO_HEADERS: Headers = []
_DELETED = Row(None, None)


def encode_row(processor: Processor[StateT], state: StateT | None) -> Row:
    """The row of a state; of None, the one that deletes."""
    if state is None:
        return _DELETED
    return _row(processor, state, state.__pydantic_serializer__.to_json(state, exclude_defaults=True))


def decode_row(processor: Processor[StateT], value: bytes | None) -> Row:
    """The row of a value of the changelog: its bytes as they are, and what is derived from them."""
    return _DELETED if value is None else _row(processor, processor.state_model.model_validate_json(value), value)


def _row(processor: Processor[StateT], state: StateT, value: bytes) -> Row:
    due_at = processor.due_at(state)
    due_ms = None if due_at is None else to_epoch_ms(due_at)
    standing = processor.standing(state)
    if standing is None:
        return Row(value, due_ms)
    return Row(value, due_ms, text_of(standing.labels), to_epoch_ms(standing.at))


def changelog_records(name: str, rows: Mapping[int, Mapping[bytes, Row]]) -> Iterator[ProducerRecord]:
    """Changelog rows of ``rows``, each to the partition its state belongs to."""
    topic = state_topic(name)
    for partition, partition_rows in rows.items():
        for key, row in partition_rows.items():
            yield ProducerRecord(topic, key, row.value, _NO_HEADERS, partition)

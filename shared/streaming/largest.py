"""What is too large to be written: its transaction could only fail, again and again, so it is refused beforehand."""

from __future__ import annotations

from collections.abc import Iterable

from shared.events.topics import LARGEST_RECORD_BYTES
from shared.events.unreadable import told
from shared.language import Text
from shared.processing import Refusal
from shared.state.sqlite import Row
from shared.streaming.records import ProducerRecord


def first_too_large(outputs: Iterable[ProducerRecord], traceparent: str | None) -> ProducerRecord | None:
    """Headers are counted by what a writer can make long: the trace, and the key, which is the subject, too."""
    for record in outputs:
        size = len(record.value or b"") + 2 * len(record.key or b"") + len(traceparent or "")
        if size > LARGEST_RECORD_BYTES:
            return record
    return None


def is_too_large(key: bytes, row: Row) -> bool:
    """Whether the changelog cannot take the row of ``key``."""
    return row.value is not None and len(key) + len(row.value) > LARGEST_RECORD_BYTES


def too_large(what: str) -> Refusal:
    """The refusal that says so of ``what``."""
    limit = LARGEST_RECORD_BYTES
    found = Text(f"Too large: {what}, at most {limit} bytes.", f"内容过大，上限 {limit} 字节。")
    return Refusal("too_large", told("too_large", found))

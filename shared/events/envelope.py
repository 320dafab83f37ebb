"""CloudEvents 1.0 in Kafka binary mode: the attributes travel as headers, the value is the JSON of one model."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from shared.errors import InvalidEvent
from shared.events.unreadable import REQUIRED_HEADERS, headers_missing, told

Headers = list[tuple[str, bytes]]
"""Kafka record headers; CloudEvents attributes carry the prefix ``ce_``."""

_SPECVERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", b"application/json; charset=utf-8")


class Envelope(NamedTuple):
    """The context attributes of one record. ``time`` is when the event was made; the fact's own time is in the data."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    traceparent: str | None = None

    @property
    def dataschema(self) -> str:
        """URN of the JSON Schema of the value."""
        return _headers_of(self.type, self.source)[2][1].decode()

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Record headers in the order a person would want to read them."""
        type_header, source_header, schema_header = _headers_of(self.type, self.source)
        headers = [
            _SPECVERSION,
            ("ce_id", self.id.encode()),
            type_header,
            source_header,
            ("ce_subject", self.subject.encode()),
            ("ce_time", format_instant(self.time)),
            schema_header,
            _CONTENT_TYPE,
        ]
        if self.traceparent is not None:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers

    @classmethod
    def from_headers(cls, headers: Headers) -> Envelope:
        """Read the attributes; raise InvalidEvent naming all that are missing."""
        found = dict(headers)
        try:
            traceparent = found.get("traceparent")
            return cls(
                id=found["ce_id"].decode(),
                type=found["ce_type"].decode(),
                source=found["ce_source"].decode(),
                subject=found["ce_subject"].decode(),
                time=_parse_instant(found["ce_time"].decode()),
                traceparent=traceparent.decode() if traceparent is not None else None,
            )
        except KeyError:
            missing = [name for name in REQUIRED_HEADERS if name not in found]
            raise InvalidEvent("missing_header", headers_missing(missing)) from None
        except (ValueError, OverflowError, AttributeError):  # not UTF-8, not a time; null, which Kafka allows
            # The text itself may be anything, so it is not repeated.
            raise InvalidEvent("bad_header", told("bad_header")) from None


@lru_cache(maxsize=512)
def _headers_of(event_type: str, source: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that are the same for all events of one type and source."""
    schema = f"urn:complaintbus:schema:{event_type}"
    return ("ce_type", event_type.encode()), ("ce_source", source.encode()), ("ce_dataschema", schema.encode())


@lru_cache(maxsize=128)  # a batch has one instant
def format_instant(instant: datetime) -> bytes:
    """RFC 3339 in UTC with milliseconds (rounded down) and ``Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6].encode() + b"Z"


def _parse_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without an offset")
    return instant.astimezone(UTC)


def new_traceparent() -> str:
    """A W3C trace context for a journey that begins here."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"

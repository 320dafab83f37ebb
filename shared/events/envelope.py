"""CloudEvents 1.0 in Kafka binary mode: the attributes travel as headers, the value is the JSON of one model."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import InvalidEvent

Headers = list[tuple[str, bytes]]
"""Kafka record headers; CloudEvents attributes carry the prefix ``ce_``."""

CONTENT_TYPE = b"application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Envelope:
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
        return f"urn:complaintbus:schema:{self.type}"

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Record headers in the order a person would want to read them."""
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", format_instant(self.time)),
            ("ce_dataschema", self.dataschema.encode()),
            ("content-type", CONTENT_TYPE),
        ]
        if self.traceparent is not None:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers

    @classmethod
    def from_headers(cls, headers: Headers) -> Envelope:
        """Read the attributes; raise InvalidEvent naming the one that is missing or malformed."""
        found = dict(headers)
        try:
            traceparent = found.get("traceparent")
            return cls(
                id=found["ce_id"].decode(),
                type=found["ce_type"].decode(),
                source=found["ce_source"].decode(),
                subject=found["ce_subject"].decode(),
                time=datetime.fromisoformat(found["ce_time"].decode()),
                traceparent=traceparent.decode() if traceparent is not None else None,
            )
        except KeyError as missing:
            raise InvalidEvent("missing_header", f"header {missing.args[0]} is absent") from None
        except ValueError:  # also UnicodeDecodeError; the text itself may be anything, so it is not repeated
            raise InvalidEvent("bad_header", "a ce_ header is not UTF-8 or ce_time is not RFC 3339") from None


def format_instant(instant: datetime) -> bytes:
    """RFC 3339 in UTC with milliseconds and ``Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.").encode() + b"%03dZ" % (instant.microsecond // 1000)


def new_traceparent() -> str:
    """A W3C trace context for a journey that begins here."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"

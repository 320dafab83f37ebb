"""Record headers as text for people. Kafka allows any bytes in a header, and none at all."""

from __future__ import annotations

from collections.abc import Iterable


def header_text(value: bytes | None) -> str | None:
    """The text of one header; what is not UTF-8 is marked as such, and None stays None."""
    return None if value is None else value.decode(errors="replace")


def header_texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Every header that has a value, by its name."""
    return {name: value.decode(errors="replace") for name, value in headers if value is not None}

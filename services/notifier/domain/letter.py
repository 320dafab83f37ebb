"""A letter: what is written to whom, before it is addressed and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be addressed. ``recipient`` is an address as given, not yet checked."""

    notification_id: str
    recipient: str
    language: str
    subject: str
    body: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Unsendable:
    """No message can be made of a request, now or later. ``reason`` is a bounded code, ``detail`` for the log."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Letterhead:
    """How the enterprise presents itself. ``status_url`` is where a case can be followed, if anywhere."""

    organisation: Mapping[str, str]
    """Name by language."""
    contact: str
    status_url: str | None

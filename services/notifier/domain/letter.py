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
    """How the enterprise presents itself, and where it can be reached: a letter promises no other way than these."""

    organisation: Mapping[str, str]
    """Name by language."""
    contact: str | None = None
    """Telephone or site, as printed."""
    status_url: str | None = None
    """Page where a case can be followed."""
    message_url: str | None = None
    """Page where the query code lets a complainant add, urge, withdraw or answer; may name ``{complaint_id}``
    and ``{ticket_number}``."""
    reply_to: str | None = None
    """Mailbox in which a person reads answers to letters."""

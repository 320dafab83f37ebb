"""How the enterprise presents itself in messages, and the ways to reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Names and doors of the enterprise: a message promises no other way than these, and those its medium adds."""

    organisation: Mapping[str, str]
    """Name by language."""
    contact: str | None = None
    """Telephone or site, as printed."""
    status_url: str | None = None
    """Page where a case can be followed."""
    message_url: str | None = None
    """Page where the query code lets a complainant add, urge, withdraw or answer; may name ``{complaint_id}``
    and ``{ticket_number}``."""

"""A letter: what is written to whom, before it is addressed and sent."""

from __future__ import annotations

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

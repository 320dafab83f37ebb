"""One record as the auditor sees it: where it was, what it says, and what little there is to say of unreadable ones."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.auditor.domain.case_audit import Place
from shared.events.base import Event


class Sighting(NamedTuple):
    """A record. ``event`` is None when nobody can read it."""

    topic: str
    event: Event | None
    written_at: datetime
    event_type: str | None = None
    """As the headers say, even of an unreadable record."""
    place: Place | None = None
    reinjected: bool = False
    replayed: bool = False
    """Sent back by an operator from the dead letters of one of its readers."""
    refusal: str | None = None
    """Reason in the headers of a dead letter."""

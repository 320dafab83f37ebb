"""Facts on ``audit.events.v1``: where the ledger does not balance, and what is done about it. Written by the auditor.

A hole is something that should be on the bus and is not (or is there twice). No personal data: ids, kinds, instants.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.events.base import Contract, Event, UtcDatetime


class HoleKind(StrEnum):
    """What does not balance."""

    UNACCOUNTED = "unaccounted"
    """Received, but neither registered nor duplicate, refused or dead-lettered."""
    PHANTOM = "phantom"
    """The other way round: an outcome of something nobody received, or a task nobody decided on."""
    UNDISPATCHED = "undispatched"
    """Registered, but a department that should have it has not."""
    UNCLOCKED = "unclocked"
    """Dispatched, but no clock runs."""
    UNNOTIFIED = "unnotified"
    """The case ended, but the complainant was neither told, nor is there a reason why not."""
    LOG_GAP = "log_gap"
    """Entries of the case log are missing."""
    REPEATED = "repeated"
    """An entry of the case log, or a task, was written twice."""


class HoleEvent(Event):
    """What every event about a hole says."""

    complaint_id: str = Field(description="The complaint.")
    kind: str = Field(description="One of HoleKind.")
    opened_at: UtcDatetime = Field(description="Since when the auditor misses it.")


class HoleFound(HoleEvent):
    """Missing for longer than is allowed, although the auditor has read everything up to now."""

    event_type: ClassVar[str] = "audit.hole_found.v1"
    found_at: UtcDatetime = Field(description="When it counted as a hole.")


class HoleClosed(HoleEvent):
    """What was missing has come."""

    event_type: ClassVar[str] = "audit.hole_closed.v1"
    closed_at: UtcDatetime = Field(description="When it was seen.")


class RecordOrigin(Contract):
    """A place on ``complaints.received.v1``."""

    partition: int = Field(ge=0, description="Partition.")
    offset: int = Field(ge=0, description="Offset.")


class ReinjectionRequested(Event):
    """These submissions are to be written again, byte for byte under the same id, if the router has passed them."""

    event_type: ClassVar[str] = "audit.reinjection_requested.v1"
    complaint_id: str = Field(description="The complaint.")
    origins: tuple[RecordOrigin, ...] = Field(description="Where its submissions are.")
    attempt: int = Field(ge=1, description="Number of this request.")
    requested_at: UtcDatetime = Field(description="When it was decided.")


AuditEvents = HoleFound | HoleClosed | ReinjectionRequested
"""Any event of the auditor."""

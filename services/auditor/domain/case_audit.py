"""What the auditor remembers of one complaint: how often each thing was seen, and what is missing since when.

Counts and ids only, no personal data. Nothing here depends on the order in which the topics are read.
"""

from __future__ import annotations

from pydantic import Field

from shared.events.audit import HoleKind
from shared.events.base import Contract, UtcDatetime

Place = tuple[int, int]
"""Partition and offset on ``complaints.received.v1``."""


class Hole(Contract):
    """Something that is missing; it counts as a hole from ``found_at`` on."""

    opened_at: UtcDatetime = Field(description="Since when it is missed.")
    found_at: UtcDatetime | None = Field(None, description="When it was announced; absent while it may still come.")


class CaseAudit(Contract):
    """State row of one complaint."""

    complaint_id: str = Field(description="The complaint.")
    received_at: UtcDatetime | None = Field(None, description="First receipt; its hour is the line it is booked in.")
    seen_at: UtcDatetime = Field(description="When the auditor last heard of it.")
    before_ledger: bool = Field(False, description="True when older than what the log keeps: not judged.")

    received: int = Field(0, description="Submissions on the log, those put there by the auditor not counted.")
    reinjected: int = Field(0, description="Submissions the auditor put there again.")
    places: tuple[Place, ...] = Field((), description="Where the first submissions are.")
    registered: int = Field(0, description="Registrations in the case log.")
    duplicates: int = Field(0, description="Submissions dropped as known.")
    refused: int = Field(0, description="Submissions refused by a rule.")
    dead_lettered: int = Field(0, description="Submissions that could not be handled.")

    log_length: int = Field(0, description="Number of the latest entry of the case log.")
    gaps: int = Field(0, description="Entries of the case log that were skipped.")
    repeats: int = Field(0, description="Entries and tasks seen more than once.")
    rejected: bool = Field(False, description="True when the enterprise does not handle it: nobody need be given it.")
    decided: tuple[str, ...] = Field((), description="Assignments the case log speaks of.")
    queued: tuple[str, ...] = Field((), description="Assignments seen in departments' queues.")

    dispatched_cycles: tuple[int, ...] = Field((), description="Cycles that were dispatched.")
    clocked_cycles: tuple[int, ...] = Field((), description="Cycles with a clock that was armed.")

    ends: tuple[str, ...] = Field((), description="Ends the complainant is to hear of, as cycle/template.")
    told: tuple[str, ...] = Field((), description="Messages with a known outcome, as cycle/template.")
    letters_refused: bool = Field(False, description="True when the notifier dead-lettered something unreadable of it.")

    holes: dict[HoleKind, Hole] = Field(default_factory=dict, description="What is missing now.")
    announcements: int = Field(0, description="Events written about it so far; part of their ids.")
    reinjection_requests: int = Field(0, description="How often re-injection was asked for since it last balanced.")
    look_at: UtcDatetime | None = Field(None, description="When to look at an open hole again.")

    @property
    def outcomes(self) -> int:
        """Submissions whose end is known."""
        return self.registered + self.duplicates + self.refused + self.dead_lettered

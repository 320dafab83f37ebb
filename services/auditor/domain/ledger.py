"""The hourly ledger: the rows of all complaints, added up by the hour of their receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from services.auditor.domain.case_audit import CaseAudit
from shared.events.audit import HoleKind

ENTRIES = (
    "received",
    "reinjected",
    "registered",
    "duplicate",
    "refused",
    "dead_lettered",
    "dispatched",
    "decided_tasks",
    "queued_tasks",
    "dispatched_cycles",
    "clocked_cycles",
    "ended",
    "told",
)
"""Columns of the ledger. None of them ever falls for one complaint, so they are counters as well."""


class LedgerLine(NamedTuple):
    """One hour."""

    hour: datetime
    entries: Mapping[str, int]
    holes: Mapping[HoleKind, int]
    """Found, and missing for longer than allowed."""
    pending: int
    """Complaints of which something may still come."""

    @property
    def is_balanced(self) -> bool:
        """No complaint of the hour has a hole."""
        return not self.holes


def entries_of(row: CaseAudit) -> dict[str, int]:
    """What one complaint adds to its line, by column."""
    return {
        "received": row.received,
        "reinjected": row.reinjected,
        "registered": row.registered,
        "duplicate": row.duplicates,
        "refused": row.refused,
        "dead_lettered": row.dead_lettered,
        "dispatched": int(bool(row.registered and row.decided)),
        "decided_tasks": len(row.decided),
        "queued_tasks": len(set(row.queued) & set(row.decided)),
        "dispatched_cycles": len(row.dispatched_cycles),
        "clocked_cycles": len(set(row.clocked_cycles) & set(row.dispatched_cycles)),
        "ended": len(row.ends),
        "told": len(set(row.ends) & set(row.told)),
    }


def holes_of(row: CaseAudit) -> list[HoleKind]:
    """Holes that were found and are still open."""
    return [kind for kind, hole in row.holes.items() if hole.found_at is not None]


def hourly(rows: Iterable[CaseAudit], since: datetime | None = None) -> list[LedgerLine]:
    """The ledger, oldest hour first; complaints received before ``since`` are left out."""
    entries: dict[datetime, Counter[str]] = {}
    holes: dict[datetime, Counter[HoleKind]] = {}
    pending: Counter[datetime] = Counter()
    for row in rows:
        at = row.received_at or row.seen_at
        if since is not None and at < since:
            continue
        hour = at.replace(minute=0, second=0, microsecond=0)
        entries.setdefault(hour, Counter()).update(entries_of(row))
        holes.setdefault(hour, Counter()).update(holes_of(row))
        pending[hour] += any(hole.found_at is None for hole in row.holes.values())
    return [LedgerLine(hour, entries[hour], holes[hour], pending[hour]) for hour in sorted(entries)]

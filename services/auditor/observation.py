"""What the auditor makes known: the ledger as counters, open holes as gauges, finds as log."""

from __future__ import annotations

from collections import Counter

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import entries_of
from shared.events.audit import HoleClosed, HoleFound, HoleKind
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.streaming.batch import Batch
from shared.streaming.census import Census

_LOG = get_logger()


def begin_series() -> None:
    """A series that begins at 1 has not risen, so no alert would see the first find."""
    for kind in HoleKind:
        metrics.AUDIT_HOLES_FOUND_TOTAL.labels(kind)


def publish(batch: Batch[CaseAudit]) -> None:
    """Count and tell what a committed batch brought."""
    _count_entries(batch)
    for emit in batch.emits:
        _tell(emit.event)


def publish_open_holes(census: Census) -> None:
    """Open holes of the partitions this process has; a complaint may have several."""
    open_holes: Counter[str] = Counter()
    for kinds, group in census.items():
        open_holes.update(dict.fromkeys(kinds, group.size))
    for kind in HoleKind:
        metrics.AUDIT_HOLES.labels(kind).set(open_holes[kind])


def _count_entries(batch: Batch[CaseAudit]) -> None:
    added: Counter[str] = Counter()
    for before, after in batch.states.changes():
        if after is not None:
            added.update(entries_of(after))
            added.subtract(entries_of(before) if before is not None else {})
    for entry, count in added.items():
        if count > 0:
            metrics.AUDIT_LEDGER_TOTAL.labels(entry).inc(count)


def _tell(event: object) -> None:
    if isinstance(event, HoleFound):
        metrics.AUDIT_HOLES_FOUND_TOTAL.labels(event.kind).inc()
        _LOG.error("hole_found", complaint_id=event.complaint_id, reason=event.kind)
    elif isinstance(event, HoleClosed):
        _LOG.info("hole_closed", complaint_id=event.complaint_id, reason=event.kind)

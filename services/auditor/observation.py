"""What the auditor makes known of each committed batch: the ledger as counters, open holes as gauges, finds as log."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import entries_of, holes_of
from services.auditor.domain.watch import LOOK_AGAIN
from shared.clock import to_epoch_ms
from shared.events.audit import HoleClosed, HoleFound, HoleKind
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.state.sqlite import PartitionStore
from shared.streaming.batch import Batch

_LOG = get_logger()
_MOST_ROWS: Final = 200_000
_AT_ONCE: Final = 1_000


class Observer:
    """Called after each commit, in the loop's thread."""

    def __init__(self, recount_seconds: float = 10.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``recount_seconds``: how often open holes are counted; a count reads every row that has one."""
        self._recount_seconds = recount_seconds
        self._monotonic = monotonic
        self._counted_at = monotonic() - recount_seconds
        for kind in HoleKind:  # a series that begins at 1 has not risen, so no alert would see the first find
            metrics.AUDIT_HOLES_FOUND_TOTAL.labels(kind)

    def __call__(self, batch: Batch[CaseAudit]) -> None:
        """Publish ``batch``."""
        _count_entries(batch)
        for emit in batch.emits:
            _tell(emit.event)
        if self._monotonic() - self._counted_at >= self._recount_seconds:
            self._counted_at = self._monotonic()
            _count_holes(batch)


def _count_entries(batch: Batch[CaseAudit]) -> None:
    added: Counter[str] = Counter()
    for before, after in batch.changes():
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


def _count_holes(batch: Batch[CaseAudit]) -> None:
    open_holes: Counter[HoleKind] = Counter()
    for store in batch.stores.values():
        for row in _watched_rows(store, batch.now):
            open_holes.update(holes_of(row))
    for kind in HoleKind:
        metrics.AUDIT_HOLES.labels(kind).set(open_holes[kind])


def _watched_rows(store: PartitionStore, now: datetime) -> Iterator[CaseAudit]:
    """Rows with a hole are looked at again within LOOK_AGAIN, so the timers find them without a scan of all rows."""
    keys = store.due(to_epoch_ms(now + LOOK_AGAIN), _MOST_ROWS)
    for start in range(0, len(keys), _AT_ONCE):
        for value in store.get_many(keys[start : start + _AT_ONCE]).values():
            yield CaseAudit.model_validate_json(value)

"""The equations of the ledger, for one complaint: what does not balance right now. Time has no part in it.

received = registered + duplicate + refused + dead-lettered; registered = dispatched; dispatched = clocked; every end =
told or a reason (design; ``docs/decisions/0008``).
"""

from __future__ import annotations

from services.auditor.domain.case_audit import CaseAudit
from shared.events.audit import HoleKind

IRREPARABLE = frozenset({HoleKind.LOG_GAP, HoleKind.REPEATED})
"""What no waiting mends: announced at once."""


def imbalances(row: CaseAudit) -> frozenset[HoleKind]:
    """Everything that does not balance. Of a complaint older than the log half is missing anyhow: no verdict."""
    if row.before_ledger:
        return frozenset()
    return frozenset(kind for kind, is_off in _CHECKS if is_off(row))


def _unaccounted(row: CaseAudit) -> bool:
    return row.received > row.outcomes


def _phantom(row: CaseAudit) -> bool:
    return row.outcomes > row.received + row.reinjected or not set(row.queued) <= set(row.decided)


def _undispatched(row: CaseAudit) -> bool:
    if row.registered and not row.decided:
        return not row.rejected
    return not set(row.decided) <= set(row.queued)


def _unclocked(row: CaseAudit) -> bool:
    """Whatever the reason: a case nobody will ever be late with is missed by nobody, too."""
    return not set(row.dispatched_cycles) <= set(row.clocked_cycles)


def _unnotified(row: CaseAudit) -> bool:
    return not row.letters_refused and not set(row.ends) <= set(row.told)


def _log_gap(row: CaseAudit) -> bool:
    return row.gaps > 0


def _repeated(row: CaseAudit) -> bool:
    return row.repeats > 0


_CHECKS = (
    (HoleKind.UNACCOUNTED, _unaccounted),
    (HoleKind.PHANTOM, _phantom),
    (HoleKind.UNDISPATCHED, _undispatched),
    (HoleKind.UNCLOCKED, _unclocked),
    (HoleKind.UNNOTIFIED, _unnotified),
    (HoleKind.LOG_GAP, _log_gap),
    (HoleKind.REPEATED, _repeated),
)

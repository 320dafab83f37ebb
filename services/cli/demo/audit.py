"""The auditor's word on a demo, asked for when nothing is fed any more: what ``cbus audit`` would say.

Deadlines go on passing while it is asked, so there may always be a record that was just written and a complaint whose
breach is just being told. The question is therefore of an instant: everything written by then, and what was missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.auditor.domain.case_audit import CaseAudit
from services.cli.audit.command import holes_in, read_rows
from services.cli.audit.progress import ask_until, audited_ends, wait_until_read
from services.cli.demo.services import AUDITOR_PATIENCE_SECONDS
from shared.clock import Clock
from shared.settings import KafkaSettings

ANNOUNCED_WITHIN_SECONDS = 5.0
"""What the auditor may take, beyond its patience, to call something a hole."""
READ_WITHIN_SECONDS = 20.0


class DemoAudit(NamedTuple):
    """What the auditor knows: complaints it saw, those of which something is awaited since before it was asked, holes,
    and what it has not read of all that was written before."""

    complaints: int
    pending: int
    holes: int
    unread_records: int


def wait_for_audit(settings: KafkaSettings, clock: Clock) -> DemoAudit:
    """Ask until the auditor has read what is there and waits for none of it, or has had time to call it a hole."""
    unread = wait_until_read(settings, audited_ends(settings), READ_WITHIN_SECONDS)
    asked_at = clock.now()
    return final_audit(
        lambda: audit_of(read_rows(settings), asked_at, unread), AUDITOR_PATIENCE_SECONDS + ANNOUNCED_WITHIN_SECONDS
    )


def final_audit(ask: Callable[[], DemoAudit], within_seconds: float) -> DemoAudit:
    """The first answer of ``ask`` in which nothing is pending, or the last one when the time is over."""
    return ask_until(ask, lambda audit: not audit.pending, within_seconds)


def audit_of(rows: Sequence[CaseAudit], asked_at: datetime, unread: int) -> DemoAudit:
    """``rows``: what the auditor last said of every complaint; ``unread``: records from before ``asked_at``."""
    return DemoAudit(len(rows), sum(_is_pending(row, asked_at) for row in rows), len(holes_in(rows)), unread)


def _is_pending(row: CaseAudit, asked_at: datetime) -> bool:
    return any(hole.found_at is None and hole.opened_at <= asked_at for hole in row.holes.values())

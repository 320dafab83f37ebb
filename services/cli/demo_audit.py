"""The auditor's word on a demo, asked for when nothing is fed any more: what ``cbus audit`` would say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from services.auditor.domain.ledger import hourly
from services.cli.audit import count_unread, holes_in, read_rows
from services.cli.demo_services import AUDITOR_PATIENCE_SECONDS
from shared.settings import KafkaSettings

LOOK_AGAIN_SECONDS = 0.5
ANNOUNCED_WITHIN_SECONDS = 5.0
"""What the auditor may take, beyond its patience, to call something a hole."""


class DemoAudit(NamedTuple):
    """What the auditor knows: complaints it saw, those something may still come of, and holes."""

    complaints: int
    pending: int
    holes: int
    unread_records: int

    @property
    def is_final(self) -> bool:
        """Whether waiting would change nothing."""
        return not self.pending and not self.unread_records


def wait_for_audit(settings: KafkaSettings) -> DemoAudit:
    """Ask until the auditor has read everything and waits for nothing, or has had time to call it a hole."""
    return final_audit(lambda: read_audit(settings), AUDITOR_PATIENCE_SECONDS + ANNOUNCED_WITHIN_SECONDS)


def final_audit(ask: Callable[[], DemoAudit], within_seconds: float) -> DemoAudit:
    """The first final answer of ``ask``, or the last one when the time is over."""
    deadline = time.monotonic() + within_seconds
    pause = threading.Event()
    while not (audit := ask()).is_final and time.monotonic() < deadline:
        pause.wait(LOOK_AGAIN_SECONDS)
    return audit


def read_audit(settings: KafkaSettings) -> DemoAudit:
    """What the auditor says right now. ComplaintBusError: its topic is not there."""
    unread = count_unread(settings)  # first: what is read by then is in the rows
    rows = read_rows(settings)
    lines = hourly(rows)
    return DemoAudit(len(rows), sum(line.pending for line in lines), len(holes_in(rows)), unread)

"""What the sender's reading thread and its lanes share."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field

from services.notifier.sending.delivery import Finished
from services.notifier.sending.durable_writer import DurableWriter
from services.notifier.sending.lease import Lease
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything on it is safe to use from several threads."""

    clock: Clock
    writer: DurableWriter
    lease: Lease
    stopping: threading.Event
    """Set: finish what is in hand, begin nothing."""
    finished: queue.SimpleQueue[Finished] = field(default_factory=queue.SimpleQueue)
    """Offsets about which nothing more will be done."""
    failures: queue.SimpleQueue[Exception] = field(default_factory=queue.SimpleQueue)
    """Errors in lanes that nobody foresaw; the reading thread raises them, which ends the process."""

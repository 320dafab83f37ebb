"""The sender in a thread of its own, beside the composer; a sender that fails ends the process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from services.notifier.sending.sender import Sender
from shared.observability.health import HealthChecks, Progress
from shared.observability.logging import get_logger

_LOG = get_logger()


class SenderRunner(threading.Thread):
    """Runs until ``stopping`` is set. ``failure`` is what ended it before that."""

    def __init__(
        self, sender: Sender, stopping: threading.Event, stall_seconds: float, on_failure: Callable[[], None]
    ) -> None:
        super().__init__(name="sender", daemon=True)
        self.failure: Exception | None = None
        self._sender = sender
        self._stopping = stopping
        self._on_failure = on_failure
        self._progress = Progress(stall_seconds)

    @property
    def checks(self) -> HealthChecks:
        """Live: the sender comes round. Ready: it owns partitions and its lanes reach the relay."""
        return HealthChecks(live=self._progress.problem, ready=self._not_ready)

    def run(self) -> None:
        try:
            self._sender.start()
            while not self._stopping.is_set():
                self._sender.run_once()
                self._progress.mark()
        except Exception as error:
            self.fail(error)
        finally:
            self._stopping.set()
            self._sender.close()

    def fail(self, error: Exception) -> None:
        """Remember and report an error that ends the sender; also called by its lanes."""
        if self.failure is None:
            self.failure = error
            _LOG.error("sender_failed", error=error)
        self._stopping.set()
        self._on_failure()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._stopping.set()
        if self.is_alive():
            self.join()

    def _not_ready(self) -> str | None:
        return None if self._sender.is_ready else "the sender owns no partitions, or the mail relay cannot be reached"
